import { DTypeError, GradientError, ShapeError } from '../errors.js'
import { checkChoice, checkNumbers, describe } from '../options.js'
import { currentRegion, type Region, within } from '../region.js'
import { scoped } from '../scope.js'
import { show, size } from '../shape.js'
import { permute } from '../structural/permute.js'
import { reshape } from '../structural/reshape.js'
import { identityRows, mixes, type Rows, type SampleSweepOptions, sampleSweep, user } from '../sweeps/sampleJacobian.js'
import { activeTapes, type Tape } from '../tape.js'
import { checkTensor, type Tensor, zeros } from '../tensor.js'
import { checkFunction, type Fn, type PerWrt, perWrt, trace, type Wrt, wrtList } from './trace.js'

export interface SampleJacobianOptions<W extends number | readonly number[]> extends Wrt<W> {
  /** An operator that mixes samples stops the sweep with an error ('error', default), or rows grow B-fold ('embed'). */
  mixing?: 'error' | 'embed'
  /**
   * Bytes that the rows in flight may take, 256 MiB by default: beyond it the K outputs go in several sweeps.
   * The result itself, 8 B K P bytes, is not counted.
   */
  budget?: number
  /** Where to write, `[B, K, ...x]` for each differentiated argument: a buffer to use again. */
  into?: readonly Tensor[]
}

const DEFAULT_BUDGET = 256 * 2 ** 20

/**
 * Per-sample Jacobians dy_b/dx of a function of a batch: y is `[B, ...K]`; J is `[B, K, ...x]` for a parameter x, which
 * all samples share, and `[B, K, ...x without axis 0]` for an x that carries the sample axis itself (an activation),
 * where other samples' entries would be zero. One sweep for all samples and all outputs; no loop over either.
 *
 *     const { value, J } = sampleJacobian((theta, x) => net(theta, x), { wrt: 0 })(theta, x0)   // J: [B, K, P]
 *
 * Throws RuleError naming the operator where samples are mixed (a mean over the batch, BatchNorm).
 */
export function sampleJacobian<W extends number | readonly number[] = number>(
  f: Fn,
  { wrt, mixing = 'error', budget = DEFAULT_BUDGET, into }: SampleJacobianOptions<W> = {}
): (...args: Tensor[]) => { value: Tensor; J: PerWrt<W> } {
  return (...args) => {
    checkChoice('sampleJacobian', 'mixing', mixing, ['error', 'embed'])
    checkNumbers('sampleJacobian', 'limit', { budget })
    const recorded = activeTapes().length > 0
    if (recorded && into)
      throw new GradientError(
        'sampleJacobian into a buffer',
        'a tape records, and what is written into a buffer has no derivative',
        'Leave out `into` where J is differentiated'
      )
    const outside = currentRegion()
    return scoped(() => {
      const { tape, watched, y } = traceBatch(f, args, wrt)
      const K = size(y.shape.slice(1))
      checkBuffers(into, watched)
      // A result that an enclosing derivative needs is made of operators; otherwise it is written in place.
      if (recorded) {
        const at = sweep(tape, y, 0, K, { mixing })
        return {
          value: y,
          J: perWrt(
            wrt,
            watched.map(x => toSamples(at.get(x), y, x))
          )
        }
      }
      const sinks = watched.map((x, i) => new Sink(x, y, into?.[i], outside))
      const step = rowsPerSweep(tape, y, budget)
      for (let from = 0; from < K; from += step) {
        const to = Math.min(K, from + step)
        const at = sweep(tape, y, from, to, {
          mixing,
          take: (t, range, rows) => sinks[watched.indexOf(t)]?.put(rows, from, range.start) ?? false
        })
        watched.forEach((x, i) => {
          const left = at.get(x)
          if (left) sinks[i].putAll(left, from, () => mixes(user(tape.sites, x)))
        })
      }
      return {
        value: y,
        J: perWrt(
          wrt,
          sinks.map(s => s.J)
        )
      }
    })
  }
}

/**
 * The same rows, streamed: `visit` gets pieces `[K, B, stop - start]` of the columns start … stop of argument `wrt`
 * as the sweep finds them, so that J is never stored; each is gone when `visit` returns. Pieces that overlap (a weight used twice) are to be added.
 */
export function sampleJacobianPieces(
  f: Fn,
  visit: (piece: { rows: Tensor; start: number; stop: number }) => void,
  { wrt = 0, mixing = 'error' }: { wrt?: number; mixing?: 'error' | 'embed' } = {}
): (...args: Tensor[]) => Tensor {
  return (...args) => {
    checkChoice('sampleJacobianPieces', 'mixing', mixing, ['error', 'embed'])
    checkFunction('sampleJacobianPieces', visit)
    // What the visitor makes is its own, and outlives the sweep.
    const outside = currentRegion()
    const hand = (piece: { rows: Tensor; start: number; stop: number }) => within(outside, () => visit(piece))
    return scoped(() => {
      const { tape, watched, y } = traceBatch(f, args, wrt)
      const [theta] = watched
      let taken = false
      const at = sweep(tape, y, 0, size(y.shape.slice(1)), {
        mixing,
        take: (t, { start, stop }, rows) => {
          if (t !== theta) return false
          taken = true
          hand({ rows, start, stop })
          return true
        }
      })
      const rest = at.get(theta)
      if (rest?.batched && taken) throw mixes(user(tape.sites, theta))
      if (rest) {
        const [k, B] = rest.rows.shape
        const n = size(rest.rows.shape.slice(2))
        hand({ rows: reshape(rest.rows, [k, B, n]), start: 0, stop: n })
      }
      return y
    })
  }
}

function traceBatch(f: Fn, args: readonly Tensor[], wrt: number | readonly number[] | undefined) {
  const traced = trace('sampleJacobian', f, args, wrtList(wrt))
  const { tape, y } = traced
  if (y.rank === 0)
    throw new ShapeError('sampleJacobian', 'the function returned a scalar', 'Return one row per sample, [B, ...]')
  if (y.shape[0] === 0)
    throw new ShapeError('sampleJacobian', `an empty batch, y has shape ${show(y.shape)}`, 'Give at least one sample')
  if (!tape.knows(y))
    throw new GradientError(
      'sampleJacobian',
      'the result does not depend on the argument',
      'Check wrt, and that the function uses it through operators'
    )
  return traced
}

/** Buffers to write into: one for each differentiated argument, in its dtype. */
function checkBuffers(into: readonly Tensor[] | undefined, watched: readonly Tensor[]): void {
  if (into === undefined) return
  const asked = 'sampleJacobian into a buffer'
  if (!Array.isArray(into) || into.length !== watched.length)
    throw new ShapeError(
      asked,
      Array.isArray(into) ? `${into.length} buffers for ${watched.length} arguments` : describe(into),
      'Give an array with a buffer for each differentiated argument'
    )
  watched.forEach((x, i) => {
    checkTensor(into[i], asked, `buffer ${i}`)
    if (into[i].dtype !== x.dtype)
      throw new DTypeError(asked, `buffer ${i} in ${into[i].dtype} for an argument in ${x.dtype}`, 'Use its dtype')
  })
}

const sweep = (
  tape: Tape,
  y: Tensor,
  from: number,
  to: number,
  { mixing, take }: SampleSweepOptions
): Map<Tensor, Rows> =>
  sampleSweep(tape, [[y, identityRows(y, true, from, to)]], {
    mixing,
    // Embedded rows of a tensor that carries samples meet at it, and must not be taken before.
    take: mixing === 'embed' ? undefined : take
  })

/** How many of the K rows fit the budget: per row the largest tensor on the way, and its neighbours' copies. */
function rowsPerSweep(tape: Tape, y: Tensor, budget: number): number {
  const B = y.shape[0]
  let largest = y.data.byteLength
  for (const { inputs, out, op } of tape.sites) {
    largest = Math.max(largest, out.data.byteLength)
    // A parameter's rows are B times the parameter; one read in pieces is never held whole.
    if (!op.reads)
      for (const t of inputs) if (tape.knows(t) && t.shape[0] !== B) largest = Math.max(largest, B * t.data.byteLength)
  }
  const LIVE = 3
  return Math.max(1, Math.floor(budget / (LIVE * largest)))
}

/** `[K, B, ...x]` to `[B, K, ...x]`, by operators. */
function toSamples(rows: Rows | undefined, y: Tensor, x: Tensor): Tensor {
  if (!rows) return zeros([y.shape[0], size(y.shape.slice(1)), ...x.shape], x.dtype)
  const t = rows.rows
  return permute(t, [1, 0, ...t.shape.map((_, k) => k).slice(2)])
}

/** The buffer `[B·K, P]` of one argument, filled as rows arrive. */
class Sink {
  readonly #K: number
  readonly #B: number
  #J: Tensor | undefined
  readonly #given: boolean
  #taken = false
  #written = false

  constructor(
    readonly x: Tensor,
    y: Tensor,
    into: Tensor | undefined,
    /** Owns the buffer: the sweep's own temporaries end before. */
    readonly region: Region | undefined
  ) {
    this.#B = y.shape[0]
    this.#K = size(y.shape.slice(1))
    this.#J = into
    this.#given = into !== undefined
    if (into) into.data.fill(0)
  }

  /** What was written; zeros if nothing arrived. */
  get J(): Tensor {
    if (this.#written) return this.#J!
    // Nothing arrived, so that nobody knows whether x carries samples: a buffer may say that it does.
    const carried = this.#J && this.x.rank > 0 && this.#J.rank === this.x.rank + 1
    return this.#buffer(carried ? this.x.shape.slice(1) : this.x.shape)
  }

  /** Adds rows `[k, B, n]` to the columns from `start` on, for the outputs from `from` on. */
  put(rows: Tensor, from: number, start: number): boolean {
    this.#taken = true
    this.#write(this.#buffer(this.x.shape), rows, from, start)
    return true
  }

  /** Adds rows of the whole argument. */
  putAll({ rows, batched }: Rows, from: number, mixed: () => Error): void {
    // A batch of one: its sample axis and an axis of length 1 are the same, and the buffer may say which is meant.
    if (batched && this.#B === 1 && (this.#J ? this.#J.rank === this.x.rank + 2 : this.#taken)) batched = false
    // Parts of x were read for all samples alike, and x carries the sample axis elsewhere.
    if (batched && this.#taken) throw mixed()
    this.#write(this.#buffer(batched ? this.x.shape.slice(1) : this.x.shape), rows, from, 0)
  }

  #buffer(shape: readonly number[]): Tensor {
    const full = [this.#B, this.#K, ...shape]
    this.#J ??= within(this.region, () => zeros(full, this.x.dtype))
    if (this.#given && show(this.#J.shape) !== show(full))
      throw new ShapeError(
        'sampleJacobian into a buffer',
        `the buffer has shape ${show(this.#J.shape)}, the Jacobian ${show(full)}`,
        'Give a buffer of that shape'
      )
    return this.#J
  }

  #write(J: Tensor, rows: Tensor, from: number, start: number): void {
    this.#written = true
    const k = rows.shape[0]
    const n = rows.size / (k * this.#B)
    const P = J.size / (this.#B * this.#K)
    const [into, out] = [J.data, rows.data]
    for (let i = 0; i < k; i++)
      for (let b = 0; b < this.#B; b++) {
        const to = (b * this.#K + from + i) * P + start
        const at = (i * this.#B + b) * n
        for (let j = 0; j < n; j++) into[to + j] += out[at + j]
      }
  }
}
