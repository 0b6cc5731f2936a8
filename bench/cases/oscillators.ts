import { random, sampleJacobian, sampleSweep, Tape, withProfile } from '../../core/index.js'
import { makeMethod, makeNet, model } from '../../experiments/oscillators.js'
import { evaluate } from '../../optim/index.js'
import { oscillators } from '../../physics/index.js'
import { type Cases, uniform } from '../case.js'

const [BATCH, STATES, STEPS] = [32, 4, 24]

/** Per-sample Jacobians of the 1,444-parameter network of the oscillators, and the step of half-inverse gradients. */
export const oscillatorCases: Cases = () => {
  const net = makeNet()
  const theta = net.init(random(0))
  const x0 = uniform([BATCH, STATES], 'f64')
  const step = () => {
    const method = makeMethod('HIG')
    const loss = model(net)
    return () => {
      using e = evaluate(th => loss(th, x0), theta)
      return method.step(theta, e, null)
    }
  }
  return [
    {
      name: `rows of the network, ${BATCH}×${STATES} given`,
      setup: () => {
        const rows = uniform([STATES, BATCH, STEPS], 'f64')
        return () => {
          using tape = new Tape()
          const th = tape.watch(theta)
          const u = tape.record(() => net(th, x0))
          sampleSweep(tape, [[u, { rows, batched: true }]], { take: () => true })
        }
      }
    },
    {
      name: `sampleJacobian, network and ${STEPS} RK4 steps`,
      setup: () => {
        const simulate = oscillators({ masses: 2, steps: STEPS, dt: 0.5 })
        const jacobian = sampleJacobian((th, x0) => simulate(x0, net(th, x0)), { wrt: 0 })
        return () => jacobian(theta, x0)
      }
    },
    {
      name: `HIG step of the oscillators, batch ${BATCH}`,
      setup: step,
      note: () => withProfile(step()).profile.toText(12)
    }
  ]
}
