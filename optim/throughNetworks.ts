import { addClaims, claim, noClaim } from '../core/claim.js'
import type { Claim, Site } from '../core/op.js'
import { add } from '../core/structural/add.js'
import { pull } from '../core/sweeps/cotangent.js'
import type { Tape } from '../core/tape.js'
import { EndToEnd } from '../core/targets/endToEnd.js'
import type { PlannedStep } from '../core/targets/plan.js'
import type { Policy } from '../core/targets/policy.js'
import type { Region } from '../core/targets/region.js'
import { type FailedSample, makeReport, type RungReport } from '../core/targets/report.js'
import { type Targets, targetSweep } from '../core/targets/targetSweep.js'
import { mapData, type Tensor } from '../core/tensor.js'
import { walkBack } from '../core/walk.js'
import { type ProxyLoss, proxyCotangent } from './proxy.js'

/** What has arrived at a tensor on the way back: increments of its target, from physics; a cotangent, from networks. */
interface Arrived {
  readonly claim?: Claim
  readonly ct?: Tensor
}

export interface ThroughNetworks extends Targets {
  /** ∂/∂p of Σ proxy(x - x̃) for the tensors that were asked for, and for those that no site made. */
  readonly cotangents: ReadonlyMap<Tensor, Tensor>
}

interface Options {
  policy?: Partial<Policy>
  proxy: ProxyLoss
  /** Tensors of which the cotangents are asked. */
  wanted: ReadonlySet<Tensor>
  /** What a cotangent does that comes out of a network at a state. */
  through: 'add' | 'stop'
}

/** The physical states that networks read on the way to the boundary, behind which more physics of the region lies. */
export function statesRead(tape: Tape, { boundary, sites, active }: Region): Set<Tensor> {
  const physics = new Set(sites)
  const inside = new Set(boundary)
  const states = new Set<Tensor>()
  const edge = new Set(boundary)
  for (let i = tape.sites.length - 1; i >= 0; i--) {
    const site = tape.sites[i]
    if (physics.has(site) || !inside.has(site.out)) continue
    for (const t of site.inputs)
      if (active(t) && !edge.has(t)) states.add(t)
      else inside.add(t)
  }
  return states
}

/**
 * One walk back through time: the target sweep through the physics, the cotangent sweep through the networks, each site by
 * one of the two. With u_t = f(s_t; θ) and s_{t+1} = P(s_t, u_t), from the last step to the first:
 *
 *     (s̃, ũ_t) = P⁻¹(s̃_{t+1}; s_t, u_t)            the ladder: the smallest change of both together
 *     ct = (∂f/∂s_t)ᵀ (u_t - ũ_t)                  the proxy loss of u_t, seen from the state: for 'add'
 *     s̃_t = s_t + (s̃ - s_t) + (ỹ_t - s_t) - ct     ỹ_t from the loss term at t, where there is one
 *
 * Increments that meet are added, as the terms of the loss and the ways through a network are, and not averaged as claims
 * on one number are: with P⁻¹ by the adjoint rung at step 1 this is the gradient through time, by 'stop' without what goes
 * through the network.
 */
export function sweepThroughNetworks(
  tape: Tape,
  goals: readonly (readonly [Tensor, Claim])[],
  region: Region,
  states: ReadonlySet<Tensor>,
  { policy, proxy, wanted, through }: Options
): ThroughNetworks {
  const physics = new Set(region.sites)
  const edge = new Set(region.boundary)
  const cuts = [...region.boundary, ...states]
  const targets = new Map<Tensor, Claim>()
  const cotangents = new Map<Tensor, Tensor>()
  const plan: PlannedStep[] = []
  const rungs: RungReport[] = []
  const covered: (readonly Site[])[] = []
  const failed = new Map<number, FailedSample>()

  /** From the target of a state to those of the states and boundary tensors next behind it: an ordinary target sweep. */
  const invert = (y: Tensor, target: Claim): [Tensor, Arrived][] => {
    const behind = cuts.filter(t => t !== y)
    const { reached } = region.between(behind, [y])
    const near = behind.filter(t => reached.has(t))
    const found = targetSweep(tape, [[y, target]], near, policy)
    plan.push(...found.plan)
    rungs.push(...found.report.rungs)
    covered.push(...found.covered)
    for (const f of found.report.failed) if (!failed.has(f.sample)) failed.set(f.sample, f)
    return near.map((t, i) => [t, { claim: found.targets[i] }])
  }

  /** All has arrived at a tensor that physics did not make: the cotangent there. */
  const cotangent = (t: Tensor, { claim: target, ct }: Arrived): Tensor | undefined => {
    if (target) targets.set(t, target)
    const own = target && edge.has(t) ? proxyCotangent(t, target, proxy, 1) : undefined
    return own && ct ? add(own, ct) : (own ?? ct)
  }

  const left = tape.pausedWhile(() =>
    walkBack<Arrived>(tape.sites, {
      seed: () => goals.map(([y, c]) => [y, { claim: increment(y, c) }] as const),
      leaf: () => false,
      meet: (t, a, b) => ({
        claim: a.claim && b.claim ? addClaims(t, a.claim, b.claim) : (a.claim ?? b.claim),
        ct: a.ct && b.ct ? add(a.ct, b.ct) : (a.ct ?? b.ct)
      }),
      back(site, arrived) {
        const y = site.out
        const { claim: target, ct } = arrived
        if (physics.has(site)) {
          if (ct && wanted.has(y)) cotangents.set(y, ct)
          const pulled = ct && towards(y, ct)
          const whole = target && pulled ? addClaims(y, target, pulled) : (target ?? pulled)!
          return whole.weight?.data.every(w => w === 0) ? [] : invert(y, whole)
        }
        const down = cotangent(y, arrived)
        if (!down) return []
        if (wanted.has(y)) cotangents.set(y, down)
        const pulled = pull(tape, site, down).map(([t, c]) => [t, { ct: c }] as const)
        return through === 'add' ? pulled : pulled.filter(([t]) => !states.has(t))
      }
    })
  )
  for (const [t, arrived] of left) {
    const ct = cotangent(t, arrived)
    if (ct) cotangents.set(t, ct)
  }

  const asked = new EndToEnd(
    region,
    goals.map(([, c]) => c)
  )
  const found = region.boundary.map(b => targets.get(b) ?? noClaim(b))
  const { mismatch } = asked.replay(found)
  const report = makeReport(rungs, mismatch, asked.before, [...failed.values()])
  return { targets: found, plan, report, covered, region, cotangents }
}

/** A term of the loss asks for its share of its step: its weight in the sum becomes part of the increment. */
function increment(y: Tensor, { value, weight }: Claim): Claim {
  if (!weight) return claim(value)
  return claim(
    mapData(y, (v, i) => v + weight.data[i] * (value.data[i] - v)),
    mapData(weight, w => (w > 0 ? 1 : 0))
  )
}

/** x̃ = x - ct; where ct is 0 nothing is asked. */
const towards = (x: Tensor, ct: Tensor): Claim =>
  claim(
    mapData(x, (v, i) => v - ct.data[i]),
    ct.data.every(c => c !== 0) ? null : mapData(ct, c => (c === 0 ? 0 : 1))
  )
