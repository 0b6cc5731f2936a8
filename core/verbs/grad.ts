import { GradientError } from '../errors.js'
import { scoped } from '../scope.js'
import { show } from '../shape.js'
import { cotangentSweep } from '../sweeps/cotangent.js'
import { onesLike, type Tensor, zerosLike } from '../tensor.js'
import { type Fn, type PerWrt, perWrt, trace, type Wrt, wrtList } from './trace.js'

/**
 * The value of a scalar function and its gradient, ∂f/∂x of the shape of x, by one cotangent sweep.
 *
 *     valueAndGrad((x: Tensor) => sum(square(x)))(tensor([3, 3]))   // { value: 18, grad: [6, 6] }
 */
export function valueAndGrad<W extends number | readonly number[] = number>(
  f: Fn,
  { wrt }: Wrt<W> = {}
): (...args: Tensor[]) => { value: Tensor; grad: PerWrt<W> } {
  return (...args) =>
    scoped(() => {
      const { tape, watched, y } = trace('grad', f, args, wrtList(wrt))
      if (y.rank !== 0)
        throw new GradientError(
          'grad',
          `the function returned shape ${show(y.shape)}, not a scalar`,
          'Sum the losses of the samples, or use vjp, jacobian or sampleJacobian'
        )
      const cts = tape.knows(y) ? cotangentSweep(tape, [[y, onesLike(y)]]) : new Map<Tensor, Tensor>()
      return {
        value: y,
        grad: perWrt(
          wrt,
          watched.map(x => cts.get(x) ?? zerosLike(x))
        )
      }
    })
}

/** The gradient alone. */
export function grad<W extends number | readonly number[] = number>(
  f: Fn,
  options: Wrt<W> = {}
): (...args: Tensor[]) => PerWrt<W> {
  const both = valueAndGrad(f, options)
  return (...args) => both(...args).grad
}
