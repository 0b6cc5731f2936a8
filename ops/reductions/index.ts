import type { Op } from '../../core/op.js'
import { sumOp } from '../../core/structural/sum.js'
import { cumsumOp } from './cumsum.js'
import { logSoftmaxOp } from './logSoftmax.js'
import { logsumexpOp } from './logsumexp.js'
import { maxOp } from './max.js'
import { minOp } from './min.js'
import { normOp } from './norm.js'
import { prodOp } from './prod.js'
import { softmaxOp } from './softmax.js'
import { standardDeviationOp } from './standardDeviation.js'
import { varianceOp } from './variance.js'

export { sum } from '../../core/structural/sum.js'
export { argmax, argmin } from './argmax.js'
export { type CumsumOptions, cumsum } from './cumsum.js'
export { logSoftmax } from './logSoftmax.js'
export { logsumexp } from './logsumexp.js'
export { max } from './max.js'
export { mean } from './mean.js'
export { min } from './min.js'
export { norm } from './norm.js'
export { prod } from './prod.js'
export { softmax } from './softmax.js'
export { standardDeviation } from './standardDeviation.js'
export { type VarianceOptions, variance } from './variance.js'

export const reductionOps: readonly Op[] = [
  sumOp,
  prodOp,
  maxOp,
  minOp,
  normOp,
  varianceOp,
  standardDeviationOp,
  logsumexpOp,
  softmaxOp,
  logSoftmaxOp,
  cumsumOp
]
