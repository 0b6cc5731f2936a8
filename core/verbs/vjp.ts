import { cotangentSweep } from '../sweeps/cotangent.js'
import { checkLike, type Tensor, zerosLike } from '../tensor.js'
import { type Fn, type PerWrt, perWrt, trace, type Wrt, wrtList } from './trace.js'

export interface Pullback<W extends number | readonly number[] = number> {
  value: Tensor
  pullback(ct: Tensor): PerWrt<W>
  /** Frees what the forward pass made, `value` too (`keep` copies it out). A later pullback throws GradientError. */
  dispose(): void
  [Symbol.dispose](): void
}

/**
 * The value and its pullback ct ↦ Jᵀ ct, by the cotangent sweep. `pullback` may be called again and again; the forward
 * pass ran once. Its tape lives until it is disposed, or nobody can reach it:
 *
 *     using f = vjp(loss)(theta)
 *     const g = f.pullback(ct)
 */
export function vjp<W extends number | readonly number[] = number>(
  f: Fn,
  { wrt }: Wrt<W> = {}
): (...args: Tensor[]) => Pullback<W> {
  return (...args) => {
    const { tape, watched, y } = trace('vjp', f, args, wrtList(wrt))
    const pullback = (ct: Tensor): PerWrt<W> => {
      checkLike(y, ct, 'vjp', 'a cotangent')
      tape.checkAlive('a pullback')
      const cts = tape.knows(y) ? cotangentSweep(tape, [[y, ct]]) : new Map<Tensor, Tensor>()
      return perWrt(
        wrt,
        watched.map(x => cts.get(x) ?? zerosLike(x))
      )
    }
    const dispose = () => tape.dispose()
    return { value: y, pullback, dispose, [Symbol.dispose]: dispose }
  }
}
