import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { sinh } from './sinh.js'

export const coshOp = elementwise({
  name: 'cosh',
  doc: `y = cosh x
  tangent  dy = sinh x dx
  adjoint  sinh x ct
  inverse  ±arcosh ỹ with the sign of x (plus at 0); 0 for ỹ < 1, the nearest target in reach`,
  tex: {
    y: String.raw`y = \cosh x`,
    slope: String.raw`\sinh x\,`,
    inverse: String.raw`\tilde x = \pm\operatorname{arcosh}\max(\tilde y, 1)`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.cosh(x[i])
  },
  gpu: '(Math.exp(x) + Math.exp(-x)) / 2',
  derivative: x => sinh(x),
  inverse: { kind: 'local', at: (t, x) => (x < 0 ? -1 : 1) * Math.acosh(Math.max(1, t)) },
  extremes: [700, -700, 1e-300, -1e-300],
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)] },
    { inputs: [r.uniform([3], -12, -0.5)], note: 'negative branch' }
  ]
})

/** cosh x */
export const cosh = elementwiseFunction(coshOp)
