import { InverseError, type PhysgradError, RuleError } from '../errors.js'

/** One number of one check at one example. An array of them is made for console.table. */
export interface CheckRow {
  check: string
  example: string
  error: number
  tolerance: number
  passed: boolean
  /** Why there is no number, or what was thrown. */
  note: string
}

export interface CheckOptions {
  /** Throw a RuleError (of an inverse rule: an InverseError) for the first row that did not pass. Default: report. */
  throw?: boolean
}

/** NaN never passes. */
export const judge = (check: string, example: string, error: number, tolerance: number, note = ''): CheckRow => ({
  check,
  example,
  error,
  tolerance,
  passed: error <= tolerance,
  note
})

/** A check that says nothing here, and why. */
export const skipped = (check: string, example: string, note: string): CheckRow => ({
  check,
  example,
  error: 0,
  tolerance: 0,
  passed: true,
  note
})

/** Runs a check; what a rule throws becomes a row that did not pass. */
export function guarded(check: string, example: string, run: () => CheckRow[]): CheckRow[] {
  try {
    return run()
  } catch (e) {
    const message = e instanceof Error ? `${e.name}: ${e.message}` : String(e)
    return [{ check, example, error: Number.NaN, tolerance: 0, passed: false, note: message }]
  }
}

/** The rows, or an error for the first that failed where that was asked. */
export function finish(name: string, rows: CheckRow[], options: CheckOptions = {}): CheckRow[] {
  const bad = options.throw ? rows.find(r => !r.passed) : undefined
  if (bad) throw errorOf(name, bad)
  return rows
}

function errorOf(name: string, row: CheckRow): PhysgradError {
  const found = `error ${row.error.toExponential(1)} at ${row.example}, where ${row.tolerance.toExponential(1)} is allowed${row.note && ` (${row.note})`}`
  return row.check.startsWith('inverse')
    ? new InverseError(`check '${row.check}' of ${name}`, found, 'Compare the inverse rule with the law of its kind')
    : new RuleError(
        `check '${row.check}' of ${name}`,
        found,
        'Derive the rule again; the check names what it contradicts'
      )
}
