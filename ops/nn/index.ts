import type { Op } from '../../core/op.js'
import { batchNormOp } from './batchNorm.js'

export { batchNorm, batchNormFixed, batchStatistics } from './batchNorm.js'
export { type MlpOptions, mlp } from './mlp.js'
export {
  constant,
  fanIn,
  glorot,
  type Initialiser,
  type Network,
  network,
  type Parameter,
  Parameters
} from './parameters.js'
export { type Statistics, type UNetOptions, uNet } from './uNet.js'

export const nnOps: readonly Op[] = [batchNormOp]
