import { sinh as sinhForm } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { cosh } from './cosh.js'

export const sinhOp = elementwise({
  name: 'sinh',
  doc: `y = sinh x
  tangent  dy = cosh x dx
  adjoint  cosh x ct
  inverse  x̃ = arsinh ỹ`,
  tex: {
    y: String.raw`y = \sinh x`,
    slope: String.raw`\cosh x\,`,
    inverse: String.raw`\tilde x = \operatorname{arsinh}\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.sinh(x[i])
  },
  gpu: sinhForm('x'),
  derivative: x => cosh(x),
  inverse: { kind: 'exact', at: t => Math.asinh(t) },
  extremes: [700, -700, 1e-300, -1e-300],
  examples: r => [{ inputs: [r.normal([2, 3])] }, { inputs: [r.uniform([3], -12, 12)], note: 'large' }]
})

/** sinh x */
export const sinh = elementwiseFunction(sinhOp)
