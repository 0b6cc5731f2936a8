/** The slope of erf at 0: 2/√π. */
export const SLOPE = 2 / Math.sqrt(Math.PI)

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

/** exp(-a² - 0.5625 + R(1/a²)) / a = 1 - erf a for a ≥ 1.25 */
function tailOf(a: number): number {
  const R = ratio(a < 1 / 0.35 ? LARGE : TAIL, 1 / (a * a))
  // a² in two parts, so that rounding it does not spoil the exponential.
  const z = Math.fround(a)
  return (Math.exp(-z * z - 0.5625) * Math.exp((z - a) * (z + a) + R)) / a
}

/** The error function to about 1 ulp: the rational approximations of FreeBSD's s_erf.c (Sun Microsystems, 1993). */
export function erfOf(x: number): number {
  const a = Math.abs(x)
  if (a < 0.84375) return x + x * ratio(SMALL, x * x)
  if (a < 1.25) return Math.sign(x) * (ERX + ratio(MIDDLE, a - 1))
  if (!(a < 6)) return Number.isNaN(x) ? x : Math.sign(x)
  return Math.sign(x) * (1 - tailOf(a))
}

/** 1 - erf x to a few ulp, from the same approximations, so that nothing cancels: 1e-300 near x = 26. */
export function erfcOf(x: number): number {
  const a = Math.abs(x)
  if (a < 0.25) return 1 - erfOf(x)
  if (a < 0.84375) return 0.5 - (x - 0.5 + x * ratio(SMALL, x * x))
  if (a < 1.25) return x > 0 ? 1 - ERX - ratio(MIDDLE, a - 1) : 1 + ERX + ratio(MIDDLE, a - 1)
  if (!(a < 28)) return Number.isNaN(x) ? x : x > 0 ? 0 : 2
  return x > 0 ? tailOf(a) : 2 - tailOf(a)
}

/** |erf⁻¹ t| from l = ln(1 - t²), to 2e-3: S. Winitzki, "A handy approximation for the error function" (2008). */
function guess(l: number): number {
  const b = 2 / (Math.PI * 0.147) + l / 2
  return Math.sqrt(Math.sqrt(b * b - l / 0.147) - b)
}

/** Halley's iteration for f(x) = t, f = erf or erfc: f″/f′ = -2x. */
function halley(f: (x: number) => number, slope: number, t: number, x: number): number {
  for (let k = 0; k < 12; k++) {
    const newton = (f(x) - t) / (slope * Math.exp(-x * x))
    const step = newton / (1 + x * newton)
    if (!Number.isFinite(step)) return x
    x -= step
    if (Math.abs(step) <= 1e-16 * Math.abs(x)) return x
  }
  return x
}

/** The x with erf x = t; NaN where there is none. */
export function inverseErf(t: number): number {
  if (!(Math.abs(t) < 1)) return Number.NaN
  return halley(erfOf, SLOPE, t, Math.sign(t) * guess(Math.log1p(-t * t)))
}

/** The x with erfc x = t; NaN where there is none. */
export function inverseErfc(t: number): number {
  if (!(t > 0 && t < 2)) return Number.NaN
  const u = 1 - t
  const l = Math.abs(u) < 0.5 ? Math.log1p(-u * u) : Math.log(t) + Math.log(2 - t)
  return halley(erfcOf, -SLOPE, t, Math.sign(u) * guess(l))
}
