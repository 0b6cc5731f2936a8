import { alongAxisOp } from '../../core/families/alongAxis.js'
import type { Op } from '../../core/op.js'
import { expandOp } from '../../core/structural/expand.js'
import { identityOp } from '../../core/structural/identity.js'
import { permuteOp } from '../../core/structural/permute.js'
import { reshapeOp } from '../../core/structural/reshape.js'
import { concatOp } from './concat.js'
import { extendOp } from './pad.js'
import { padOp, sliceOp } from './slice.js'

export { expand } from '../../core/structural/expand.js'
export { identity } from '../../core/structural/identity.js'
export { permute, swapAxes } from '../../core/structural/permute.js'
export { reshape } from '../../core/structural/reshape.js'
export { at } from './at.js'
export { concat, stack } from './concat.js'
export { type PadOptions, pad } from './pad.js'
export { slice } from './slice.js'

export const shapeOps: readonly Op[] = [
  identityOp,
  reshapeOp,
  permuteOp,
  expandOp,
  sliceOp,
  padOp,
  extendOp,
  concatOp,
  alongAxisOp
]
