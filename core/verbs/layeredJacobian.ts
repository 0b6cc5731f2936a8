import { GradientError, ShapeError } from '../errors.js'
import { type LayerBlock, LayeredMatrix } from '../linalg/layeredMatrix.js'
import { scoped } from '../scope.js'
import { show, size } from '../shape.js'
import { reshapeOp } from '../structural/reshape.js'
import { identityRows, mixes, sampleSweep, user } from '../sweeps/sampleJacobian.js'
import type { Tape } from '../tape.js'
import type { Tensor } from '../tensor.js'
import { type Fn, trace } from './trace.js'

interface Range {
  start: number
  stop: number
}

/**
 * The per-sample Jacobian of a function of a batch with respect to one flat θ [P], as `sampleJacobian` has it, but kept
 * layer by layer in factors: activations x_b and cotangents ct_kb of each dense layer, whose outer products are never
 * made. y is `[B, ...K]`; J is a LayeredMatrix [B·K, P] with its products, its Gram matrix, and itself on request.
 *
 *     const { value, J } = layeredJacobian((theta, x) => net(theta, x), { wrt: 0 })(theta, x0)
 *     J.applyT(J.apply(v))
 *
 * What is no dense layer (biases, convolutions, a θ that is used as it is) is kept as rows, and so is a parameter that is
 * used in several places, where its rows add up. Throws RuleError naming the operator where samples are mixed.
 */
export function layeredJacobian(
  f: Fn,
  { wrt = 0 }: { wrt?: number } = {}
): (...args: Tensor[]) => { value: Tensor; J: LayeredMatrix } {
  return (...args) =>
    scoped(() => {
      const { tape, watched, y } = trace('layeredJacobian', f, args, [wrt])
      if (y.rank === 0 || y.shape[0] === 0)
        throw new ShapeError(
          'layeredJacobian',
          `a result of shape ${show(y.shape)}`,
          'Return one row per sample, [B, ...]'
        )
      if (!tape.knows(y))
        throw new GradientError('layeredJacobian', 'the result does not depend on the argument', 'Check wrt')
      const [theta] = watched
      const [B, K] = [y.shape[0], size(y.shape.slice(1))]
      const ranges = rangesOf(tape, theta)
      const found = new Blocks(B, K)
      const at = sampleSweep(tape, [[y, identityRows(y, true)]], {
        take: (t, { start }, rows) => {
          const range = ranges.get(t)
          if (range) found.addRows(range.start + start, rows)
          return range !== undefined
        },
        takeFactors: (t, { left, right, transposed }) => {
          const range = ranges.get(t)
          if (range) found.add(range.start, left, right, transposed)
          return range !== undefined
        }
      })
      const rest = at.get(theta)
      if (rest?.batched) throw mixes(user(tape.sites, theta))
      if (rest) found.addRows(0, rest.rows)
      return { value: y, J: new LayeredMatrix(B, K, theta.size, found.blocks()) }
    })
}

/** The tensors that are a contiguous range of θ's entries as they are: slices of it, in other shapes. */
function rangesOf(tape: Tape, theta: Tensor): Map<Tensor, Range> {
  const ranges = new Map<Tensor, Range>([[theta, { start: 0, stop: theta.size }]])
  for (const site of tape.sites) {
    const from = ranges.get(site.inputs[0])
    if (!from) continue
    if (site.op === reshapeOp) ranges.set(site.out, from)
    const read = site.op.reads?.(site)
    if (read) ranges.set(site.out, { start: from.start + read.start, stop: from.start + read.stop })
  }
  return ranges
}

/** Blocks as they come; those whose columns overlap are multiplied out and added up. */
class Blocks {
  readonly #list: LayerBlock[] = []
  constructor(
    readonly B: number,
    readonly K: number
  ) {}

  add(start: number, left: Tensor, right: Tensor, transposed: boolean): void {
    const p = left.size / this.B
    this.#list.push({
      start,
      p,
      q: this.#width(right),
      left: Float64Array.from(left.data),
      right: this.#own(right),
      transposed
    })
  }

  addRows(start: number, rows: Tensor): void {
    this.#list.push({ start, p: 1, q: this.#width(rows), left: null, right: this.#own(rows), transposed: false })
  }

  #width(rows: Tensor): number {
    return rows.size / (this.B * this.K)
  }

  /** [K, B, q] to [B K, q], a copy of its own. */
  #own({ data: rows }: Tensor): Float64Array {
    const { B, K } = this
    const q = rows.length / (B * K)
    const own = new Float64Array(rows.length)
    for (let k = 0; k < K; k++)
      for (let b = 0; b < B; b++) own.set(rows.subarray((k * B + b) * q, (k * B + b + 1) * q), (b * K + k) * q)
    // The weight and the bias of a layer have the same.
    const same = this.#list.find(({ right }) => right.length === own.length && right.every((v, i) => v === own[i]))
    return same?.right ?? own
  }

  blocks(): LayerBlock[] {
    const out: LayerBlock[] = []
    const sorted = this.#list.filter(block => block.q > 0).sort((a, b) => a.start - b.start)
    for (let i = 0; i < sorted.length; ) {
      const { start } = sorted[i]
      let stop = start
      const group: LayerBlock[] = []
      while (i < sorted.length && (group.length === 0 || sorted[i].start < stop)) {
        stop = Math.max(stop, sorted[i].start + sorted[i].p * sorted[i].q)
        group.push(sorted[i++])
      }
      if (group.length === 1) out.push(group[0])
      else {
        const shifted = group.map(block => ({ ...block, start: block.start - start }))
        const right = new LayeredMatrix(this.B, this.K, stop - start, shifted).matrix()
        out.push({ start, p: 1, q: stop - start, left: null, right, transposed: false })
      }
    }
    return out
  }
}
