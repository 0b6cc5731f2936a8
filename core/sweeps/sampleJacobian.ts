import { RuleError } from '../errors.js'
import { alloc } from '../memory.js'
import type { RowFactors, Site } from '../op.js'
import { observeRule, recorder } from '../profile.js'
import { scopedOnce } from '../scope.js'
import { size } from '../shape.js'
import { add } from '../structural/add.js'
import { embed } from '../structural/embed.js'
import { expand } from '../structural/expand.js'
import { checkKnown, checkSeeds, type Tape } from '../tape.js'
import { Tensor } from '../tensor.js'
import { checkCount, checkRule, rowView } from '../view.js'
import { type Sweep, walkBack } from '../walk.js'
import { freeing } from './freeing.js'

/**
 * What the sample-Jacobian sweep carries: K rows per sample, `[K, B, ...]`.
 * batched: axis 0 of the tensor is the sample axis and is already the B of the rows, `[K, B, ...shape without axis 0]`.
 * Otherwise every sample has entries for the whole tensor, `[K, B, ...shape]` (a parameter).
 */
export interface Rows {
  readonly rows: Tensor
  readonly batched: boolean
}

export interface SampleSweepOptions {
  /** An operator that mixes samples: 'error' names it; 'embed' goes on with rows B times larger. */
  mixing?: 'error' | 'embed'
  /**
   * Takes rows that reach a wanted tensor through an operator that only reads a contiguous range of it (a weight out
   * of a flat θ), so that no row of the full length is made for each of them. True where it took them.
   */
  take?(t: Tensor, range: { start: number; stop: number }, rows: Tensor): boolean
  /** Takes the rows of an input while they are still two factors (`sampleFactors`), before they are multiplied out. */
  takeFactors?(t: Tensor, factors: RowFactors): boolean
}

/**
 * The sample-Jacobian sweep: dy_b/dθ for every sample b, never summed over the batch. All samples and all K outputs of
 * a sample travel at once as rows; the rules that serve the cotangent sweep serve here too, with two more axes in front.
 * Which tensors carry the sample axis is not declared: it is found on the way back, from the output's axis 0, by `carry`.
 * The tape is paused meanwhile, as in the other sweeps. Throws RuleError naming an operator that mixes samples.
 */
export function sampleSweep(
  tape: Tape,
  seeds: readonly (readonly [Tensor, Rows])[],
  { mixing = 'error', take, takeFactors }: SampleSweepOptions = {}
): Map<Tensor, Rows> {
  checkSeeds(tape, seeds, 'sample-Jacobian sweep')
  for (const [y] of seeds) checkKnown(tape, y, 'sample-Jacobian sweep', 'the tensor it starts from')
  const { sites } = tape
  const whole = (v: Rows, where: string, moves = false): Tensor => {
    if (!v.batched) return v.rows
    if (mixing === 'error') throw mixes(where, moves)
    return embed(v.rows)
  }
  // In a batch of one, a parameter [1, n] looks like samples to operators that see shapes only; no samples can be mixed.
  const met = (v: Rows, where: string): Tensor => (v.rows.shape[1] === 1 && v.batched ? embed(v.rows) : whole(v, where))
  const sweep: Sweep<Rows> = {
    seed: () => seeds,
    leaf: () => false,
    meet: (t, a, b) =>
      a.batched === b.batched
        ? { rows: add(a.rows, b.rows), batched: a.batched }
        : { rows: add(met(a, user(sites, t)), met(b, user(sites, t))), batched: false },
    back(site, v) {
      const carry = v.batched ? site.op.carry(site) : undefined
      const ct = carry ? v.rows : whole(v, site.op.name, site.op.inverse?.kind === 'structural')
      const carried = carry ?? site.inputs.map(() => false)
      let taken = -1
      const wants = (i: number) => i !== taken && tape.knows(site.inputs[i])
      const range = take && site.op.reads?.(site)
      if (range && take(site.inputs[0], range, ct)) return []
      const view = rowView(site, carried, wants)
      const factors = takeFactors && carry && site.op.sampleFactors?.(ct, view)
      if (factors && wants(factors.input) && takeFactors(site.inputs[factors.input], factors)) taken = factors.input
      const rule = carry && site.op.sampleVjp ? 'sampleVjp' : 'vjp'
      const cts = recorder ? observeRule(site.op.name, rule, () => site.op[rule]!(ct, view)) : site.op[rule]!(ct, view)
      checkCount(site, rule, cts)
      const out: [Tensor, Rows][] = []
      for (let i = 0; i < cts.length; i++) {
        const c = cts[i]
        if (!c || !wants(i)) continue
        checkRule(site, rule, c, view.to(ct, i), site.inputs[i].dtype, `the rows of input ${i}`)
        out.push([site.inputs[i], { rows: c, batched: carried[i] }])
      }
      return out
    }
  }
  return tape.pausedWhile(() => scopedOnce(() => walkBack(sites, { ...sweep, swept: freeing(v => v.rows) })))
}

/** The error of an operator that mixes samples, where rows per sample were asked; `moves`: one that moves entries only. */
export const mixes = (where: string, moves = false): RuleError =>
  new RuleError(
    'sample-Jacobian',
    `${where} mixes samples: its output's sample axis is not that of its input`,
    `Per-sample rows do not exist through it. ${
      moves
        ? 'Leave axis 0, the samples, in front and in order'
        : 'Use statistics that do not depend on the batch (groupNorm, or batchNormFixed)'
    }, or ask for mixing: 'embed', B times dearer`
  )

/** The operators that use a tensor in a way that is not per sample: for the message only. */
export function user(sites: readonly Site[], t: Tensor): string {
  const users = sites.filter(s => s.inputs.includes(t) && !s.op.carry(s)?.[s.inputs.indexOf(t)])
  return [...new Set(users.map(s => s.op.name))].join(', or ') || 'the function'
}

/** Identity rows for y: `[K, B, ...S]` where y is `[B, ...S]` (batched), or `[K, 1, ...shape]` for the whole of y. */
export function identityRows(y: Tensor, batched: boolean, from = 0, to?: number): Rows {
  const S = batched ? y.shape.slice(1) : y.shape
  const K = size(S)
  const last = to ?? K
  const e = new Tensor([last - from, 1, ...S], alloc((last - from) * K, y.dtype))
  for (let k = from; k < last; k++) e.data[(k - from) * K + k] = 1
  return { rows: batched ? expand(e, [last - from, y.shape[0], ...S]) : e, batched }
}
