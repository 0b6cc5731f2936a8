import { exponent } from '../../core/check/probe.js'

/** The slope of log error over log h, of a method that is refined: its order. */
export const orderOf = (h: readonly number[], error: readonly number[]): number => exponent(h, error)

/** Rows of a table as lines of equal columns, for a test's comments. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map(r => r.map(v => (typeof v === 'number' ? v.toExponential(2) : v)))]
  const width = head.map((_, k) => Math.max(...cells.map(r => r[k].length)))
  return cells.map(r => r.map((v, k) => v.padStart(width[k])).join('  ')).join('\n')
}
