import type { Op } from '../../core/op.js'
import { abs2Op } from './abs2.js'
import { complexAbsOp } from './complexAbs.js'
import { complexDivOp } from './complexDiv.js'
import { complexExpOp } from './complexExp.js'
import { complexMulOp } from './complexMul.js'
import { complexTridiagonalSolveOp } from './complexTridiagonalSolve.js'
import { conjOp } from './conj.js'
import { fftOp, ifftOp } from './fft.js'
import { lowFrequenciesOp, padFrequenciesOp } from './lowFrequencies.js'
import { modeProductOp } from './modeProduct.js'
import { irfftOp, rfftOp } from './rfft.js'
import { spectralFilterOp, stabilisedFilterOp } from './spectralFilter.js'

export { abs2 } from './abs2.js'
export { complex, imag, real } from './complex.js'
export { complexAbs } from './complexAbs.js'
export { complexDiv } from './complexDiv.js'
export { complexExp } from './complexExp.js'
export { complexMul } from './complexMul.js'
export { complexTridiagonalSolve } from './complexTridiagonalSolve.js'
export { conj } from './conj.js'
export { fft, fft2, fftn, ifft, ifft2, ifftn } from './fft.js'
export { fftfreq, fftshift, ifftshift, rfftfreq } from './frequencies.js'
export { irfft, irfft2, rfft, rfft2 } from './rfft.js'
export { spectralConv1d, spectralConv2d, spectralConv3d, spectralWeightShape } from './spectralConv.js'
export { spectralFilter } from './spectralFilter.js'
export { noiseLevel, type Trust, UNCERTAINTY } from './stabilised.js'

/** Transforms, and arithmetic on complex numbers. */
export const fourierOps: readonly Op[] = [
  fftOp,
  ifftOp,
  rfftOp,
  irfftOp,
  conjOp,
  complexMulOp,
  complexDivOp,
  complexExpOp,
  complexTridiagonalSolveOp,
  abs2Op,
  complexAbsOp,
  modeProductOp,
  lowFrequenciesOp,
  padFrequenciesOp,
  spectralFilterOp,
  stabilisedFilterOp
]
