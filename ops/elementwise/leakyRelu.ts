import { apply } from '../../core/apply.js'
import { elementwise } from '../../core/families/elementwise.js'
import { checkNumbers } from '../../core/options.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { constantOf } from './constantOf.js'

export const leakyReluOp = elementwise<{ slope: number }>({
  name: 'leakyRelu',
  doc: `y = x where x > 0, slope · x elsewhere
  tangent  dy = dx or slope dx
  adjoint  ct or slope ct
  inverse  ỹ for ỹ > 0, ỹ / slope elsewhere
  domain   slope > 0; at the kink the derivative is the slope`,
  tex: {
    y: String.raw`y = \begin{cases} x & x > 0 \\ s x & \text{else} \end{cases}`,
    slope: String.raw`\begin{cases} 1 & x > 0 \\ s & \text{else} \end{cases}\,`,
    inverse: String.raw`\tilde x = \begin{cases} \tilde y & \tilde y > 0 \\ \tilde y / s & \text{else} \end{cases}`
  },
  kernel: (x, y, { slope }) => {
    for (let i = 0; i < x.length; i++) y[i] = x[i] > 0 ? x[i] : slope * x[i]
  },
  derivative: (x, _, { slope }) => constantOf(x, v => (v > 0 ? 1 : slope)),
  inverse: { kind: 'exact', at: (t, _, { slope }) => (t > 0 ? t : t / slope) },
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { slope: 0.01 } },
    { inputs: [r.normal([4])], attrs: { slope: 0.2 } },
    { inputs: [tensor([0, 1, -1])], attrs: { slope: 0.1 }, smooth: false, note: 'kink' }
  ]
})

/** x where x > 0, slope · x elsewhere. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  checkNumbers('leakyRelu', 'finite', { slope })
  return apply(leakyReluOp, [x], { slope })
}
