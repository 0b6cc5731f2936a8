import type { ExperimentTable } from './shell/types.js'

/**
 * Every experiment of the command line, in the order in which `list` shows them. One line each; the module is
 * imported only when it is run or when its help is asked for, so that the command line starts at once.
 */
const at = (path: string) => new URL(path, import.meta.url)

export const experiments: ExperimentTable = {
  heat: { about: 'learning to invert heat conduction: SIP against GD', module: at('./heat.js') },
  comparison: {
    about: 'gradient descent, Newton and the physical gradient on (x0, x1²)',
    module: at('./comparison.js')
  },
  oscillators: { about: 'controlling coupled oscillators: HIG, SIP and GD', module: at('./oscillators.js') },
  'half-inverse': {
    about: 'half-inverse gradients by SVD, by Gram matrix and by Krylov steps',
    module: at('./halfInverse.js')
  },
  sine: { about: 'inverting a sine: SIP against five optimisers', module: at('./sine.js') },
  poisson: { about: 'charges from potentials, where the inverse is the easy direction', module: at('./poisson.js') },
  'hig-batch': { about: 'half-inverse gradients and the size of the batch', module: at('./higBatch.js') },
  chain: { about: 'one chain, three rungs: exact, Newton and the gradient', module: at('./chain.js') }
}
