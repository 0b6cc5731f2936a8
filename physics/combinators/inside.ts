import { claim } from '../../core/claim.js'
import type { Inverse, InverseKind, Op, Site } from '../../core/op.js'
import { Tape, unseen } from '../../core/tape.js'
import { targetSweep } from '../../core/targets/targetSweep.js'
import { Tensor } from '../../core/tensor.js'

/** Of several kinds of inverse in a row, the kind of all of them together: the weakest. */
const weakest: readonly InverseKind[] = ['regularised', 'approximate', 'local', 'exact']

/**
 * The inverse of a block by the target sweep over its inside: every operator there answers by its own rule. Where the branch
 * that one of them takes is out of reach for those before it, the solvers look at the whole. Its kind is the weakest of
 * theirs; undefined where one of them has no rule, and then the ladder solves the block.
 */
export function insideInverse<A>(
  ops: readonly Op[],
  run: (inputs: readonly Tensor[], attrs: A) => Tensor,
  refine: (attrs: A, factor: number) => A
): Inverse<A> | undefined {
  const kinds = ops.map(op => op.inverse?.kind)
  if (kinds.some(k => k === undefined)) return undefined
  const recorded = ({ inputs: [x, ...given], attrs }: Site<A>) => {
    const tape = new Tape()
    const start = tape.watch(new Tensor(x.shape, x.data))
    return { tape, start, y: tape.record(() => run([start, ...given], attrs)) }
  }
  return {
    kind: weakest.find(k => kinds.includes(k)) ?? 'exact',
    inputs: [0],
    order: Math.min(...ops.map(op => op.inverse!.order ?? Number.POSITIVE_INFINITY)),
    refine,
    apply: (site, claimed) =>
      unseen(() => {
        const { tape, start, y } = recorded(site)
        const { targets } = targetSweep(tape, [[y, claim(claimed.value, claimed.weight)]], [start], { whole: 'missed' })
        return site.inputs.map((_, i) => (i === 0 ? targets[0] : null))
      }),
    lawless: site =>
      unseen(() => {
        for (const s of recorded(site).tape.sites) {
          const reason = s.op.inverse?.lawless?.(s)
          if (reason) return reason
        }
        return undefined
      })
  }
}

/** The kind of such an inverse in words, for doc strings. */
export const kindInWords = (inverse: Inverse | undefined): string =>
  inverse ? `${inverse.kind}${inverse.kind === 'approximate' ? `, order ${inverse.order}` : ''}` : 'none'
