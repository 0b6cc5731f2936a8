import type { Site } from '../op.js'
import { observeRule, recorder } from '../profile.js'
import { scopedOnce } from '../scope.js'
import { add } from '../structural/add.js'
import { checkKnown, checkSeeds, type Tape } from '../tape.js'
import { checkLike, type Tensor } from '../tensor.js'
import { checkCount, checkRule, plainView } from '../view.js'
import { walkBack } from '../walk.js'
import { freeing } from './freeing.js'

export interface CotangentOptions {
  /** Tensors at which the sweep ends, besides those that no site made. */
  leaves?: ReadonlySet<Tensor>
  /** Only these sites take part. */
  only?(site: Site): boolean
}

/**
 * The cotangent sweep (reverse mode, the adjoint): how does Σ ⟨ct, y⟩ depend on each input?
 * Where two cotangents meet they add up. The tape is paused meanwhile; outer tapes record the sweep, so that it can be
 * differentiated in turn.
 */
export function cotangentSweep(
  tape: Tape,
  seeds: readonly (readonly [Tensor, Tensor])[],
  { leaves, only }: CotangentOptions = {}
): Map<Tensor, Tensor> {
  checkSeeds(tape, seeds, 'cotangent sweep')
  for (const [y, ct] of seeds) {
    checkKnown(tape, y, 'cotangent sweep', 'the tensor it starts from')
    checkLike(y, ct, 'cotangent sweep', 'a cotangent')
  }
  const sites = only ? tape.sites.filter(only) : tape.sites
  return tape.pausedWhile(() =>
    scopedOnce(() =>
      walkBack<Tensor>(sites, {
        seed: () => seeds,
        meet: (_, a, b) => add(a, b),
        leaf: t => leaves?.has(t) ?? false,
        back: (site, ct) => pull(tape, site, ct),
        swept: freeing(ct => ct)
      })
    )
  )
}

/** One application of an adjoint rule: the cotangents of the inputs that the tape knows. */
export function pull(tape: Tape, site: Site, ct: Tensor): [Tensor, Tensor][] {
  const wants = (i: number) => tape.knows(site.inputs[i])
  const view = plainView(site, wants)
  const cts = recorder ? observeRule(site.op.name, 'vjp', () => site.op.vjp(ct, view)) : site.op.vjp(ct, view)
  checkCount(site, 'vjp', cts)
  const out: [Tensor, Tensor][] = []
  for (let i = 0; i < cts.length; i++) {
    const c = cts[i]
    if (!c || !wants(i)) continue
    checkRule(site, 'vjp', c, site.inputs[i].shape, site.inputs[i].dtype, `the cotangent of input ${i}`)
    out.push([site.inputs[i], c])
  }
  return out
}
