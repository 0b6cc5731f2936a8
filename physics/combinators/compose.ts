import { defineBlock } from '../../core/defineBlock.js'
import { OptionError } from '../../core/errors.js'
import type { Example } from '../../core/op.js'
import type { Tensor } from '../../core/tensor.js'
import { checkSimulator, type Simulator, simulator } from '../simulator.js'
import { insideInverse, kindInWords } from './inside.js'

export interface ComposeAttrs {
  /** In the order in which they act. */
  readonly parts: readonly Simulator[]
}

/**
 * Simulators one after the other, the first argument first: compose(P, Q)(x) = Q(P(x)). One site on a tape, whose inverse
 * asks the parts, the last one first: each answers by its own rule, so that it is exact where they are. Further inputs of
 * the first part (its controls) stay inputs; the others take a state alone.
 *
 * Throws OptionError for no parts, RuleError for what is no simulator.
 */
export function compose(...parts: readonly Simulator[]): Simulator<ComposeAttrs> {
  if (parts.length === 0) throw new OptionError('compose', 'nothing to compose', 'Give one simulator or several')
  for (const P of parts) checkSimulator(P, 'compose')
  const run = (inputs: readonly Tensor[], attrs: ComposeAttrs): Tensor =>
    attrs.parts.slice(1).reduce((s, P) => P(s), attrs.parts[0](...inputs))
  const ops = parts.map(P => P.op)
  const inverse = insideInverse<ComposeAttrs>(ops, run, (attrs, factor) => ({
    parts: attrs.parts.map(P => simulator(P.op, P.op.inverse?.refine?.(P.attrs, factor) ?? P.attrs))
  }))
  const names = ops.map(op => op.name)
  const op = defineBlock<ComposeAttrs>({
    name: names.join('_'),
    doc: `${names.join(', then ')}
  tangent  the chain rule, forward
  adjoint  the chain rule, backward
  inverse  ${
    inverse
      ? `${kindInWords(inverse)}: the parts' own rules, the last part first; trust it as the least of them,
           near the current point: a branch that is nearest for one part may be out of reach for those before it`
      : 'none: the ladder solves the block'
  }
  domain   that of the first part; each output in the domain of the next
  cost     the sum of the parts`,
    tex: {
      y: String.raw`y = P_n \circ \cdots \circ P_1(x)`,
      tangent: String.raw`dy = J_n \cdots J_1\,dx`,
      adjoint: String.raw`\bar x = J_1^\top \cdots J_n^\top \bar y`,
      inverse: String.raw`\tilde x = P_1^{-1} \circ \cdots \circ P_n^{-1}(\tilde y)`
    },
    forward: run,
    inverse,
    examples: r =>
      ops[0].examples(r).map(
        ({ attrs, ...e }): Example<ComposeAttrs> => ({
          ...e,
          attrs: { parts: [simulator(ops[0], attrs), ...parts.slice(1)] }
        })
      )
  })
  return simulator(op, { parts })
}
