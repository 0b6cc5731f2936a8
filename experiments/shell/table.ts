import Table from 'cli-table3'
import { duration, middle, number, quantity } from './format.js'
import type { Metric } from './types.js'

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
  [
    'expected',
    m => (m.expected ? `${m.expected.map(v => number(v)).join(' to ')}: ${asExpected(m) ? 'yes' : 'no'}` : '')
  ],
  ['note', m => m.note ?? '']
]

export function metricsTable(metrics: Metric[]): MetricsTable {
  const kept = columns.filter(([, cell]) => metrics.some(metric => cell(metric) !== ''))
  return { head: kept.map(([head]) => head), rows: metrics.map(metric => kept.map(([, cell]) => cell(metric))) }
}

const ratio = ({ value }: Metric, other: Metric['published']) =>
  other === undefined || middle(other) === 0 ? '' : number(middle(value) / middle(other), 3)

export const asExpected = ({ value, expected }: Metric): boolean =>
  !expected || (middle(value) >= expected[0] && middle(value) <= expected[1])

/**
 * For the terminal: the notes are left to the report, headings and long names are broken, and where the window is
 * narrow the spreads as well.
 */
export function printTable(metrics: Metric[], timings: Record<string, number> = {}, width = 100): string {
  const { head, rows } = metricsTable(metrics.map(metric => ({ ...metric, note: undefined })))
  const breakSpread = (cell: string) => (width < 130 ? cell.replace(/ (?=\[)|(?<=:) /g, '\n') : cell)
  const parts: string[] = []
  if (rows.length) {
    const table = new Table({ head: head.map(cell => cell.replace(' / ', ' /\n')), style: { head: [], border: [] } })
    table.push(...rows.map(([name, ...cells]) => [breakWords(name, 26), ...cells.map(breakSpread)]))
    parts.push(table.toString())
  }
  const times = Object.entries(timings).map(([name, seconds]) => `${name} ${duration(seconds)}`)
  if (times.length) parts.push(`Times: ${times.join('; ')}.`)
  return parts.join('\n')
}

function breakWords(text: string, width: number): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim()
    if (longer.length <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.join('\n')
}
