import { withProfile } from '../../core/index.js'
import { train } from '../../experiments/heatTraining.js'
import type { Cases } from '../case.js'

const THREADS = 2

/** One training step of the heat U-net with SIP: data, forward, inverse physics, backward, Adam. */
export const heatCases: Cases = extent => {
  const batch = extent === 'full' ? 128 : extent === 'quick' ? 4 : 16
  const steps = train({ method: 'SIP', seed: 0, steps: 1e6, batch })
  return [
    {
      name: `heat step, U-net, batch ${batch}, 64×64, ${THREADS} threads`,
      threads: THREADS,
      setup: () => () => steps.next(),
      python: { script: 'torch', key: `heat ${batch}` },
      note: () => withProfile(() => steps.next()).profile.toText(24)
    }
  ]
}
