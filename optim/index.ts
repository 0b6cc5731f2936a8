export { type AdamOptions, type AdamState, adam } from './adam.js'
export { gaussNewton, type HigOptions, type HigReport, hig, type JacobianInput } from './hig.js'
export { lossTarget } from './lossTarget.js'
export { type NewtonMethodOptions, newtonMethod } from './newtonMethod.js'
export type { Optimizer, Step, StepReport } from './optimizer.js'
export {
  type Jacobian,
  type PartialInverseOptions,
  partialInverse,
  type Route,
  type RouteOptions,
  type SpectrumReport
} from './partialInverse.js'
export { type SgdOptions, type SgdState, sgd } from './sgd.js'
export { type SipOptions, type SipResult, sipBackward } from './sipBackward.js'
