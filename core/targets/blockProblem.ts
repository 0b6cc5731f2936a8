import { norm2 } from '../linalg/scaling.js'
import type { Claim, Site } from '../op.js'
import { within } from '../region.js'
import { scoped } from '../scope.js'
import { add } from '../structural/add.js'
import { identity } from '../structural/identity.js'
import { mul } from '../structural/mul.js'
import { cotangentSweep } from '../sweeps/cotangent.js'
import { identityRows, sampleSweep } from '../sweeps/sampleJacobian.js'
import { tangentSweep } from '../sweeps/tangent.js'
import { Tape, unseen } from '../tape.js'
import { onesLike, type Tensor, zerosLike } from '../tensor.js'
import { isolate } from './isolate.js'
import { samplesApart } from './mismatch.js'
import { generic, pack, unpack } from './packing.js'
import { replay } from './replay.js'

/** Where a solver stands: the unknowns, the outputs there, and how far they are from the goals. */
export interface Point {
  /** `[B, P]`: the change of all entries of the block, concatenated per sample, in their units. */
  readonly x: Float64Array
  /** `[B, K]`: √weight (goal - y) of all exits, concatenated per sample. */
  readonly residual: Float64Array
  /** ‖residual‖ per sample. */
  readonly mismatch: Float64Array
  /** Of the run there, with all that it made: whoever asked for the point disposes it when it is left. */
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
    this.#from = pack(this.batch, entries)
    this.#guess = guess && pack(this.batch, guess)
    this.#goal = pack(
      this.batch,
      goals.map(g => g.value)
    )
    this.#root = new Float64Array(this.#goal.length).fill(1)
    if (goals.some(g => g.weight)) {
      const weights = goals.map(g => g.weight ?? onesLike(g.value))
      this.#root = pack(this.batch, weights).map(Math.sqrt)
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
    const xs = this.tensors(x)
    const tape = new Tape()
    tape.watch(xs)
    try {
      // The tape owns what it records, whatever scope the solver runs in: it goes with the point.
      const ys = within(undefined, () =>
        unseen(() => tape.record(() => replay(this.sites, this.entries, xs, this.exits)))
      )
      const y = pack(this.batch, ys)
      const residual = y.map((v, i) => (this.#root[i] === 0 ? 0 : this.#root[i] * (this.#goal[i] - v)))
      return { x, residual, mismatch: this.norms(residual), tape, xs, ys }
    } catch (e) {
      tape.dispose()
      throw e
    }
  }

  /** Tensors for the entries from packed unknowns. */
  tensors(x: Float64Array): Tensor[] {
    const change = this.#scaled(x)
    const values = this.#from.map((v, i) => v + change[i])
    return unpack(this.batch, values, this.entries)
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
    const x = pack(this.batch, p.xs).map((v, i) => (generic(i) < 1 ? v : -v))
    const through = this.norms(this.#push(p, x))
    return this.goalNorms().map((g, b) => 1e3 * this.epsilon * (g + (Number.isFinite(through[b]) ? through[b] : 0)))
  }

  /** J v, packed: a tangent sweep. */
  apply(p: Point, v: Float64Array): Float64Array {
    return this.#push(p, this.#scaled(v))
  }

  #push(p: Point, v: Float64Array): Float64Array {
    const directions = unpack(this.batch, v, this.entries)
    const packed = constant(() => {
      const dys = tangentSweep(
        p.tape,
        p.xs.map((x, i) => [x, directions[i]] as const),
        p.ys
      )
      return pack(
        this.batch,
        p.ys.map((y, i) => dys[i] ?? zerosLike(y))
      )
    })
    return packed.map((d, i) => (this.#root[i] === 0 ? 0 : d * this.#root[i]))
  }

  /** Jᵀ u, packed: a cotangent sweep. */
  applyT(p: Point, u: Float64Array): Float64Array {
    const cts = unpack(
      this.batch,
      u.map((c, i) => (this.#root[i] === 0 ? 0 : c * this.#root[i])),
      this.exits
    )
    const seeds = p.ys.flatMap((y, i) => (p.tape.knows(y) ? [[y, cts[i]] as const] : []))
    return constant(() => {
      const at = cotangentSweep(p.tape, seeds)
      return this.#scaled(
        pack(
          this.batch,
          p.xs.map(x => at.get(x) ?? zerosLike(x))
        )
      )
    })
  }

  /** The Jacobians of all samples, `[B, K, P]`: the sample-Jacobian sweep. */
  jacobian(p: Point): Float64Array {
    return constant(() => this.#jacobian(p))
  }

  #jacobian(p: Point): Float64Array {
    const { batch: B, K, P } = this
    const J = new Float64Array(B * K * P)
    let row = 0
    for (const y of p.ys) {
      const k = y.size / B
      if (p.tape.knows(y)) {
        const at = sampleSweep(p.tape, [[y, identityRows(y, this.perSample)]])
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
    return constant(() => this.#hessian(p))
  }

  #hessian(p: Point): Float64Array {
    const { batch: B, P } = this
    const weights = unpack(
      B,
      this.#root.map(r => r * r),
      this.exits
    )
    const goals = unpack(
      B,
      this.#goal.map(g => -g),
      this.exits
    )
    const outer = new Tape()
    outer.watch(p.xs)
    const gradient = outer.record(() => {
      const inner = new Tape()
      const xs = inner.watch(p.xs.map(x => identity(x)))
      const ys = inner.record(() => replay(this.sites, this.entries, xs, this.exits))
      const seeds = ys.flatMap((y, i) => (inner.knows(y) ? [[y, mul(weights[i], add(y, goals[i]))] as const] : []))
      const at = cotangentSweep(inner, seeds)
      return xs.map(x => at.get(x) ?? zerosLike(x))
    })
    const H = new Float64Array(B * P * P)
    for (let j = 0; j < P; j++) {
      const unit = new Float64Array(B * P)
      for (let b = 0; b < B; b++) unit[b * P + j] = 1
      const directions = unpack(B, this.#scaled(unit), this.entries)
      const column = scoped(() => {
        const columns = tangentSweep(
          outer,
          p.xs.map((x, i) => [x, directions[i]] as const),
          gradient
        )
        return this.#scaled(
          pack(
            B,
            p.xs.map((x, i) => columns[i] ?? zerosLike(x))
          )
        )
      })
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

/** Seen by no tape, and everything freed but the numbers that f returns. */
const constant = <R>(f: () => R): R => unseen(() => scoped(f))
