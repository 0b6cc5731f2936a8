import type { ExperimentTable } from './shell/types.js'

/**
 * Every experiment of the command line, in the order in which `list` shows them. One line each; the module is
 * imported only when it is run or when its help is asked for, so that the command line starts at once.
 */
export const experiments: ExperimentTable = {
  heat: { about: 'learning to invert heat conduction: SIP against GD', load: () => import('./heat.js') },
  comparison: {
    about: 'gradient descent, Newton and the physical gradient on (x0, x1²)',
    load: () => import('./comparison.js')
  },
  oscillators: { about: 'controlling coupled oscillators: HIG, SIP and GD', load: () => import('./oscillators.js') },
  'half-inverse': {
    about: 'half-inverse gradients by SVD, by Gram matrix and by Krylov steps',
    load: () => import('./halfInverse.js')
  }
}
