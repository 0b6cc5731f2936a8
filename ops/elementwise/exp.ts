import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'

export const expOp = elementwise({
  name: 'exp',
  doc: `y = eˣ
  tangent  dy = y dx
  adjoint  y ct
  inverse  x̃ = ln ỹ; none for ỹ ≤ 0
  caveats  beyond 709.78 y is infinite`,
  tex: { y: 'y = e^x', slope: 'y', inverse: String.raw`\tilde x = \ln\tilde y` },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.exp(x[i])
  },
  gpu: 'Math.exp(x)',
  wasm: 'exp',
  derivative: (_, y) => y,
  inverse: { kind: 'exact', at: t => (t > 0 ? Math.log(t) : Number.NaN) },
  extremes: [700, -700, 1e-300, -1e-300],
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -12, 12)], note: 'large' },
    { inputs: [r.uniform([], 40, 60)] }
  ]
})

/** eˣ */
export const exp = elementwiseFunction(expOp)
