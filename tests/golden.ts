import { readFileSync } from 'node:fs'
import { type Nested, type Tensor, tensor } from '../core/index.js'

/** A file of recorded reference values; tests run from the project's root. */
export const golden = (name: string) => JSON.parse(readFileSync(`tests/golden/${name}.json`, 'utf8'))

/** Largest |a - b| over the largest |b|. */
export function relativeError(a: Tensor | Nested, b: Tensor | Nested): number {
  const [p, q] = [tensor(a), tensor(b)]
  if (p.size !== q.size) throw new Error(`${p.size} entries against ${q.size}`)
  let apart = 0
  let large = 0
  for (let i = 0; i < p.size; i++) {
    apart = Math.max(apart, Math.abs(p.data[i] - q.data[i]))
    large = Math.max(large, Math.abs(q.data[i]))
    if (Number.isNaN(p.data[i]) !== Number.isNaN(q.data[i])) return Number.NaN
  }
  return large === 0 ? apart : apart / large
}
