import { log1p } from '../../core/backends/gpu/formulas.js'
import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { cosh } from './cosh.js'
import { reciprocal } from './reciprocal.js'

export const asinhOp = elementwise({
  name: 'asinh',
  doc: `y = arsinh x = ln(x + √(x² + 1))
  tangent  dy = dx / √(1 + x²), with √(1 + x²) = cosh y, which does not overflow
  adjoint  ct / √(1 + x²)
  inverse  x̃ = sinh ỹ`,
  tex: {
    y: String.raw`y = \operatorname{arsinh} x`,
    slope: String.raw`\frac{1}{\sqrt{1 + x^2}}`,
    inverse: String.raw`\tilde x = \sinh\tilde y`
  },
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = Math.asinh(x[i])
  },
  gpu: `const a = Math.abs(x); const q = a * a; const u = a + q / (1 + Math.sqrt(q + 1)); ${log1p('l', 'u')} return Math.sign(x) * l;`,
  derivative: (_, y) => reciprocal(cosh(y)),
  inverse: { kind: 'exact', at: t => Math.sinh(t) },
  examples: r => [{ inputs: [r.normal([2, 3])] }, { inputs: [r.uniform([3], -1e4, 1e4)], note: 'large' }]
})

/** arsinh x = ln(x + √(x² + 1)) */
export const asinh = elementwiseFunction(asinhOp)
