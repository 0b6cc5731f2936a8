// Run in Node and in the browser; both must give the same numbers, to the last bit. A case is an exported function,
// named for what it computes, that returns numbers (or a promise of them). Nothing here may import from `node:`.
//
// The language promises the bits of + - * / and Math.sqrt, and of nothing else in Math: between two versions of V8,
// exp, log, sin, cos, tanh, pow and `**` (also x ** 3) differ in the last bit for up to a tenth of their arguments.
// What is computed with those belongs in close.ts.
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export function seededNumbers(): number[] {
  const random = xoroshiro128plus(1)
  return Array.from({ length: 1000 }, () => uniformFloat64(random))
}
