export { type AdadeltaOptions, type AdadeltaState, adadelta } from './adadelta.js'
export { type AdagradOptions, type AdagradState, adagrad } from './adagrad.js'
export { type AdaHessianOptions, type AdaHessianState, adaHessian } from './adaHessian.js'
export { type AdamOptions, type AdamState, adam, adamW, amsgrad } from './adam.js'
export { type BfgsState, bfgsMethod } from './bfgsMethod.js'
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js'
export { type DoglegOptions, type DoglegState, dogleg } from './dogleg.js'
export {
  type EvaluateOptions,
  Evaluation,
  evaluate,
  type Forward,
  type Model,
  type Recorded
} from './evaluation.js'
export {
  type FirstOrderOptions,
  type FirstOrderRule,
  type FirstOrderState,
  firstOrder,
  type Stretch
} from './firstOrder.js'
export { firstStep } from './firstStep.js'
export { type HessianFreeOptions, type HessianFreeState, hessianFree } from './hessianFree.js'
export { gaussNewton, type HigOptions, type HigReport, hig, type JacobianInput } from './hig.js'
export { type InverseGradientOptions, inverseGradient } from './inverseGradient.js'
export { type KfacOptions, type KfacState, kfac } from './kfac.js'
export { type LbfgsState, lbfgsMethod } from './lbfgsMethod.js'
export {
  type LevenbergMarquardtOptions,
  type LevenbergMarquardtState,
  levenbergMarquardt
} from './levenbergMarquardt.js'
export { lossTarget } from './lossTarget.js'
export { type Loss, lossTargets } from './lossTargets.js'
export {
  type HessianInput,
  type NewtonMethodOptions,
  newtonMethod,
  type SaddleFreeNewtonOptions,
  saddleFreeNewton
} from './newtonMethod.js'
export type { Need, Optimizer, Step, StepOptions, StepReport, StepStatus } from './optimizer.js'
export {
  type Jacobian,
  type PartialInverseOptions,
  partialInverse,
  type Route,
  type RouteOptions,
  type SpectrumReport
} from './partialInverse.js'
export type { ProxyLoss } from './proxy.js'
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
export { backtracking, type Found, type Line, type LinePoint, type Search, strongWolfe } from './search.js'
export { type SgdOptions, type SgdState, sgd } from './sgd.js'
export { type SipMethodOptions, type SipReport, sip } from './sip.js'
export { type SipOptions, type SipResult, sipBackward } from './sipBackward.js'
export { type TrainOptions, type TrainResult, type TrainStep, train } from './train.js'
export {
  type ProductInput,
  type TruncatedNewtonOptions,
  type TruncatedNewtonState,
  truncatedNewton
} from './truncatedNewton.js'
export { type LimitOptions, withLimit } from './withLimit.js'
export { withSearch } from './withSearch.js'
