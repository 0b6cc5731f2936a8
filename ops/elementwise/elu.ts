import { apply } from '../../core/apply.js'
import { expm1 } from '../../core/backends/gpu/formulas.js'
import { elementwise } from '../../core/families/elementwise.js'
import { checkNumbers } from '../../core/options.js'
import { mul } from '../../core/structural/mul.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { constantOf } from './constantOf.js'
import { exp } from './exp.js'
import { where } from './where.js'

export const eluOp = elementwise<{ alpha: number }>({
  name: 'elu',
  doc: `y = x where x > 0, α (eˣ - 1) elsewhere
  tangent  dy = dx, or α eˣ dx
  adjoint  ct, or α eˣ ct
  inverse  ỹ for ỹ > 0, ln(1 + ỹ/α) elsewhere; none for ỹ ≤ -α
  domain   α > 0
  caveats  at 0 the derivative is α (a kink unless α = 1), as in PyTorch`,
  tex: {
    y: String.raw`y = \begin{cases} x & x > 0 \\ \alpha(e^x - 1) & \text{else} \end{cases}`,
    slope: String.raw`\begin{cases} 1 & x > 0 \\ \alpha e^x & \text{else} \end{cases}\,`,
    inverse: String.raw`\tilde x = \begin{cases} \tilde y & \tilde y > 0 \\ \ln(1 + \tilde y/\alpha) & \text{else} \end{cases}`
  },
  kernel: (x, y, { alpha }) => {
    for (let i = 0; i < x.length; i++) y[i] = x[i] > 0 ? x[i] : alpha * Math.expm1(x[i])
  },
  gpu: ({ alpha }) => `x > 0 ? x : ${alpha} * ${expm1('x')}`,
  derivative: (x, _, { alpha }) => {
    const right = constantOf(x, v => (v > 0 ? 1 : 0), 'x > 0 ? 1 : 0')
    // The exponential of 0 where it is not used: it must not overflow.
    return where(right, 1, mul(exp(where(right, 0, x)), alpha))
  },
  inverse: {
    kind: 'exact',
    at: (t, _, { alpha }) => (t > 0 ? t : t > -alpha ? Math.log1p(t / alpha) : Number.NaN)
  },
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { alpha: 1 } },
    { inputs: [r.uniform([4], -8, 800)], attrs: { alpha: 0.5 }, note: 'large' },
    { inputs: [tensor([0, 1, -1])], attrs: { alpha: 0.5 }, smooth: false, note: 'kink' }
  ]
})

/** x where x > 0, α (eˣ - 1) elsewhere. */
export function elu(x: Tensor, alpha = 1): Tensor {
  checkNumbers('elu', 'positive', { alpha })
  return apply(eluOp, [x], { alpha })
}
