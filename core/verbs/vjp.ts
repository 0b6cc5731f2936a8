import { cotangentSweep } from '../sweeps/cotangent.js'
import { checkLike, type Tensor, zerosLike } from '../tensor.js'
import { type Fn, type PerWrt, perWrt, trace, type Wrt, wrtList } from './trace.js'

/**
 * The value and its pullback ct ↦ Jᵀ ct, by the cotangent sweep. `pullback` may be called again and again; the forward
 * pass ran once.
 */
export function vjp<W extends number | readonly number[] = number>(
  f: Fn,
  { wrt }: Wrt<W> = {}
): (...args: Tensor[]) => { value: Tensor; pullback: (ct: Tensor) => PerWrt<W> } {
  return (...args) => {
    const { tape, watched, y } = trace('vjp', f, args, wrtList(wrt))
    const pullback = (ct: Tensor): PerWrt<W> => {
      checkLike(y, ct, 'vjp', 'a cotangent')
      const cts = tape.knows(y) ? cotangentSweep(tape, [[y, ct]]) : new Map<Tensor, Tensor>()
      return perWrt(
        wrt,
        watched.map(x => cts.get(x) ?? zerosLike(x))
      )
    }
    return { value: y, pullback }
  }
}
