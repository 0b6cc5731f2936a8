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
  inverse  ỹ for ỹ > 0, ỹ / slope elsewhere. A slope of 0: as relu. A negative slope: ỹ or ỹ / slope on the side of x
           (right at 0), and 0 for ỹ < 0, the nearest target in reach
  caveats  at 0 the derivative is the slope, as in PyTorch`,
  tex: {
    y: String.raw`y = \begin{cases} x & x > 0 \\ s x & \text{else} \end{cases}`,
    slope: String.raw`\begin{cases} 1 & x > 0 \\ s & \text{else} \end{cases}\,`,
    inverse: String.raw`\tilde x = \begin{cases} \tilde y & \tilde y > 0 \\ \tilde y / s & \text{else} \end{cases}`
  },
  kernel: (x, y, { slope }) => {
    for (let i = 0; i < x.length; i++) y[i] = x[i] > 0 ? x[i] : slope * x[i]
  },
  gpu: ({ slope }) => `x > 0 ? x : ${slope} * x`,
  derivative: (x, _, { slope }) => constantOf(x, v => (v > 0 ? 1 : slope), `x > 0 ? 1 : ${slope}`),
  inverse: { kind: 'local', at: (t, x, { slope }) => back(t, x, slope) },
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { slope: 0.01 } },
    { inputs: [r.normal([4])], attrs: { slope: 0.2 } },
    { inputs: [tensor([1.5, -2, -0.5, 0.3])], attrs: { slope: -0.5 }, note: 'a valley' },
    { inputs: [tensor([1.5, -2])], attrs: { slope: 0 }, note: 'flat' },
    { inputs: [tensor([0, 1, -1])], attrs: { slope: 0.1 }, smooth: false, note: 'kink' }
  ]
})

function back(t: number, x: number, slope: number): number {
  if (slope > 0) return t > 0 ? t : t / slope
  if (slope === 0) return t > 0 ? t : Math.min(x, 0)
  return t < 0 ? 0 : x < 0 ? t / slope : t
}

/** x where x > 0, slope · x elsewhere. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  checkNumbers('leakyRelu', 'finite', { slope })
  return apply(leakyReluOp, [x], { slope })
}
