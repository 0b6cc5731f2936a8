import Table from 'cli-table3'
import type { Extent } from './case.js'
import { costCases, measureCost } from './cost.js'
import { inRange, measureOrder, orderCases } from './orders.js'

/** A table of its own, printed only where it is named. */
export type Measured = (extent: Extent, wanted: { json: boolean; now(name: string): void }) => string

const drawn = (head: string[], rows: (string | number)[][]): string => {
  const table = new Table({ head, style: { head: [], border: [], compact: true } })
  table.push(...rows)
  return table.toString()
}

/** 3.1e-5 s as 31 µs. */
const time = (seconds: number): string =>
  seconds < 1e-3
    ? `${Number((1e6 * seconds).toPrecision(3))} µs`
    : seconds < 1
      ? `${Number((1e3 * seconds).toPrecision(3))} ms`
      : `${seconds.toPrecision(3)} s`

/** CPU seconds per step, on one thread, over unknowns and over the batch, with the fitted exponents. N log N looks like N^1.1 to N^1.2 at these sizes. */
const cost: Measured = (extent, { json, now }) => {
  const rows = costCases().map(one => {
    now(one.name)
    return measureCost(one, extent)
  })
  if (json) return JSON.stringify(rows, null, 2)
  const table = drawn(
    ['simulator', 'law', 'unknowns N', 'CPU time per step', 'N^', 'batch', 'CPU time', 'B^'],
    rows.map(r => [
      r.name,
      r.law,
      r.unknowns.join('\n'),
      r.seconds.map(time).join('\n'),
      r.exponent.toFixed(2),
      r.batches.join('\n'),
      r.batchSeconds.map(time).join('\n'),
      r.batchExponent.toFixed(2)
    ])
  )
  return [table, ...rows.filter(r => r.note).map(r => `${r.name}: ${r.note}`)].join('\n')
}

/** Orders of convergence: errors by refinement, and their slopes. */
const orders: Measured = (_, { json, now }) => {
  const rows = orderCases().map(one => {
    now(one.name)
    return measureOrder(one)
  })
  if (json) return JSON.stringify(rows, null, 2)
  return drawn(
    ['simulator', 'refined', 'steps or cells', 'error', 'slope', 'by theory', ''],
    rows.map(r => [
      r.name,
      r.refined === 'both' ? 'time and space' : r.refined,
      r.sizes.join(', '),
      r.errors.map(e => e.toExponential(1)).join(', '),
      r.slope.toFixed(2),
      r.expected.map(v => v.toFixed(2)).join(' to '),
      inRange(r) ? '' : 'NOT SO'
    ])
  )
}

export const tables: Readonly<Record<string, Measured>> = { cost, orders }
