import Table from 'cli-table3'
import { type CheckRow, checkOp, type OpReport } from '../../core/check/index.js'
import { number } from '../shell/format.js'
import type { Listed } from './catalogue.js'
import { wrap } from './lines.js'

export interface TimedReport extends OpReport {
  seconds: number
}

/** All checks of an operator, with the time that they took. */
export function timedCheck({ op }: Listed): TimedReport {
  const start = performance.now()
  const report = failing(op.name, () => checkOp(op))
  return { ...report, seconds: (performance.now() - start) / 1000 }
}

/** What the examples throw is a failure too. */
function failing(op: string, run: () => OpReport): OpReport {
  try {
    return run()
  } catch (error) {
    const note = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    const row = { check: 'examples', example: '', error: Number.NaN, tolerance: 0, passed: false, note }
    return { op, passed: false, rows: [row] }
  }
}

/** error / tolerance: below 1 it passed. 0 where nothing was measured. */
const ratio = ({ error, tolerance, passed }: CheckRow): number =>
  passed && tolerance === 0 ? 0 : Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / tolerance

const worst = (rows: readonly CheckRow[]): CheckRow | undefined =>
  rows.reduce<CheckRow | undefined>((a, b) => (a && ratio(a) >= ratio(b) ? a : b), undefined)

/** One line per operator; what failed, in detail; with `verbose`, every row. */
export function checkText(reports: readonly TimedReport[], { verbose = false, width = 100 } = {}): string {
  const table = new Table({
    head: ['operator', 'checks', 'worst error/tolerance', 'seconds', 'passed'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'left', 'right', 'left']
  })
  const name = Math.max(12, width - 60)
  for (const { op, rows, seconds, passed } of reports) {
    const row = worst(rows)
    const where = row && ratio(row) > 0 ? `${number(ratio(row), 2)}\n${row.check}` : '0'
    const line = width < 90 ? where : where.replace('\n', '  ')
    table.push([wrap(op, name).join('\n'), rows.length, line, seconds.toFixed(2), passed ? 'yes' : 'NO'])
  }
  const details = reports.flatMap(report => {
    const rows = verbose ? report.rows : report.rows.filter(r => !r.passed)
    const none = report.rows.length === 0 ? ['  it has no examples, so nothing was checked'] : []
    return rows.length + none.length ? ['', `${report.op}:`, ...none, ...rows.flatMap(r => detail(r, width))] : []
  })
  const failed = reports.filter(r => !r.passed).length
  const checks = reports.reduce((sum, r) => sum + r.rows.length, 0)
  const plural = reports.length === 1 ? 'operator' : 'operators'
  return [
    table.toString(),
    ...details,
    '',
    `${reports.length} ${plural}, ${checks} checks: ${failed === 0 ? 'all passed' : `${failed} of ${reports.length} ${plural} failed`}`
  ].join('\n')
}

function detail({ check, example, error, tolerance, passed, note }: CheckRow, width: number): string[] {
  const measured = Number.isNaN(error) ? 'no number' : error.toExponential(1)
  const numbers = tolerance > 0 ? `${measured}, allowed ${tolerance.toExponential(1)}` : passed ? '' : measured
  const text = [`${check} at ${example || 'its examples'}`, numbers, note].filter(Boolean).join('; ')
  return wrap(`${passed ? 'ok    ' : 'FAILED'} ${text}`, width - 4).map((line, i) => (i ? `    ${line}` : `  ${line}`))
}

/** As JSON; what is not a finite number becomes null. */
export const checkJson = (reports: readonly TimedReport[]): string => JSON.stringify(reports, null, 2)
