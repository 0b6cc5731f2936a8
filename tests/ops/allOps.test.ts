import t from 'tap'
import { checkOp } from '../../core/check/index.js'
import { checkedOps } from '../checkedOps.js'

// Every operator, every check of its rules, in f64.
const start = Date.now()
let rows = 0
for (const op of checkedOps) {
  const report = checkOp(op)
  rows += report.rows.length
  const bad = report.rows.filter(r => !r.passed)
  t.ok(report.passed, `${op.name}: ${report.rows.length} checks`, { diagnostic: bad.length > 0, bad })
}
t.comment(`${checkedOps.length} operators, ${rows} checks, ${((Date.now() - start) / 1000).toFixed(1)} s`)
