import { withProfile } from '../../core/index.js'
import { makeBatch, makeMethod, model, problem } from '../../experiments/heat.js'
import { evaluate } from '../../optim/index.js'
import type { Cases } from '../case.js'

const THREADS = 2

/** One training step of the heat U-net with SIP: data, forward, inverse physics, backward, Adam. */
export const heatCases: Cases = extent => {
  const batch = extent === 'full' ? 128 : extent === 'quick' ? 4 : 16
  const { net, theta, data } = problem(0)
  const method = makeMethod('SIP')
  const loss = model(net)
  let last = { theta, state: method.init(theta) }
  const step = () => {
    const b = makeBatch(data, batch)
    using e = evaluate(th => loss(th, b), last.theta, { reduce: 'sum' })
    last = method.step(last.theta, e, last.state)
  }
  return [
    {
      name: `heat step, U-net, batch ${batch}, 64×64, ${THREADS} threads`,
      threads: THREADS,
      setup: () => step,
      python: { script: 'torch', key: `heat ${batch}` },
      note: () => withProfile(step).profile.toText(24)
    }
  ]
}
