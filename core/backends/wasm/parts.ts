import { MOST_PARTS } from './pool.js'

/** Products that a pass over memory takes as long as, per entry: threads pay earlier there than in a product of matrices. */
export const ENTRY = 32

/** Entries of a part at least. Tests lower it. */
export const pieces = { least: 1 << 14 }

/** Entries of what parts of a row are made, so that vectors are whole. */
const UNIT = 64

/** [from, to) of n entries, or of n rows of so many entries each: as the numbers say, whatever the number of threads. */
export function parts(n: number, entries = 1): [number, number][] {
  const unit = entries === 1 ? UNIT : 1
  const step = unit * Math.ceil(Math.max(1, pieces.least / entries, n / MOST_PARTS) / unit)
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => [i * step, Math.min(n, (i + 1) * step)])
}
