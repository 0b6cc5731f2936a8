import Table from 'cli-table3'
import { duration, middle, number, quantity } from './format.js'
import type { Known, Metric } from './types.js'

export interface MetricsTable {
  head: string[]
  rows: string[][]
}

/** Columns of the results table; one that is empty in every row is left out. */
const columns: [string, (metric: Metric) => string][] = [
  ['quantity', m => (m.unit ? `${m.name} (${m.unit})` : m.name)],
  ['published', m => quantity(m.published, m.digits)],
  ['measured elsewhere', m => quantity(m.measured, m.digits)],
  ['this run', m => quantity(m.value, m.digits)],
  ['this / published', m => ratio(m, m.published)],
  ['this / measured', m => ratio(m, m.measured)],
  ['expected', m => (m.expected ? `${expectedRange(m)}: ${asExpected(m) ? 'yes' : 'no'}` : '')],
  ['note', m => m.note ?? '']
]

export function metricsTable(metrics: Metric[]): MetricsTable {
  const kept = columns.filter(([, cell]) => metrics.some(metric => cell(metric) !== ''))
  return { head: kept.map(([head]) => head), rows: metrics.map(metric => kept.map(([, cell]) => cell(metric))) }
}

/** Empty where there is nothing to divide by, a range without a middle among it. */
const ratio = ({ value }: Metric, other: Known | undefined) =>
  other === undefined || (typeof other === 'object' && !('median' in other)) || middle(other) === 0
    ? ''
    : number(middle(value) / middle(other), 3)

/** '1.2 to 2', or '1 ± 1e-9' where the digits shown do not tell the ends apart. A limit that is infinite is null in JSON. */
export function expectedRange({ expected, digits = 4 }: Metric): string {
  const [low, high] = [expected?.[0] ?? -Infinity, expected?.[1] ?? Infinity]
  const shown = [low, high].map(v => number(v, Math.max(4, digits)))
  return shown[0] === shown[1] ? `${shown[0]} ± ${number((high - low) / 2, 1)}` : shown.join(' to ')
}

export const asExpected = ({ value, expected }: Metric): boolean =>
  !expected || (middle(value) >= (expected[0] ?? -Infinity) && middle(value) <= (expected[1] ?? Infinity))

/**
 * For the terminal, in `width` characters if it can be done: notes are left to the report; long names, headings and
 * spreads are broken; and where that is not enough, the last columns are left out.
 */
export function printTable(metrics: Metric[], timings: Record<string, number> = {}, width = 120): string {
  const { head, rows } = metricsTable(metrics.map(metric => ({ ...metric, note: undefined })))
  const parts: string[] = []
  if (rows.length) {
    let text = ''
    for (let count = head.length; count >= 4 || text === ''; count--) {
      text = [44, 30, 22, 16].map(name => draw(head, rows, count, name)).find(drawn => widthOf(drawn) <= width) ?? ''
      if (count <= 4) text ||= draw(head, rows, count, 22)
      if (text) break
    }
    parts.push(text)
  }
  const times = Object.entries(timings).map(([name, seconds]) => `${name} ${duration(seconds)}`)
  if (times.length) parts.push(`Times: ${times.join('; ')}.`)
  return parts.join('\n')
}

function draw(head: string[], rows: string[][], count: number, nameWidth: number): string {
  const shortHead = head.slice(0, count).map(cell => cell.replace(/ (?=elsewhere)|(?<=\/) /, '\n'))
  const table = new Table({ head: shortHead, style: { head: [], border: [] } })
  const narrow = nameWidth < 44
  for (const [name, ...cells] of rows) {
    const broken = cells.slice(0, count - 1).map(cell => (narrow ? cell.replace(/ (?=\[)|(?<=:) /g, '\n') : cell))
    table.push([breakWords(name, nameWidth), ...broken])
  }
  return table.toString()
}

const widthOf = (text: string) => text.indexOf('\n')

function breakWords(text: string, width: number): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim()
    if (longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.join('\n')
}

/** A table without anything special. */
export function drawTable(head: string[], rows: string[][]): string {
  const table = new Table({ head, style: { head: [], border: [] } })
  table.push(...rows)
  return table.toString()
}
