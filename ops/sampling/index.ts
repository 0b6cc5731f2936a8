import type { Op } from '../../core/op.js'
import { sampleLinearOp, spreadLinearOp } from './sampleLinear.js'

export { type Beyond, type SampleOptions, sampleLinear, warp } from './sampleLinear.js'

export const samplingOps: readonly Op[] = [sampleLinearOp, spreadLinearOp]
