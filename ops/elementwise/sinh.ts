import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { cosh } from './cosh.js'

export const sinhOp = elementwise({
  name: 'sinh',
  doc: `y = sinh x
  tangent  dy = cosh x dx
  adjoint  cosh x ct
  inverse  x̃ = arsinh ỹ`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sinh(x[i])
  },
  derivative: x => cosh(x),
  inverse: { kind: 'exact', at: t => Math.asinh(t) },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -12, 12)], note: 'large' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** sinh x */
export const sinh = elementwiseFunction(sinhOp)
