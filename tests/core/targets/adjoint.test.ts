import t from 'tap'
import { Tape, targetSweep, tensor } from '../../../core/index.js'
import { add, cbrt } from '../../../ops/index.js'

t.test('a gradient that is not finite is said to be that, and moves nothing', t => {
  const tape = new Tape()
  const x = tape.watch(tensor([[0], [8]]))
  const y = tape.record(() => add(cbrt(x), x))
  const { targets, report } = targetSweep(tape, [[y, tensor([[0.5], [11]])]], [x])
  t.equal(targets[0].value.data[0], 0, 'the slope of the cube root is infinite at 0')
  t.ok(
    Math.abs(Math.cbrt(targets[0].value.data[1]) + targets[0].value.data[1] - 11) < 1e-9,
    'the other sample is solved'
  )
  t.ok(report.rungs[0].refused.some(r => r.rung === 'adjoint' && r.reason === 'not finite in 1 of 2 samples'))
  t.end()
})
