import type { Op } from '../core/op.js'
import { macCormackOp } from './advection/macCormack.js'
import { semiLagrangianOp } from './advection/semiLagrangian.js'
import { spectralShiftOp } from './advection/spectralShift.js'
import { diffuseOp } from './heat/diffuse.js'
import { oscillatorsOp } from './oscillators.js'
import { waveOp } from './wave/wave.js'

export { type MacCormackOptions, macCormack, macCormackOp } from './advection/macCormack.js'
export { semiLagrangian, semiLagrangianOp } from './advection/semiLagrangian.js'
export { spectralShift, spectralShiftOp } from './advection/spectralShift.js'
export { type DiffuseAttrs, diffuse, diffuseOp, UNCERTAINTY } from './heat/diffuse.js'
export { drawRectangles, type Rectangle, randomRectangles } from './heat/rectangles.js'
export { heatExponent, spectralFilter } from './heat/spectrum.js'
export { type StabilisedInverse, stabilisedInverse } from './heat/stabilisedInverse.js'
export { type OscillatorOptions, oscillatorMatrix, oscillators, oscillatorsOp } from './oscillators.js'
export { rungeKutta4Step } from './rungeKutta4.js'
export { type WaveOptions, wave, waveLimit, waveOp } from './wave/wave.js'

/** Every physics operator, with small settings, for tables: checks, documentation. */
export const allPhysics: readonly Op[] = [
  diffuseOp,
  semiLagrangianOp,
  macCormackOp,
  spectralShiftOp,
  waveOp,
  oscillatorsOp({ steps: 2 })
]

/** The same by name: `checkOp(operators.diffuse)`. */
export const operators: Readonly<Record<string, Op>> = Object.fromEntries(allPhysics.map(op => [op.name, op]))
