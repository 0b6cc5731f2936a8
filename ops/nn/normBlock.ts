import { defineBlock } from '../../core/defineBlock.js'
import type { Example, Op } from '../../core/op.js'
import type { Random } from '../../core/random.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import type { Tensor } from '../../core/tensor.js'

interface NormRules<A> {
  name: string
  /** What mean and variance are taken over, and the sentence on rows. */
  over: string
  rows: string
  source: string
  /** The index of μ and σ², typeset. */
  index: string
  /** (x - μ)/√(σ² + ε) */
  normalised(x: Tensor, w: Tensor, attrs: A): Tensor
  /** Weight or bias in a shape that broadcasts against x. */
  spread(t: Tensor, x: Tensor): Tensor
  examples(random: Random): readonly Example<A>[]
}

/** The family y = w ŷ + b, ŷ = (x - μ)/√(σ² + ε): batch, layer and group norm differ in what μ and σ² are taken over. */
export function normBlock<A extends { eps: number }>(rules: NormRules<A>): Op<A> {
  const i = rules.index
  return defineBlock<A>({
    name: rules.name,
    doc: `y = w ŷ + b, ŷ = (x - μ)/s, s = √(σ² + ε), μ and σ² (biased) over ${rules.over}
  tangent  dy = w/s (dx - ⟨dx⟩ - ŷ ⟨ŷ dx⟩) + dw ŷ + db, ⟨⟩ the mean over the same entries
  adjoint  (g - ⟨g⟩ - ŷ ⟨ŷ g⟩)/s with g = w ct to x; ŷ ct to w and ct to b, summed where they are shared
  inverse  none of its own: μ and σ are lost; the ladder solves the block
  rows     ${rules.rows}
  cost     about ten passes over x
  caveats  equal entries give b when ε > 0, and 0/0 when ε = 0
  source   ${rules.source}`,
    tex: {
      y: String.raw`y = w\,\hat y + b,\quad \hat y = \frac{x - \mu${i}}{s${i}},\quad s${i} = \sqrt{\sigma${i}^2 + \varepsilon}`,
      tangent: String.raw`dy = \tfrac{w}{s${i}}\bigl(dx - \langle dx\rangle - \hat y\,\langle \hat y\,dx\rangle\bigr) + dw\,\hat y + db`,
      adjoint: String.raw`\bar x = \tfrac{1}{s${i}}\bigl(g - \langle g\rangle - \hat y\,\langle \hat y\,g\rangle\bigr),\quad g = w\,\bar y`
    },
    forward: ([x, w, b], attrs) => add(mul(rules.normalised(x, w, attrs), rules.spread(w, x)), rules.spread(b, x)),
    examples: rules.examples
  })
}
