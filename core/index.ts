export { apply } from './apply.js'
export { type BlockRules, defineBlock } from './block.js'
export * from './errors.js'
export * from './inspect/index.js'
export {
  type Claim,
  defineOp,
  type Example,
  type Inverse,
  type InverseKind,
  type Op,
  type Site,
  type View
} from './op.js'
export { Random, random } from './random.js'
export { type Shape, size } from './shape.js'
export { add } from './structural/add.js'
export { expand } from './structural/expand.js'
export { identity, stopGradient } from './structural/identity.js'
export { mul } from './structural/mul.js'
export { permute, swapAxes } from './structural/permute.js'
export { reshape } from './structural/reshape.js'
export { sum } from './structural/sum.js'
export { cotangentSweep } from './sweeps/cotangent.js'
export { tangentSweep } from './sweeps/tangent.js'
export { Tape } from './tape.js'
export * from './targets/index.js'
export * from './tensor.js'
export { grad, valueAndGrad } from './verbs/grad.js'
export { hessian, jacobian } from './verbs/jacobian.js'
export { jacobianOperator } from './verbs/jacobianOperator.js'
export { jvp } from './verbs/jvp.js'
export { type LocalInverseOptions, localInverse } from './verbs/localInverse.js'
export { sampleJacobian, sampleJacobianPieces } from './verbs/sampleJacobian.js'
export { vjp } from './verbs/vjp.js'
