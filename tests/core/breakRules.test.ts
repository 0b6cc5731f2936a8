import t from 'tap'
import { breakRules } from '../breakRules.js'
import { checkedOps } from '../checkedOps.js'

// The checks of the checks: every rule broken in three ways is caught. `node dist/tests/breakRules.js` prints the table.
for (const op of checkedOps) {
  const outcomes = breakRules([op])
  const missed = outcomes.filter(o => o.caught === 'NOT CAUGHT')
  t.same(missed, [], `${op.name}: ${outcomes.length} breakages`)
}
