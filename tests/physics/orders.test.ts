import t from 'tap'
import { inRange, measureOrder, orderCases } from '../../bench/orders.js'

t.test('every simulator converges as its theory says', async t => {
  for (const one of orderCases()) {
    const row = measureOrder(one)
    const errors = row.errors.map(e => e.toExponential(1)).join(', ')
    t.ok(inRange(row), `${row.name} in ${row.refined}: slope ${row.slope.toFixed(2)} (${errors})`)
  }
})
