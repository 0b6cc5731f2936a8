import type { Op } from '../../core/op.js'
import { divergenceFreeOp } from './divergenceFree.js'
import { flowOp } from './flow.js'

export { divergence } from './divergence.js'
export { divergenceFree, divergenceFreeOp } from './divergenceFree.js'
export { type FlowAttrs, type FlowOptions, flow, flowOp } from './flow.js'
export { type RandomSwirlsOptions, randomSwirls } from './randomSwirls.js'

export const fluidOps: readonly Op[] = [divergenceFreeOp, flowOp]
