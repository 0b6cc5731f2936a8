import { alongAxisOp } from '../../core/families/alongAxis.js'
import type { Op } from '../../core/op.js'
import { expandOp } from '../../core/structural/expand.js'
import { identityOp } from '../../core/structural/identity.js'
import { permuteOp } from '../../core/structural/permute.js'
import { reshapeOp } from '../../core/structural/reshape.js'
import { concatOp } from './concat.js'
import { flipOp } from './flip.js'
import { gatherOp } from './gather.js'
import { extendOp } from './pad.js'
import { repeatOp } from './repeat.js'
import { rollOp } from './roll.js'
import { scatterAddOp } from './scatterAdd.js'
import { padOp, sliceOp } from './slice.js'
import { takeOp } from './take.js'
import { tileOp } from './tile.js'

export { expand } from '../../core/structural/expand.js'
export { identity } from '../../core/structural/identity.js'
export { permute, swapAxes } from '../../core/structural/permute.js'
export { reshape } from '../../core/structural/reshape.js'
export { at } from './at.js'
export { concat, stack } from './concat.js'
export { flip } from './flip.js'
export { gather } from './gather.js'
export { onehot } from './onehot.js'
export { type PadOptions, pad } from './pad.js'
export { repeat } from './repeat.js'
export { roll } from './roll.js'
export { scatterAdd } from './scatterAdd.js'
export { slice } from './slice.js'
export { split } from './split.js'
export { expandDims, squeeze } from './squeeze.js'
export { take } from './take.js'
export { tile } from './tile.js'

export const shapeOps: readonly Op[] = [
  identityOp,
  reshapeOp,
  permuteOp,
  expandOp,
  sliceOp,
  padOp,
  extendOp,
  concatOp,
  flipOp,
  rollOp,
  tileOp,
  repeatOp,
  takeOp,
  gatherOp,
  scatterAddOp,
  alongAxisOp
]
