export { apply } from './apply.js'
export { type BackendName, backends, withBackend } from './backends/choice.js'
export { setThreads, withThreads } from './backends/wasm/pool.js'
export { claim, fillUnclaimed, foldClaim, noClaim, wanted } from './claim.js'
export { type BlockRules, defineBlock } from './defineBlock.js'
export * from './errors.js'
export { type AlongAxis, type AlongAxisAttrs, alongAxis, alongAxisOp } from './families/alongAxis.js'
export { type Binary, binary, binaryFunction } from './families/binary.js'
export { type Elementwise, elementwise, elementwiseFunction } from './families/elementwise.js'
export { type Reduction, reduction, reductionFunction } from './families/reduction.js'
export * from './inspect/index.js'
export { type LayerBlock, LayeredMatrix } from './linalg/layeredMatrix.js'
export type { Nested } from './nested.js'
export { type Notice, onNotice } from './notice.js'
export {
  type Claim,
  carryAligned,
  carryInFront,
  defineOp,
  type Example,
  type Inverse,
  type InverseKind,
  type Op,
  type OpRules,
  type Refusal,
  type RowFactors,
  type Saved,
  type Site,
  type Tex,
  type View
} from './op.js'
export { type KernelRow, type Profile, type ProfiledRule, type ProfileRow, withProfile } from './profile.js'
export { Random, random } from './random.js'
export { keep, scoped } from './scope.js'
export { broadcastShapes, type Shape, sameShape, size } from './shape.js'
export { stopGradient } from './structural/identity.js'
export { type CotangentOptions, cotangentSweep } from './sweeps/cotangent.js'
export { identityRows, type Rows, type SampleSweepOptions, sampleSweep } from './sweeps/sampleJacobian.js'
export { tangentSweep } from './sweeps/tangent.js'
export { Tape } from './tape.js'
export * from './targets/index.js'
export * from './tensor.js'
export { grad, valueAndGrad } from './verbs/grad.js'
export { hessian, jacobian } from './verbs/jacobian.js'
export { type JacobianOperator, jacobianOperator } from './verbs/jacobianOperator.js'
export { jvp } from './verbs/jvp.js'
export { layeredJacobian } from './verbs/layeredJacobian.js'
export { type LocalInverseOptions, localInverse } from './verbs/localInverse.js'
export { type SampleJacobianOptions, sampleJacobian, sampleJacobianPieces } from './verbs/sampleJacobian.js'
export type { Fn, PerWrt, Wrt } from './verbs/trace.js'
export { vjp } from './verbs/vjp.js'
