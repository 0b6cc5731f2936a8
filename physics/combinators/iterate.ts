import { defineBlock } from '../../core/defineBlock.js'
import { OptionError } from '../../core/errors.js'
import type { Example, Op } from '../../core/op.js'
import { checkNumbers, checkOptions, describe } from '../../core/options.js'
import type { Tensor } from '../../core/tensor.js'
import { checkSimulator, type Simulator, simulator } from '../simulator.js'
import { insideInverse, kindInWords } from './inside.js'

export interface IterateAttrs {
  readonly part: Simulator
  readonly times: number
  /** Length of a segment of which only the beginning is kept; 0: everything is. */
  readonly segment: number
}

export interface IterateOptions {
  /**
   * true: of n iterations about √n states are kept, and the derivative rules run the rest again, segment by segment, once.
   * Memory then grows like √n instead of n. A number sets the length of a segment. Default false.
   */
  checkpoint?: boolean | number
}

/**
 * P applied n times: iterate(P, 3)(x) = P(P(P(x))). What P takes besides the state, its parameters, is the same each time:
 * iterate(P, n)(x, ...parameters).
 *
 *     iterate(step, 10000, { checkpoint: true })
 *
 * Throws OptionError for numbers out of range, RuleError for what is no simulator.
 */
export function iterate(P: Simulator, n: number, options: IterateOptions = {}): Simulator<IterateAttrs> {
  checkSimulator(P, 'iterate')
  checkNumbers('iterate', 'whole', { n })
  checkOptions('iterate', options, ['checkpoint'])
  const { checkpoint = false } = options
  if (typeof checkpoint !== 'boolean') {
    if (typeof checkpoint !== 'number')
      throw new OptionError('iterate', `checkpoint is ${describe(checkpoint)}`, 'Give true, false, or a length')
    checkNumbers('iterate', 'count', { checkpoint })
  }
  const segment = checkpoint === true ? Math.max(1, Math.ceil(Math.sqrt(n))) : checkpoint || 0
  return simulator(iterateOp(P.op), { part: P, times: n, segment })
}

const refined = ({ part, ...attrs }: IterateAttrs, factor: number): IterateAttrs => ({
  ...attrs,
  part: simulator(part.op, part.op.inverse?.refine?.(part.attrs, factor) ?? part.attrs)
})

function iterateOp(P: Op): Op<IterateAttrs> {
  const all = ([x, ...given]: readonly Tensor[], { part, times }: IterateAttrs): Tensor => {
    let s = x
    for (let k = 0; k < times; k++) s = part(s, ...given)
    return s
  }
  /** Some iterations as one site of which nothing but the input is kept. */
  const piece = defineBlock<IterateAttrs>({
    name: `${P.name}_segment`,
    keep: false,
    forward: all,
    inverse: insideInverse<IterateAttrs>([P], all, refined),
    examples: () => []
  })
  const run = ([x, ...given]: readonly Tensor[], attrs: IterateAttrs): Tensor => {
    if (attrs.segment === 0) return all([x, ...given], attrs)
    let s = x
    for (let k = 0; k < attrs.times; k += attrs.segment)
      s = simulator(piece, { ...attrs, times: Math.min(attrs.segment, attrs.times - k) })(s, ...given)
    return s
  }
  const inverse = insideInverse<IterateAttrs>([P], run, refined)
  return defineBlock<IterateAttrs>({
    name: `${P.name}_iterated`,
    doc: `${P.name} applied n times
  tangent  the chain rule, forward
  adjoint  the chain rule, backward; with checkpoints the iterations of a segment run again first
  inverse  ${inverse ? `${kindInWords(inverse)}: the own rule of ${P.name}, n times; trust it as far as errors that are amplified n times allow` : 'none: the ladder solves the block'}
  domain   every iterate in the domain of ${P.name}
  cost     n times ${P.name}; memory for n states, with checkpoints for 2 √n and one more run forward`,
    tex: {
      y: 'y = P^n(x)',
      tangent: String.raw`dy = J_n \cdots J_1\,dx`,
      adjoint: String.raw`\bar x = J_1^\top \cdots J_n^\top \bar y`,
      inverse: String.raw`\tilde x = (P^{-1})^n(\tilde y)`
    },
    forward: run,
    inverse,
    examples: r =>
      P.examples(r).flatMap(({ attrs, ...e }) =>
        [0, 2].map(
          (segment): Example<IterateAttrs> => ({
            ...e,
            note: `${e.note ? `${e.note}, ` : ''}${segment ? 'checkpoints' : 'all kept'}`,
            attrs: { part: simulator(P, attrs), times: 3, segment }
          })
        )
      )
  })
}
