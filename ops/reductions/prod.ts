import { reduceProd } from '../../core/backends/gpu/kernels.js'
import { reduceFibres } from '../../core/backends/plain/fibres.js'
import { reduction, reductionFunction } from '../../core/families/reduction.js'
import { mul } from '../../core/structural/mul.js'
import { permute } from '../../core/structural/permute.js'
import { reshape } from '../../core/structural/reshape.js'
import type { ReduceAttrs } from '../../core/structural/sum.js'
import { onesLike, type Tensor, tensor } from '../../core/tensor.js'
import { bracketed } from '../elementwise/bracketed.js'
import { concat } from '../shape/concat.js'
import { slice } from '../shape/slice.js'
import { logMix } from './lse.js'

export const prodOp = reduction<ReduceAttrs>({
  name: 'prod',
  doc: `y = Π x over axes
  tangent  dy = Σ_i dx_i Π_{j≠i} x_j
  adjoint  ct Π_{j≠i} x_j: products of pairs, no division, so that zeros do no harm, at any order
  inverse  no zeros: along the gradient, x̃_i = x_i + u/x_i with the u that gives ỹ (one equation, by Newton's iteration in
           a bracket); where ỹ has the other sign, the smallest entry changes its sign first. Zeros: they take what the
           other entries leave, in equal parts, the first one with the sign
  cost     one product per entry, three in the derivatives
  caveats  y leaves the range of numbers only where Π x does, derivatives also where a product of some of the entries
           does. Two zeros or more: the derivatives are 0, yet the inverse moves the zeros`,
  tex: {
    y: String.raw`y = \textstyle\prod_i x_i`,
    slope: String.raw`\textstyle\prod_{j \ne i} x_j`,
    inverse: String.raw`\tilde x_i = x_i + u / x_i,\; u \text{ such that } y(\tilde x) = \tilde y`
  },
  kernel: (x, y, shape, keep) => reduceFibres(x, y, shape, keep, product),
  gpu: reduceProd,
  slope: (x, _, { axes }) => {
    const all = x.shape.map((_, k) => k - x.rank)
    const order = [...all.filter(a => !axes.includes(a)), ...axes]
    const moved = permute(x, order)
    const outside = others(reshape(moved, [...moved.shape.slice(0, x.rank - axes.length), -1]))
    return permute(
      reshape(outside, moved.shape),
      all.map(a => order.indexOf(a))
    )
  },
  inverse: { kind: 'local', at: moveProduct },
  examples: r => [
    { inputs: [r.uniform([2, 3, 2], 0.5, 2)], attrs: { axes: [-2], keepDims: false } },
    { inputs: [r.uniform([2, 2, 3], -2, -0.5)], attrs: { axes: [-3, -1], keepDims: true }, note: 'negative' },
    { inputs: [r.normal([5])], attrs: { axes: [-1], keepDims: false } },
    {
      inputs: [
        tensor([
          [1, 0, -2, 0.5],
          [0, 2, 0, 3],
          [1, -2, 3, 0.5]
        ])
      ],
      attrs: { axes: [-1], keepDims: false },
      note: 'one zero, two, none'
    },
    { inputs: [r.uniform([3, 1], 1, 2)], attrs: { axes: [-1], keepDims: false }, note: 'size-1 axis' },
    { inputs: [tensor([1e300, -1e-300, 3])], attrs: { axes: [-1], keepDims: false }, extreme: true, note: '1e±300' },
    { inputs: [r.normal([2, 0])], attrs: { axes: [-1], keepDims: false }, note: 'empty axis: 1' }
  ]
})

const HUGE = 2 ** 512

/** Π v, kept between 1/HUGE and HUGE beside a power of HUGE, so that only the result can overflow or underflow. */
function product(v: Float64Array): number {
  let p = 1
  let power = 0
  const tame = (f: number): number => {
    const size = Math.abs(f)
    if (size < HUGE && size > 1 / HUGE) return f
    power += size >= HUGE ? 1 : -1
    return size >= HUGE ? f / HUGE : f * HUGE
  }
  for (let i = 0; i < v.length; i++) p = tame(p * tame(v[i]))
  for (; power > 0; power--) p *= HUGE
  for (; power < 0; power++) p /= HUGE
  return p
}

/**
 * Π_{j≠i} x_j for every i along the last axis. Entries a, b that make a pair leave b · o and a · o, where o is the product
 * of all other pairs, which the same function gives: n/2 pairs, then n/4, …
 */
function others(x: Tensor): Tensor {
  const n = x.shape[x.rank - 1]
  if (n < 2) return onesLike(x)
  const h = n >> 1
  const a = slice(x, -1, 0, h)
  const b = slice(x, -1, h, 2 * h)
  const single = n % 2 ? [slice(x, -1, n - 1)] : []
  const outside = others(concat([mul(a, b), ...single], -1))
  const o = slice(outside, -1, 0, h)
  return concat([mul(b, o), mul(a, o), ...single.map(() => slice(outside, -1, h))], -1)
}

/**
 * Moves x, in place, until its product is `target`. Along the gradient p_i = y/x_i it is Π (x_i + u/x_i); with the smallest
 * entry x_k, w_i = (x_k/x_i)² ≤ 1 and u = x_k² (e^η - 1) every factor is x_i (1 - w_i + w_i e^η), so that
 *
 *     Σ ln(1 - w_i + w_i e^η) = ln(ỹ/y)
 *
 * whose left side grows with η, with a slope between 1 and n.
 */
function moveProduct(x: Float64Array, target: number): void {
  const n = x.length
  const free = x.reduce((m, v) => m + (v === 0 ? 1 : 0), 0)
  if (free > 0) {
    const share = target / product(x.filter(v => v !== 0))
    let sign = Math.sign(share)
    for (let i = 0; i < n; i++)
      if (x[i] === 0) {
        x[i] = sign * Math.abs(share) ** (1 / free)
        sign = 1
      }
    return
  }
  if (n === 0) return
  let k = 0
  for (let i = 1; i < n; i++) if (Math.abs(x[i]) < Math.abs(x[k])) k = i
  const negative = x.reduce((odd, v) => (v < 0 ? !odd : odd), false)
  if (target < 0 !== negative && target !== 0) x[k] = -x[k]
  const l = x.map(v => 2 * Math.log(Math.abs(x[k] / v)))
  const size = x.reduce((s, v) => s + Math.log(Math.abs(v)), 0)
  const ratio = Math.abs(target / product(x))
  const wish = ratio > 0 && ratio < Number.POSITIVE_INFINITY ? Math.log(ratio) : Math.log(Math.abs(target)) - size
  const eta =
    target === 0
      ? Number.NEGATIVE_INFINITY
      : bracketed(
          eta => l.reduce((s, li) => s + logMix(eta, li), 0),
          eta => l.reduce((s, li) => s + Math.exp(eta + li - logMix(eta, li)), 0),
          wish,
          Math.min(wish, wish / n),
          Math.max(wish, wish / n),
          wish / n
        )
  for (let i = 0; i < n; i++) x[i] *= Math.exp(logMix(eta, l[i]))
}

/** Π x over `axes` (all by default); 1 for no entries. Derivatives of every order are right at zeros too. */
export const prod = reductionFunction(prodOp)
