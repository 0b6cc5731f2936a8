import { cotangentSweep } from '../sweeps/cotangent.js'
import { tangentSweep } from '../sweeps/tangent.js'
import { checkLike, type Tensor, zerosLike } from '../tensor.js'
import { type Fn, trace } from './trace.js'

export interface JacobianOperator {
  value: Tensor
  /** x, whose shape tangents have. */
  input: Tensor
  /** J v, `v` of the shape of x: a tangent sweep. */
  apply(v: Tensor): Tensor
  /** Jᵀ u, `u` of the shape of y: a cotangent sweep. */
  applyT(u: Tensor): Tensor
  /** Frees what the forward pass made, `value` too (`keep` copies it out). A later product throws GradientError. */
  dispose(): void
  [Symbol.dispose](): void
}

/** The Jacobian as its two products, never stored: for iterative solvers. The forward pass runs once; its tape lives until it is disposed. */
export function jacobianOperator(f: Fn): (x: Tensor) => JacobianOperator {
  return x => {
    const { tape, watched, y } = trace('jacobianOperator', f, [x], [0])
    const [z] = watched
    const dispose = () => tape.dispose()
    return {
      value: y,
      input: x,
      apply: v => tangentSweep(tape, [[z, v]], [y])[0] ?? zerosLike(y),
      applyT: u => {
        checkLike(y, u, 'jacobianOperator', 'a cotangent')
        tape.checkAlive('a product')
        return (tape.knows(y) ? cotangentSweep(tape, [[y, u]]).get(z) : undefined) ?? zerosLike(z)
      },
      dispose,
      [Symbol.dispose]: dispose
    }
  }
}
