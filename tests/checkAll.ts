import type { Test } from 'tap'
import { type CheckRow, checkOp } from '../core/check/index.js'
import { type Op, withBackend } from '../core/index.js'
import { inArena } from './inArena.js'

const SECOND_ORDER = /^(jvp|vjp) of (jvp|vjp)|^symmetry$/
/** A check that does not apply at an example says why, and has no number. */
const silent = (r: CheckRow): boolean => r.passed && r.tolerance === 0 && r.note !== ''

/**
 * Every check of the rules of these operators, in f64 and f32, on both backends of the CPU: the examples are small, so each
 * is forced. With `wasm`, tensors live where it works on them without a copy.
 */
export function checkAll(t: Test, ops: readonly Op[]): void {
  const start = Date.now()
  const rows: CheckRow[] = []
  for (const backend of ['plain', 'wasm'] as const)
    for (const op of ops) {
      const check = () => withBackend(backend, () => checkOp(op))
      const report = backend === 'wasm' ? inArena(check) : check()
      rows.push(...report.rows)
      const bad = report.rows.filter(r => !r.passed)
      t.ok(report.passed, `${op.name}, ${backend}: ${report.rows.length} checks`, { diagnostic: bad.length > 0, bad })
    }
  const done = rows.filter(r => !silent(r))
  const f32 = done.filter(r => r.check.startsWith('f32')).length
  const second = done.filter(r => SECOND_ORDER.test(r.check)).length
  const first = done.length - f32 - second
  const seconds = ((Date.now() - start) / 1000).toFixed(1)
  t.comment(`${ops.length} operators on 2 backends, ${done.length} checks in ${seconds} s`)
  t.comment(`f64 ${first}, f32 ${f32}, second order ${second}; ${rows.length - done.length} more do not apply`)
}
