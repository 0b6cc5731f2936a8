import { elementwise, elementwiseFunction } from '../../core/families/elementwise.js'
import { mul } from '../../core/structural/mul.js'
import { exp } from './exp.js'
import { neg } from './neg.js'
import { square } from './square.js'

const SLOPE = 2 / Math.sqrt(Math.PI)

/** Coefficients from the constant term up; each pair is numerator and denominator on one interval of |x|. */
type Rational = readonly [readonly number[], readonly number[]]

/** |x| < 0.84375: erf x = x + x R(x²) */
const SMALL: Rational = [
  [0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442, -2.3763016656650163e-5],
  [1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164, -3.960228278775368e-6]
]
/** … < 1.25: erf x = 0.845… + R(x - 1) */
const MIDDLE: Rational = [
  [
    -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175, -0.11089469428239668,
    0.035478304325618236, -0.002166375594868791
  ],
  [
    1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164, 0.01363708391202905,
    0.011984499846799107
  ]
]
const ERX = 0.8450629115104675
/** … < 1/0.35: 1 - erf x = exp(-x² - 0.5625 + R(1/x²)) / x */
const LARGE: Rational = [
  [
    -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006, -162.39666946257347,
    -184.60509290671104, -81.2874355063066, -9.814329344169145
  ],
  [
    1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
    108.63500554177944, 6.570249770319282, -0.0604244152148581
  ]
]
/** … < 6, the same form */
const TAIL: Rational = [
  [
    -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
    -1025.0951316110772, -483.5191916086514
  ],
  [
    1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
    474.52854120695537, -22.44095244658582
  ]
]

const horner = (c: readonly number[], z: number): number => {
  let s = 0
  for (let k = c.length - 1; k >= 0; k--) s = s * z + c[k]
  return s
}
const ratio = ([p, q]: Rational, z: number): number => horner(p, z) / horner(q, z)

/** The error function to about 1 ulp: the rational approximations of FreeBSD's s_erf.c (Sun Microsystems, 1993). */
export function erfOf(x: number): number {
  const a = Math.abs(x)
  if (a < 0.84375) return x + x * ratio(SMALL, x * x)
  if (a < 1.25) return Math.sign(x) * (ERX + ratio(MIDDLE, a - 1))
  if (!(a < 6)) return Number.isNaN(x) ? x : Math.sign(x)
  const R = ratio(a < 1 / 0.35 ? LARGE : TAIL, 1 / (a * a))
  // x² in two parts, so that rounding it does not spoil the exponential.
  const z = Math.fround(a)
  const tail = (Math.exp(-z * z - 0.5625) * Math.exp((z - a) * (z + a) + R)) / a
  return Math.sign(x) * (1 - tail)
}

/** Winitzki's guess (error 2e-3), then Halley's iteration, f″/f′ = -2x. */
export function inverseErf(t: number): number {
  if (!(Math.abs(t) < 1)) return Number.NaN
  const l = Math.log1p(-t * t)
  const b = 2 / (Math.PI * 0.147) + l / 2
  let x = Math.sign(t) * Math.sqrt(Math.sqrt(b * b - l / 0.147) - b)
  for (let k = 0; k < 4; k++) {
    const newton = (erfOf(x) - t) / (SLOPE * Math.exp(-x * x))
    x -= newton / (1 + x * newton)
  }
  return x
}

export const erfOp = elementwise({
  name: 'erf',
  doc: `y = erf x = 2/√π ∫₀ˣ e^(-t²) dt
  tangent  dy = 2/√π e^(-x²) dx
  adjoint  2/√π e^(-x²) ct
  inverse  x̃ = erf⁻¹ ỹ by Halley's iteration; none at or beyond ±1`,
  kernel: (x, y) => {
    for (let i = 0; i < x.length; i++) y[i] = erfOf(x[i])
  },
  derivative: x => mul(exp(neg(square(x))), SLOPE),
  inverse: { kind: 'exact', at: inverseErf },
  examples: r => [
    { inputs: [r.normal([2, 3])] },
    { inputs: [r.uniform([3], -3, 3)], note: 'large' },
    { inputs: [r.uniform([2], 0.8, 1.4)], note: 'across two approximations' },
    { inputs: [r.normal([0, 2])], note: 'empty axis' }
  ]
})

/** The error function. */
export const erf = elementwiseFunction(erfOp)
