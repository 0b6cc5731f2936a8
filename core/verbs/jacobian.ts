import { scoped } from '../scope.js'
import { reshape } from '../structural/reshape.js'
import { identityRows, sampleSweep } from '../sweeps/sampleJacobian.js'
import { type Tensor, zeros } from '../tensor.js'
import { grad } from './grad.js'
import { type Fn, type PerWrt, perWrt, trace, type Wrt, wrtList } from './trace.js'

/**
 * The whole Jacobian ∂y/∂x, shape `[...y, ...x]`: one sweep with a row for every entry of y. For functions that treat
 * samples apart, `sampleJacobian` leaves out the blocks that are zero.
 */
export function jacobian<W extends number | readonly number[] = number>(
  f: Fn,
  { wrt }: Wrt<W> = {}
): (...args: Tensor[]) => { value: Tensor; J: PerWrt<W> } {
  return (...args) =>
    scoped(() => {
      const { tape, watched, y } = trace('jacobian', f, args, wrtList(wrt))
      const at = tape.knows(y) ? sampleSweep(tape, [[y, identityRows(y, false)]]) : undefined
      const J = watched.map(x => {
        const shape = [...y.shape, ...x.shape]
        const rows = at?.get(x)?.rows
        return rows ? reshape(rows, shape) : zeros(shape, x.dtype)
      })
      return { value: y, J: perWrt(wrt, J) }
    })
}

/** Second derivatives of a scalar function, shape `[...x, ...x]`: the Jacobian of the gradient. */
export function hessian(f: Fn): (x: Tensor) => Tensor {
  const rows = jacobian(grad(f))
  return x => rows(x).J
}
