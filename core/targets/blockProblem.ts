import { norm2 } from '../linalg/scaling.js'
import type { Claim, Site } from '../op.js'
import { add } from '../structural/add.js'
import { identity } from '../structural/identity.js'
import { mul } from '../structural/mul.js'
import { cotangentSweep } from '../sweeps/cotangent.js'
import { identityRows, sampleSweep } from '../sweeps/sampleJacobian.js'
import { tangentSweep } from '../sweeps/tangent.js'
import { Tape, unseen } from '../tape.js'
import { Tensor } from '../tensor.js'
import { isolate } from './isolate.js'
import { samplesApart } from './mismatch.js'
import { replay } from './replay.js'

export { replay } from './replay.js'

/** Where a solver stands: the unknowns, the outputs there, and how far they are from the goals. */
export interface Point {
  /** `[B, P]`: the change of all entries of the block, concatenated per sample, in their units. */
  readonly x: Float64Array
  /** `[B, K]`: √weight (goal - y) of all exits, concatenated per sample. */
  readonly residual: Float64Array
  /** ‖residual‖ per sample. */
  readonly mismatch: Float64Array
  readonly tape: Tape
  readonly xs: readonly Tensor[]
  readonly ys: readonly Tensor[]
}

/**
 * A piece of tape as a function of its entries, and goals for its exits: the problem that the solver rungs get.
 * Where no operator inside mixes samples, the B problems are independent, and every norm, step and decision is made per
 * sample; otherwise it is one problem, B = 1.
 */
export class BlockProblem {
  readonly batch: number
  readonly perSample: boolean
  /** Unknowns and outputs per sample. */
  readonly P: number
  readonly K: number
  /** The relative rounding error of a number in the coarsest dtype inside. */
  readonly epsilon: number
  readonly #root: Float64Array
  readonly #goal: Float64Array
  /** The current values of the entries. */
  readonly #from: Float64Array
  readonly #scales: readonly number[]

  readonly #guess: Float64Array | undefined

  /** `scales`: the unit of each entry; "smallest change" is measured in it. `guess`: values of the entries to start from. */
  constructor(
    readonly sites: readonly Site[],
    readonly entries: readonly Tensor[],
    readonly exits: readonly Tensor[],
    readonly goals: readonly Claim[],
    scales: readonly number[] = [],
    guess?: readonly Tensor[]
  ) {
    const B = samplesApart(sites, entries, exits)
    this.perSample = B > 0
    this.batch = B || 1
    this.P = entries.reduce((n, t) => n + t.size, 0) / this.batch
    this.K = exits.reduce((n, t) => n + t.size, 0) / this.batch
    this.epsilon = [...entries, ...exits, ...sites.map(s => s.out)].some(t => t.dtype === 'f32') ? 2 ** -23 : 2 ** -52
    this.#scales = entries.map((_, i) => scales[i] ?? 1)
    this.#from = this.#pack(entries)
    this.#guess = guess && this.#pack(guess)
    this.#goal = this.#pack(goals.map(g => g.value))
    this.#root = new Float64Array(this.#goal.length).fill(1)
    if (goals.some(g => g.weight)) {
      const weights = goals.map(g => g.weight ?? new Tensor(g.value.shape, new Float64Array(g.value.size).fill(1)))
      this.#root = this.#pack(weights).map(Math.sqrt)
    }
  }

  /** Where every solver begins: no change, so that what needs none keeps every bit, or the guess. */
  start(): Float64Array {
    const start = new Float64Array(this.#from.length)
    if (this.#guess) {
      const unit = this.#scaled(start.map(() => 1))
      for (let i = 0; i < start.length; i++) start[i] = (this.#guess[i] - this.#from[i]) / unit[i]
    }
    return start
  }

  /**
   * Runs the block forward; seen by no outer tape, since a target is a constant. A sample at which it throws (a singular
   * matrix) has the mismatch Infinity; everything else of that sample is as at the start.
   */
  at(x: Float64Array): Point {
    const { value, lost } = isolate(this.batch, changed =>
      this.#run(changed.every(Boolean) ? x : x.map((v, i) => (changed[Math.floor(i / this.P)] ? v : 0)))
    )
    return { ...value, x, mismatch: value.mismatch.map((m, b) => (lost[b] ? Infinity : m)) }
  }

  #run(x: Float64Array): Point {
    return unseen(() => {
      const xs = this.tensors(x)
      const tape = new Tape()
      tape.watch(xs)
      const ys = tape.record(() => replay(this.sites, this.entries, xs, this.exits))
      const y = this.#pack(ys)
      const residual = y.map((v, i) => (this.#root[i] === 0 ? 0 : this.#root[i] * (this.#goal[i] - v)))
      return { x, residual, mismatch: this.norms(residual), tape, xs, ys }
    })
  }

  /** Tensors for the entries from packed unknowns. */
  tensors(x: Float64Array): Tensor[] {
    const change = this.#scaled(x)
    return this.#unpack(
      this.#from.map((v, i) => v + change[i]),
      this.entries,
      this.P
    )
  }

  /** ‖v_b‖ per sample, of a packed vector. */
  norms(v: Float64Array): Float64Array {
    const n = v.length / this.batch
    return Float64Array.from({ length: this.batch }, (_, b) => norm2(v, b * n, (b + 1) * n))
  }

  /** √weight ‖goal‖ per sample: what a mismatch is small against. */
  goalNorms(): Float64Array {
    return this.norms(this.#goal.map((g, i) => (this.#root[i] === 0 ? 0 : this.#root[i] * g)))
  }

  /**
   * How large a mismatch per sample rounding alone may leave, generously: a thousand errors of the goals' size, and of
   * what a relative error in the entries becomes on its way through.
   */
  rounding(p: Point): Float64Array {
    const x = this.#pack(p.xs).map((v, i) => (generic(i) < 1 ? v : -v))
    const through = this.norms(this.#push(p, x))
    return this.goalNorms().map((g, b) => 1e3 * this.epsilon * (g + (Number.isFinite(through[b]) ? through[b] : 0)))
  }

  /** J v, packed: a tangent sweep. */
  apply(p: Point, v: Float64Array): Float64Array {
    return this.#push(p, this.#scaled(v))
  }

  #push(p: Point, v: Float64Array): Float64Array {
    const directions = this.#unpack(v, this.entries, this.P)
    const dys = unseen(() =>
      tangentSweep(
        p.tape,
        p.xs.map((x, i) => [x, directions[i]] as const),
        p.ys
      )
    )
    const packed = this.#pack(p.ys.map((y, i) => dys[i] ?? new Tensor(y.shape, new Float64Array(y.size))))
    return packed.map((d, i) => (this.#root[i] === 0 ? 0 : d * this.#root[i]))
  }

  /** Jᵀ u, packed: a cotangent sweep. */
  applyT(p: Point, u: Float64Array): Float64Array {
    const cts = this.#unpack(
      u.map((c, i) => (this.#root[i] === 0 ? 0 : c * this.#root[i])),
      this.exits,
      this.K
    )
    const seeds = p.ys.flatMap((y, i) => (p.tape.knows(y) ? [[y, cts[i]] as const] : []))
    const at = unseen(() => cotangentSweep(p.tape, seeds))
    return this.#scaled(this.#pack(p.xs.map(x => at.get(x) ?? new Tensor(x.shape, new Float64Array(x.size)))))
  }

  /** The Jacobians of all samples, `[B, K, P]`: the sample-Jacobian sweep. */
  jacobian(p: Point): Float64Array {
    const { batch: B, K, P } = this
    const J = new Float64Array(B * K * P)
    let row = 0
    for (const y of p.ys) {
      const k = y.size / B
      if (p.tape.knows(y)) {
        const at = unseen(() => sampleSweep(p.tape, [[y, identityRows(y, this.perSample)]]))
        let column = 0
        p.xs.forEach((x, e) => {
          const w = x.size / B
          const rows = at.get(x)?.rows.data
          // rows are [k, B, w]
          if (rows)
            for (let i = 0; i < k; i++)
              for (let b = 0; b < B; b++) {
                const root = this.#root[b * K + row + i]
                if (root === 0) continue
                const to = (b * K + row + i) * P + column
                for (let j = 0; j < w; j++) J[to + j] = root * rows[(i * B + b) * w + j] * this.#scales[e]
              }
          column += w
        })
      }
      row += k
    }
    return J
  }

  /**
   * ∂²/∂x² ½‖residual‖² of all samples, `[B, P, P]`, P's own curvature included: a tangent sweep over the recorded
   * gradient for each unknown. Where samples are apart, one sweep serves all of them.
   */
  hessian(p: Point): Float64Array {
    const { batch: B, P, K } = this
    const weights = this.#unpack(
      this.#root.map(r => r * r),
      this.exits,
      K
    )
    const goals = this.#unpack(
      this.#goal.map(g => -g),
      this.exits,
      K
    )
    using outer = new Tape()
    outer.watch(p.xs)
    const gradient = unseen(() =>
      outer.record(() => {
        const inner = new Tape()
        const xs = inner.watch(p.xs.map(x => identity(x)))
        const ys = inner.record(() => replay(this.sites, this.entries, xs, this.exits))
        const seeds = ys.flatMap((y, i) => (inner.knows(y) ? [[y, mul(weights[i], add(y, goals[i]))] as const] : []))
        const at = cotangentSweep(inner, seeds)
        return xs.map(x => at.get(x))
      })
    )
    const H = new Float64Array(B * P * P)
    for (let j = 0; j < P; j++) {
      const unit = new Float64Array(B * P)
      for (let b = 0; b < B; b++) unit[b * P + j] = 1
      const directions = this.#unpack(this.#scaled(unit), this.entries, P)
      const known = gradient.map(g => (g && outer.knows(g) ? g : undefined))
      const columns = unseen(() =>
        tangentSweep(
          outer,
          p.xs.map((x, i) => [x, directions[i]] as const),
          known.filter(g => g !== undefined)
        )
      )
      let next = 0
      const filled = known.map(
        (g, i) =>
          (g ? columns[next++] : undefined) ??
          new Tensor(
            p.xs[i].shape,
            directions[i].data.map(() => 0)
          )
      )
      const column = this.#scaled(this.#pack(filled))
      for (let b = 0; b < B; b++) for (let i = 0; i < P; i++) H[(b * P + i) * P + j] = column[b * P + i]
    }
    return H
  }

  /**
   * Which unknowns the goals can move at all: those with an entry in the Jacobian that is not zero. One sweep with a
   * generic cotangent: a sum of J's entries that vanishes for it vanishes for all, but for a set of measure zero.
   */
  movable(p: Point): boolean[] {
    const weights = p.residual.map((_, i) => (this.#root[i] === 0 ? 0 : generic(i)))
    return Array.from(this.applyT(p, weights), g => g !== 0)
  }

  /** `[B, n]` from tensors whose samples lie along axis 0. */
  #pack(tensors: readonly Tensor[]): Float64Array {
    const B = this.batch
    const n = tensors.reduce((s, t) => s + t.size, 0) / B
    const out = new Float64Array(B * n)
    let at = 0
    for (const t of tensors) {
      const w = t.size / B
      for (let b = 0; b < B; b++) for (let j = 0; j < w; j++) out[b * n + at + j] = t.data[b * w + j]
      at += w
    }
    return out
  }

  #unpack(v: Float64Array, like: readonly Tensor[], n: number): Tensor[] {
    const B = this.batch
    let at = 0
    return like.map(t => {
      const w = t.size / B
      const data = t.dtype === 'f64' ? new Float64Array(t.size) : new Float32Array(t.size)
      for (let b = 0; b < B; b++) for (let j = 0; j < w; j++) data[b * w + j] = v[b * n + at + j]
      at += w
      return new Tensor(t.shape, data)
    })
  }

  /** From the units of the entries to their own numbers; the transpose of that is the same product. */
  #scaled(v: Float64Array): Float64Array {
    if (this.#scales.every(s => s === 1)) return v
    const out = v.slice()
    let at = 0
    this.entries.forEach((t, e) => {
      const w = t.size / this.batch
      for (let b = 0; b < this.batch; b++) for (let j = 0; j < w; j++) out[b * this.P + at + j] *= this.#scales[e]
      at += w
    })
    return out
  }
}

/**
 * Numbers in [0.5, 1.5) without a pattern (a hash of the index, MurmurHash3's finaliser): regular ones, such as the
 * fractional parts of i φ, cancel in a difference stencil like 1, -2, 1.
 */
function generic(i: number): number {
  let h = Math.imul(i + 1, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return 0.5 + ((h ^ (h >>> 16)) >>> 0) / 2 ** 32
}
