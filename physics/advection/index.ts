import type { Op } from '../../core/op.js'
import { macCormackOp } from './macCormack.js'
import { semiLagrangianOp } from './semiLagrangian.js'
import { spectralShiftOp } from './spectralShift.js'

export type { AdvectionOptions } from './advection.js'
export { type MacCormackOptions, macCormack, macCormackOp } from './macCormack.js'
export { semiLagrangian, semiLagrangianOp } from './semiLagrangian.js'
export { spectralShift, spectralShiftOp } from './spectralShift.js'

export const advectionOps: readonly Op[] = [semiLagrangianOp, macCormackOp, spectralShiftOp]
