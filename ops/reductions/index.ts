import type { Op } from '../../core/op.js'
import { sumOp } from '../../core/structural/sum.js'

export { sum } from '../../core/structural/sum.js'
export { mean } from './mean.js'

export const reductionOps: readonly Op[] = [sumOp]
