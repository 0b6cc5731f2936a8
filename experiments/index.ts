import type { ExperimentTable } from './shell/types.js'

/**
 * Every experiment of the command line, in the order in which `list` shows them. One line each; the module is
 * imported only when it is run or when its help is asked for, so that the command line starts at once.
 */
const at = (path: string) => new URL(path, import.meta.url)

export const experiments: ExperimentTable = {
  comparison: {
    about: 'gradient descent, Newton and the physical gradient on (x0, x1²)',
    module: at('./comparison.js')
  },
  exponential: { about: 'the inverse of exp, learned: SIP, Newton, GD', module: at('./exponential.js') },
  sine: { about: 'inverting a sine: SIP against five optimisers', module: at('./sine.js') },
  multimodal: {
    about: 'where many x give one y: supervised training averages, SIP picks one',
    module: at('./multimodal.js')
  },
  heat: { about: 'learning to invert heat conduction: SIP against GD', module: at('./heat.js') },
  poisson: { about: 'charges from potentials, where the inverse is the easy direction', module: at('./poisson.js') },
  fluid: { about: 'the flow of two seconds ago: time reversal as an approximate inverse', module: at('./fluid.js') },
  'hig-toy': { about: 'half-inverse gradients, Gauss-Newton and Adam on two waves', module: at('./higToy.js') },
  oscillators: { about: 'controlling coupled oscillators: HIG, SIP and GD', module: at('./oscillators.js') },
  'oscillators-nonlinear': {
    about: 'cubic springs, 96 steps: HIG, Gauss-Newton and Adam',
    module: at('./oscillatorsNonlinear.js')
  },
  'poisson-hig': {
    about: 'HIG where the Jacobian is 4096×24896: solving for a potential on 8×8 cells',
    module: at('./poissonHig.js')
  },
  'quantum-dipole': {
    about: 'steering a wave function into another state: HIG, Gauss-Newton and Adam',
    module: at('./quantumDipole.js')
  },
  control: {
    about: 'networks that act at every step: SIP and GD through time',
    module: at('./control.js')
  },
  optimum: {
    about: 'first steps: near the optimum, through sensitive functions and compositions',
    module: at('./optimum.js')
  },
  scale: { about: 'which units the steps of each method have', module: at('./scale.js') },
  'hig-batch': { about: 'half-inverse gradients and the size of the batch', module: at('./higBatch.js') },
  'half-inverse': {
    about: 'half-inverse gradients by SVD, by Gram matrix and by Krylov steps',
    module: at('./halfInverse.js')
  },
  chain: { about: 'one chain, three rungs: exact, Newton and the gradient', module: at('./chain.js') }
}
