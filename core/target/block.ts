import { apply } from '../apply.js'
import { carryThrough } from '../carryThrough.js'
import type { Claim, Site } from '../op.js'
import { cotangentSweep } from '../sweeps/cotangent.js'
import { identityRows, sampleSweep } from '../sweeps/sampleJacobian.js'
import { tangentSweep } from '../sweeps/tangent.js'
import { Tape, unseen } from '../tape.js'
import { Tensor } from '../tensor.js'

/** Where a solver stands: the unknowns, the outputs there, and how far they are from the goals. */
export interface Point {
  /** `[B, P]`: all entries of the block, concatenated per sample. */
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
export class Block {
  readonly batch: number
  readonly perSample: boolean
  /** Unknowns and outputs per sample. */
  readonly P: number
  readonly K: number
  readonly #root: Float64Array
  readonly #goal: Float64Array
  readonly #scales: readonly number[]

  /** `scales`: the unit of each entry; "smallest change" is measured in it. */
  constructor(
    readonly sites: readonly Site[],
    readonly entries: readonly Tensor[],
    readonly exits: readonly Tensor[],
    readonly goals: readonly Claim[],
    scales: readonly number[] = []
  ) {
    const B = exits[0].shape[0]
    const carried = carryThrough(sites, exits, entries)
    this.perSample =
      B > 0 &&
      (carried?.every(Boolean) ?? false) &&
      [...entries, ...exits].every(t => t.shape.length > 0 && t.shape[0] === B)
    this.batch = this.perSample ? B : 1
    this.P = entries.reduce((n, t) => n + t.size, 0) / this.batch
    this.K = exits.reduce((n, t) => n + t.size, 0) / this.batch
    this.#scales = entries.map((_, i) => scales[i] ?? 1)
    this.#goal = this.#pack(goals.map(g => g.value))
    this.#root = new Float64Array(this.#goal.length).fill(1)
    if (goals.some(g => g.weight)) {
      const weights = goals.map(g => g.weight ?? new Tensor(g.value.shape, new Float64Array(g.value.size).fill(1)))
      this.#root = this.#pack(weights).map(Math.sqrt)
    }
  }

  /** The current values, in the units of the entries. */
  start(): Float64Array {
    return this.#scaled(this.#pack(this.entries), -1)
  }

  /** Runs the block forward; seen by no outer tape, since a target is a constant. */
  at(x: Float64Array): Point {
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
    return this.#unpack(this.#scaled(x, 1), this.entries, this.P)
  }

  /** ‖v_b‖ per sample, of a packed vector. */
  norms(v: Float64Array): Float64Array {
    const n = v.length / this.batch
    return Float64Array.from({ length: this.batch }, (_, b) => Math.hypot(...chunks(v, b * n, n)))
  }

  /** √weight ‖goal‖ per sample: what a mismatch is small against. */
  goalNorms(): Float64Array {
    return this.norms(this.#goal.map((g, i) => (this.#root[i] === 0 ? 0 : this.#root[i] * g)))
  }

  /** J v, packed: a tangent sweep. */
  apply(p: Point, v: Float64Array): Float64Array {
    const directions = this.#unpack(this.#scaled(v, 1), this.entries, this.P)
    const dys = unseen(() =>
      tangentSweep(
        p.tape,
        p.xs.map((x, i) => [x, directions[i]] as const),
        p.ys
      )
    )
    const packed = this.#pack(p.ys.map((y, i) => dys[i] ?? new Tensor(y.shape, new Float64Array(y.size))))
    return packed.map((d, i) => d * this.#root[i])
  }

  /** Jᵀ u, packed: a cotangent sweep. */
  applyT(p: Point, u: Float64Array): Float64Array {
    const cts = this.#unpack(
      u.map((c, i) => c * this.#root[i]),
      this.exits,
      this.K
    )
    const seeds = p.ys.flatMap((y, i) => (p.tape.knows(y) ? [[y, cts[i]] as const] : []))
    const at = unseen(() => cotangentSweep(p.tape, seeds))
    return this.#scaled(this.#pack(p.xs.map(x => at.get(x) ?? new Tensor(x.shape, new Float64Array(x.size)))), 1)
  }

  /** The Jacobians of all samples, `[B, K, P]`: the sample-Jacobian sweep. */
  jacobian(p: Point): Float64Array {
    const { batch: B, K, P } = this
    const J = new Float64Array(B * K * P)
    let row = 0
    for (const y of p.ys) {
      const k = y.size / B
      if (p.tape.knows(y)) {
        const at = unseen(() =>
          p.tape.pausedWhile(() =>
            sampleSweep(p.tape.sites, [[y, identityRows(y, this.perSample)]], { wants: t => p.tape.knows(t) })
          )
        )
        let column = 0
        p.xs.forEach((x, e) => {
          const w = x.size / B
          const rows = at.get(x)?.rows.data
          // rows are [k, B, w]
          if (rows)
            for (let i = 0; i < k; i++)
              for (let b = 0; b < B; b++) {
                const root = this.#root[b * K + row + i]
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

  /** Which unknowns the goals can move at all: those with an entry in the Jacobian that is not zero. */
  movable(p: Point): boolean[] {
    // A generic cotangent: a sum that vanishes for it vanishes for all, but for a set of measure zero.
    const generic = p.residual.map((_, i) => (this.#root[i] === 0 ? 0 : 0.5 + ((i * 0.6180339887498949) % 1)))
    return Array.from(this.applyT(p, generic), g => g !== 0)
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

  #scaled(v: Float64Array, power: 1 | -1): Float64Array {
    if (this.#scales.every(s => s === 1)) return v
    const out = v.slice()
    let at = 0
    this.entries.forEach((t, e) => {
      const w = t.size / this.batch
      for (let b = 0; b < this.batch; b++)
        for (let j = 0; j < w; j++) out[b * this.P + at + j] *= this.#scales[e] ** power
      at += w
    })
    return out
  }
}

/** The exits of a piece of tape for other values of its entries. */
export function replay(
  sites: readonly Site[],
  entries: readonly Tensor[],
  values: readonly Tensor[],
  exits: readonly Tensor[]
): Tensor[] {
  const now = new Map<Tensor, Tensor>(entries.map((e, i) => [e, values[i]]))
  for (const s of sites)
    now.set(
      s.out,
      apply(
        s.op,
        s.inputs.map(t => now.get(t) ?? t),
        s.attrs
      )
    )
  return exits.map(y => now.get(y) ?? y)
}

/** ‖·‖ without overflow for large entries, in pieces that fit the argument list of Math.hypot. */
function chunks(v: Float64Array, from: number, n: number): number[] {
  const PIECE = 4096
  const out: number[] = []
  for (let i = 0; i < n; i += PIECE) out.push(Math.hypot(...v.subarray(from + i, from + Math.min(n, i + PIECE))))
  return out
}
