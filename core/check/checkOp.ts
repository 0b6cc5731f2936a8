import type { Example, Op } from '../op.js'
import { type Random, random as stream } from '../random.js'
import { dotCheck } from './dotCheck.js'
import { f32Check } from './f32Check.js'
import { firstOrderCheck, secondOrderCheck } from './gradCheck.js'
import { inverseCheck } from './inverseCheck.js'
import { newtonStepCheck } from './newtonStepCheck.js'
import { type CheckOptions, type CheckRow, finish, judge } from './row.js'
import { sampleJacobianCheck } from './sampleJacobianCheck.js'
import { shapeCheck } from './shapeCheck.js'
import { viewsCheck } from './viewsCheck.js'

type Check = (op: Op, example: Example, random: Random) => CheckRow[]

/** Every check that an operator must pass, cheap ones first. */
export const checks: Readonly<Record<string, Check>> = {
  shape: shapeCheck,
  dot: dotCheck,
  firstOrder: firstOrderCheck,
  sampleJacobian: sampleJacobianCheck,
  inverse: inverseCheck,
  newtonStep: newtonStepCheck,
  secondOrder: secondOrderCheck,
  f32: f32Check,
  views: viewsCheck
}

export interface CheckOpOptions extends CheckOptions {
  /** Names of the checks to run; all by default. */
  only?: readonly string[]
  random?: Random
  /** End at the first row that did not pass. */
  first?: boolean
}

export interface OpReport {
  op: string
  passed: boolean
  rows: CheckRow[]
}

/**
 * All checks at all of an operator's examples. Nothing is thrown unless asked (`throw: true`).
 *
 *     console.table(checkOp(logistic).rows)
 */
export function checkOp(op: Op, { only, random = stream(0), first, ...options }: CheckOpOptions = {}): OpReport {
  const r = random.split(op.name)
  const examples = op.examples(r.split('examples'))
  const rows: CheckRow[] = []
  const report = () => ({ op: op.name, passed: examples.length > 0 && rows.every(row => row.passed), rows })
  for (const [name, check] of Object.entries(checks)) {
    if (only && !only.includes(name)) continue
    examples.forEach((example, k) => {
      if (first && rows.some(row => !row.passed)) return
      rows.push(...check(op, example, r.split(`${name} ${k}`)))
    })
  }
  if (!first || report().passed) rows.push(...unanswered(rows))
  finish(op.name, rows, options)
  return report()
}

/** A rule may refuse a site, but one that refuses an input at every example was not checked at all. */
function unanswered(rows: readonly CheckRow[]): CheckRow[] {
  const input = (row: CheckRow): string | undefined => /^inverse.*\((.*)\)$/.exec(row.check)?.[1]
  const refusal = (row: CheckRow): boolean => row.note.startsWith('refused')
  const ofInput = rows.filter(row => input(row) !== undefined)
  const refused = new Set(ofInput.filter(refusal).map(input))
  // A check that was skipped has not asked.
  for (const row of ofInput) if (row.tolerance > 0) refused.delete(input(row))
  return [...refused].map(name =>
    judge(`inverse (${name})`, 'all', 1, 0, 'the rule refused at every example: give one at which it answers')
  )
}

/** All checks of many operators. */
export const checkAll = (ops: readonly Op[], options?: CheckOpOptions): OpReport[] =>
  ops.map(op => checkOp(op, options))
