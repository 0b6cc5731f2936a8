export { type AdadeltaOptions, type AdadeltaState, adadelta } from './adadelta.js'
export { type AdagradOptions, type AdagradState, adagrad } from './adagrad.js'
export { type AdamOptions, type AdamState, adam, adamW, amsgrad } from './adam.js'
export {
  type FirstOrderOptions,
  type FirstOrderRule,
  type FirstOrderState,
  firstOrder,
  type Stretch
} from './firstOrder.js'
export { gaussNewton, type HigOptions, type HigReport, hig, type JacobianInput } from './hig.js'
export { lossTarget } from './lossTarget.js'
export { type NewtonMethodOptions, newtonMethod } from './newtonMethod.js'
export type { Need, Optimizer, Step, StepOptions, StepReport, StepStatus } from './optimizer.js'
export { type PartialInverseOptions, partialInverse, type SpectrumReport } from './partialInverse.js'
export { type RmspropOptions, type RmspropState, rmsprop } from './rmsprop.js'
export {
  cosineDecay,
  exponentialDecay,
  inverseTimeDecay,
  piecewise,
  polynomialDecay,
  type Rate,
  type Schedule,
  stepDecay,
  warmup
} from './schedules.js'
export { type SgdOptions, type SgdState, sgd } from './sgd.js'
export { type SipOptions, type SipResult, sipBackward } from './sipBackward.js'
