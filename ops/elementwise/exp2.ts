import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'

export const exp2Op = elementwise({
  name: 'exp2',
  doc: `y = 2ˣ
  tangent  dy = y ln 2 dx
  adjoint  y ln 2 ct
  inverse  x̃ = log₂ ỹ; none for ỹ ≤ 0
  caveats  from 1024 on y is infinite`,
  tex: {
    y: 'y = 2^x',
    slope: String.raw`y \ln 2\,`,
    inverse: String.raw`\tilde x = \log_2\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = 2 ** x[i]
  },
  gpu: 'Math.pow(2, x)',
  derivative: (_, y) => mul(y, Math.LN2),
  inverse: { kind: 'exact', at: t => (t > 0 ? Math.log2(t) : Number.NaN) },
  examples: r => [{ inputs: [r.normal([2, 3])] }, { inputs: [r.uniform([3], -12, 12)], note: 'large' }],
  extremes: [1000, -1000, 1e-300, -1e-300]
})

/** 2ˣ */
export const exp2 = elementwiseFunction(exp2Op)
