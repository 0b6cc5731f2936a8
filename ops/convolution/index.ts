import type { Op } from '../../core/op.js'
import { conv2dOp } from './conv2d.js'
import { conv2dInputOp } from './conv2dInput.js'
import { conv2dWeightOp } from './conv2dWeight.js'
import { maxPool2dOp, putPlanesOp, takePlanesOp } from './maxPool2d.js'
import { upsampleBilinear2dAdjointOp, upsampleBilinear2dOp } from './upsampleBilinear2d.js'

export { type ConvOptions, conv2d } from './conv2d.js'
export { maxPool2d } from './maxPool2d.js'
export { upsampleBilinear2d } from './upsampleBilinear2d.js'

export const convolutionOps: readonly Op[] = [
  conv2dOp,
  conv2dInputOp,
  conv2dWeightOp,
  maxPool2dOp,
  takePlanesOp,
  putPlanesOp,
  upsampleBilinear2dOp,
  upsampleBilinear2dAdjointOp
]
