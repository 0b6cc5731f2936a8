import type { Op } from '../../core/index.js'

/** An operator that counts how often its rules run. */
export function counted(op: Op<undefined>) {
  const calls = { vjp: 0, inverse: 0 }
  const own: Op<undefined> = {
    ...op,
    vjp: (ct, v) => {
      calls.vjp++
      return op.vjp(ct, v)
    },
    inverse: op.inverse && {
      ...op.inverse,
      apply: (...args) => {
        calls.inverse++
        return op.inverse!.apply(...args)
      },
      choose: (...args) => {
        calls.inverse++
        return op.inverse!.choose!(...args)
      }
    }
  }
  return { op: own, calls }
}
