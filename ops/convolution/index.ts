import type { Op } from '../../core/op.js'
import { avgPoolOp } from './avgPool.js'
import { convolutions } from './conv.js'
import { maxPoolOp } from './maxPool.js'
import { putPlanesOp, takePlanesOp } from './planes.js'
import { upsampleLinearOp } from './upsampleLinear.js'
import { upsampleNearestOp } from './upsampleNearest.js'

export { avgPool1d, avgPool2d, avgPool3d } from './avgPool.js'
export { type ConvOptions, conv1d, conv2d, conv3d } from './conv.js'
export { type ConvTransposeOptions, convTranspose1d, convTranspose2d, convTranspose3d } from './convTranspose.js'
export { maxPool1d, maxPool2d, maxPool3d } from './maxPool.js'
export { type UpsampleOptions, upsampleBilinear2d, upsampleLinear1d, upsampleTrilinear3d } from './upsampleLinear.js'
export { upsampleNearest1d, upsampleNearest2d, upsampleNearest3d } from './upsampleNearest.js'

export const convolutionOps: readonly Op[] = [
  ...convolutions.flatMap(({ conv, input, weight }): Op[] => [conv, input, weight]),
  maxPoolOp,
  takePlanesOp,
  putPlanesOp,
  avgPoolOp,
  upsampleNearestOp,
  upsampleLinearOp
]
