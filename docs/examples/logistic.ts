import { apply, defineBlock, type Tensor } from 'physgrad'
import { add, div, mul, sub } from 'physgrad/ops'

/** Growth dx/dt = x (1 - x), followed exactly from x over a time: x / (x + (1 - x) e^-time). */
const flow = (x: Tensor, time: number): Tensor => div(x, add(x, mul(sub(1, x), Math.exp(-time))))

/** A population that grows for a time t. Its inverse lets time run backwards. */
export const logisticOp = defineBlock<{ t: number }>({
  name: 'logistic',
  doc: `y = x / (x + (1 - x) e^-t): the population after time t of logistic growth, dx/dt = x (1 - x)
  tangent  dy = e^-t dx / (x + (1 - x) e^-t)², from the composition
  adjoint  e^-t ct / (x + (1 - x) e^-t)², from the composition
  inverse  x̃ = logistic(ỹ; -t): time runs backwards
  domain   x ≥ 0; x = 1 is the population that the land can feed
  cost     five passes over the entries
  source   P.-F. Verhulst 1838`,
  tex: {
    y: String.raw`y = \frac{x}{x + (1 - x)\,e^{-t}}`,
    tangent: String.raw`dy = \frac{e^{-t}\,dx}{(x + (1 - x)\,e^{-t})^2}`,
    adjoint: String.raw`\bar x = \frac{e^{-t}\,\bar y}{(x + (1 - x)\,e^{-t})^2}`,
    inverse: String.raw`\tilde x = \frac{\tilde y}{\tilde y + (1 - \tilde y)\,e^{t}}`
  },
  forward: ([x], { t }) => flow(x, t),
  inverse: { kind: 'exact', apply: (site, claim) => [flow(claim.value, -site.attrs.t)] },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.1, 0.9)], attrs: { t: 2 } },
    { inputs: [r.uniform([3], 1, 2)], attrs: { t: 0.5 }, note: 'too many' },
    { inputs: [r.uniform([0, 2])], attrs: { t: 1 }, note: 'empty axis' }
  ]
})

/** The population x after time t. */
export const logistic = (x: Tensor, t: number): Tensor => apply(logisticOp, [x], { t })
