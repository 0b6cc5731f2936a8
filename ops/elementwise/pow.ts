import { apply } from '../../core/apply.js'
import { power as powerForm } from '../../core/backends/gpu/formulas.js'
import { gpuMap2 } from '../../core/backends/gpu/kernels.js'
import { stretch } from '../../core/claim.js'
import { binary, binaryFunction } from '../../core/families/binary.js'
import { elementwise } from '../../core/families/elementwise.js'
import type { View } from '../../core/op.js'
import { mul } from '../../core/structural/mul.js'
import { full, mapData, type Tensor } from '../../core/tensor.js'
import { log } from './log.js'
import { neg } from './neg.js'
import { sub } from './sub.js'
import { where } from './where.js'

/** a^b as IEEE 754 and NumPy have it: 1^b = 1 for NaN too, and (±1)^±∞ = 1, where JavaScript says NaN. */
export const power = (a: number, b: number): number =>
  a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b

export const powerOp = elementwise<{ exponent: number }>({
  name: 'power',
  doc: `y = x^p for a number p, as IEEE 754 has it: x^0 = 1^p = 1, whatever x and p are
  tangent  dy = p x^(p-1) dx
  adjoint  p x^(p-1) ct
  inverse  p odd: the p-th root with the sign of ỹ. p even: with the sign of x (plus at 0). p no integer: the positive
           one. Targets below 0 count as 0 where there is no root and p > 0; none for p < 0 there or at ỹ = 0. p = 0: x
  domain   all x for integers p ≥ 0, x ≠ 0 for p < 0, x > 0 if p is no integer
  caveats  at 0 the derivative is p 0^(p-1): 0 for p > 1, infinite for p < 1, and 0 for p = 0`,
  tex: { y: 'y = x^p', slope: 'p x^{p-1}', inverse: String.raw`\tilde x = \pm\tilde y^{1/p}` },
  extremes: [1e100, -1e100, 1e-100, -1e-100],
  kernel: (x, y, { exponent: p }) => {
    for (let i = 0; i < x.length; i++) y[i] = power(x[i], p)
  },
  gpu: ({ exponent }) => powerForm('x', exponent),
  derivative: (x, _, { exponent: p }) => (p === 0 ? 0 : p === 1 ? 1 : p === 2 ? mul(x, 2) : mul(pow(x, p - 1), p)),
  inverse: { kind: 'local', at: (t, x, { exponent }) => root(t, x, exponent) },
  examples: r => [
    { inputs: [r.uniform([2, 3], 0.5, 2)], attrs: { exponent: 3 } },
    { inputs: [r.uniform([3], -2, -0.5)], attrs: { exponent: 3 }, note: 'odd, negative' },
    { inputs: [r.uniform([3], -2, -0.5)], attrs: { exponent: 4 }, note: 'even, negative branch' },
    { inputs: [r.uniform([3], 0.5, 2)], attrs: { exponent: -1.5 } },
    { inputs: [r.uniform([3], -2, -0.5)], attrs: { exponent: -2 } },
    { inputs: [r.uniform([3], 1, 20)], attrs: { exponent: 0.5 } },
    { inputs: [r.normal([2])], attrs: { exponent: 1 } },
    { inputs: [full([2], 0)], attrs: { exponent: 2 }, note: 'zero' },
    { inputs: [r.normal([2])], attrs: { exponent: 0 }, note: 'constant' }
  ]
})

function root(t: number, x: number, p: number): number {
  if (p === 0) return x
  if (p < 0 && t === 0) return Number.NaN
  if (t < 0 && p % 2 !== 0 && Number.isInteger(p)) return -((-t) ** (1 / p))
  if (t < 0) return p > 0 ? 0 : Number.NaN
  return (x < 0 && p % 2 === 0 ? -1 : 1) * t ** (1 / p)
}

export const powOp = binary({
  name: 'pow',
  doc: `y = a^b for tensors, as IEEE 754 has it: a^0 = 1^b = 1, whatever a and b are
  tangent  dy = b a^(b-1) da + y ln a db
  adjoint  b a^(b-1) ct to a, y ln a ct to b, summed over broadcast axes
  inverse  ã = ỹ^(1/b), b̃ = ln ỹ / ln a; none for ỹ ≤ 0, nor b̃ for a = 1
  domain   a > 0; for other bases give the exponent as a number
  caveats  a = 0: the slope in b is its limit 0 for b > 0, and -∞ for b = 0, where 0^b falls from 1 to 0`,
  tex: {
    y: 'y = a^b',
    tangent: String.raw`dy = b a^{b-1}\,da + y \ln a\,db`,
    adjoint: String.raw`\bar a = b a^{b-1}\,\bar y,\; \bar b = y \ln a\,\bar y`,
    inverse: String.raw`\tilde a = \tilde y^{1/b},\; \tilde b = \ln\tilde y / \ln a`
  },
  extremes: [
    [1e300, 1],
    [1e-300, 1],
    [1e300, 0.5],
    [1e-200, -0.5],
    [1e-150, 2]
  ],
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = power(a[ia], b[ib])
  },
  gpu: 'Math.pow(a, b)',
  jvp: [(da, v) => mul(da, baseSlope(v.x[0], v.x[1])), (db, v) => mul(db, exponentSlope(v))],
  vjp: [(ct, v) => mul(ct, baseSlope(v.x[0], v.x[1])), (ct, v) => mul(ct, exponentSlope(v))],
  solve: [
    (t, b, a) => (b === 0 ? (t === 1 ? a : Number.NaN) : t > 0 ? t ** (1 / b) : Number.NaN),
    (t, a, b) => (a === 1 ? (t === 1 ? b : Number.NaN) : t > 0 ? Math.log(t) / Math.log(a) : Number.NaN)
  ],
  examples: r => [
    { inputs: [r.uniform([2, 3], 1.5, 3), r.uniform([2, 3], -2, 2)] },
    { inputs: [r.uniform([3], 0.3, 0.8), r.uniform([3], 0.5, 2)], note: 'base below 1' }
  ]
})

/** b a^(b-1) */
const baseSlope = (a: Tensor, b: Tensor): Tensor => mul(b, powTensors(a, sub(b, 1)))

/**
 * y ln a. At a = 0 < b this is -a^e, which is 0 and has the derivative in a that y ln a has there, a^(b-1) (b ln a + 1):
 * 0 for b > 1 (e = b) and -∞ for b ≤ 1 (e = b/2).
 */
function exponentSlope({ x: [a, b], y }: View<undefined>): Tensor {
  const atZero = (zero: Tensor, e: Tensor): Tensor => where(zero, neg(powTensors(a, e)), mul(y, log(where(zero, 1, a))))
  const onGpu = gpuMap2(a, b, 'a === 0 ? (b > 0 ? 1 : 0) : 0', y.shape)
  if (onGpu) return atZero(onGpu, gpuMap2(onGpu, b, 'a === 0 ? 1 : b > 1 ? b : b / 2', y.shape)!)
  const [p, q] = [stretch(a, y.shape), stretch(b, y.shape)]
  const zero = mapData(y, (_, i) => (p.data[i] === 0 && q.data[i] > 0 ? 1 : 0))
  if (!zero.data.includes(1)) return mul(y, log(a))
  const e = mapData(q, (v, i) => (zero.data[i] === 0 ? 1 : v > 1 ? v : v / 2))
  return atZero(zero, e)
}

const powTensors = binaryFunction(powOp)

/** a^b: a number as exponent goes with any base it is defined for, a tensor (broadcasting) with positive ones. */
export const pow = (a: Tensor | number, b: Tensor | number): Tensor =>
  typeof b === 'number' && typeof a !== 'number' ? apply(powerOp, [a], { exponent: b }) : powTensors(a, b)
