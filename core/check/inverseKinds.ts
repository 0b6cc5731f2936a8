import { svd } from '../linalg/svd.js'
import type { Random } from '../random.js'
import { Tensor } from '../tensor.js'
import { fixpoint, type InverseProbe, inverseProbe, mismatchOf, reachable, roundTrip, ruleOf } from './inverseProbe.js'
import { dot, exponent, flat, minus, moved, norm, probe, relative } from './probe.js'
import { type CheckRow, judge, skipped } from './row.js'
import { TOLERANCE } from './tolerances.js'

/**
 * Structural: P is a matrix of zeros and ones, and its inverse moves entries and weights back together. Copies of one
 * entry become their weighted mean, their weights add up: weight Jᵀw, value Jᵀ(w ỹ) / Jᵀw.
 */
export function structuralLaws(q: InverseProbe, random: Random): CheckRow[] {
  const rows = [fixpoint(q), roundTrip(q, random)]
  if (q.m * q.n === 0) return rows
  const name = q.row('moves')
  if (q.J.some(v => v !== 0 && v !== 1)) return [...rows, skipped(name, q.p.label, 'not a matrix of zeros and ones')]
  for (const weighted of [false, true]) {
    const target = random.normal(q.y.shape)
    const w = Float64Array.from(target.data, (_, i) => (weighted ? [0, 1, 2.5][(i * 7 + 1) % 3] : 1))
    const { value, weight } = q.claims({ value: target, weight: weighted ? new Tensor(q.y.shape, w) : null })[0]
    const total = transposed(q, w)
    const sums = transposed(
      q,
      w.map((v, i) => v * target.data[i])
    )
    const got = value.data.map((v, j) => (total[j] === 0 ? 0 : v))
    const want = sums.map((v, j) => (total[j] === 0 ? 0 : v / total[j]))
    const weights = weight ? weight.data : total.map(() => 1)
    const error = Math.max(relative(got, want), relative(weights, total))
    rows.push(judge(name, q.p.label, error, TOLERANCE.moved, weighted ? 'weighted' : ''))
  }
  return rows
}

/** Jᵀ w */
const transposed = ({ J, m, n }: InverseProbe, w: Float64Array): Float64Array =>
  Float64Array.from({ length: n }, (_, j) => {
    let sum = 0
    for (let i = 0; i < m; i++) sum += J[i * n + j] * w[i]
    return sum
  })

/**
 * Regularised: fixpoint; the mismatch never grows, for targets near and far, in reach or not; and along the direction
 * of the largest singular value, where nothing amplifies, the inverse is the exact one.
 */
export function regularisedLaws(q: InverseProbe, random: Random): CheckRow[] {
  const rows = [fixpoint(q)]
  if (q.m * q.n === 0) return rows
  const scale = norm(q.y.data) / Math.sqrt(q.m) || 1
  for (const size of [0.01, 0.1, 1, 10]) {
    const noise = random.normal(q.y.shape, 0, size * scale)
    const target = new Tensor(
      q.y.shape,
      q.y.data.map((v, i) => v + noise.data[i])
    )
    rows.push(growth(q, target, `size ${size}`))
  }
  rows.push(growth(q, reachable(q, random), 'in reach'))
  if (!q.p.smooth) return rows
  const { V, s } = svd(q.J, q.m, q.n)
  const width = s.length
  const t = 1e-4 * (norm(flat(q.xs)) || 1)
  const v = Float64Array.from({ length: q.n }, (_, j) => V[j * width])
  const target = q.forward(moved(q.xs, [0], [new Tensor(q.xs[0].shape, v)], t))
  const gain = dot(minus(flat(q.solve(target)), flat(q.xs)), v) / t
  return [...rows, judge(q.row('dominant direction'), q.p.label, Math.abs(gain - 1), TOLERANCE.dominant)]
}

function growth(q: InverseProbe, target: Tensor, note: string): CheckRow {
  const before = norm(minus(target.data, q.y.data))
  const after = norm(minus(target.data, q.forward(q.solve(target)).data))
  const error = after <= before ? 0 : after / before - 1
  return judge(q.row('mismatch'), q.p.label, error, TOLERANCE.mismatch, note)
}

/**
 * Approximate: with steps 1, 2 and 4 times smaller the errors of fixpoint and round trip fall with the stated order.
 */
export function approximateLaws(q: InverseProbe, random: Random): CheckRow[] {
  const { op, attrs, xs } = q.p
  const { order, refine } = op!.inverse!
  if (order === undefined || !refine)
    return [judge(q.row('order'), q.p.label, Number.NaN, 0, 'an approximate inverse states its order and refine')]
  const factors = [1, 2, 4]
  const only = xs.map((_, i) => q.active.includes(i))
  const state = random.state
  const errors = factors.map(k => {
    random.restore(state)
    const p = probe(op!, { inputs: xs, attrs: refine(attrs, k) })
    const r = inverseProbe(p, q.active, '', ruleOf(op!, only))
    const target = reachable(r, random)
    return [relative(flat(r.solve(r.y)), flat(r.xs)), mismatchOf(r, r.solve(target), target)]
  })
  return ['fixpoint', 'round trip'].map((law, k) => {
    const e = errors.map(pair => pair[k])
    const name = q.row(`order of ${law}`)
    if (e.every(v => v < 1e-12)) return judge(name, q.p.label, 0, TOLERANCE.order, 'to rounding')
    const fitted = exponent(
      factors.map(f => 1 / f),
      e
    )
    return judge(name, q.p.label, Math.max(0, order - fitted), TOLERANCE.order, `fitted ${fitted.toFixed(2)}`)
  })
}
