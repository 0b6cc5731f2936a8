/**
 * Elementary functions to 60 digits, in whole numbers of 2⁻²⁵⁶: what the kernels' rounding errors are measured against.
 * Series by the book, nothing fast.
 */
const BITS = 256n
const ONE = 1n << BITS

const times = (a: bigint, b: bigint): bigint => (a * b) >> BITS
const over = (a: bigint, b: bigint): bigint => (a << BITS) / b

/** A number of moderate size, exactly: 2²⁰⁰ x is whole from |x| = 2⁻¹⁴⁷ on. */
export const fixed = (x: number): bigint => BigInt(x * 2 ** 200) << (BITS - 200n)

/** first + first · ratio(1) + first · ratio(1) · ratio(2) + … */
function series(
  first: bigint,
  next: (term: bigint, n: bigint) => bigint,
  weight = (t: bigint, _: bigint) => t
): bigint {
  let sum = 0n
  for (let n = 0n, term = first; term > 1n || term < -1n; n++, term = next(term, n)) sum += weight(term, n)
  return sum
}

function exp(x: bigint): bigint {
  // Σ (x/2⁸)ⁿ/n!, squared eight times.
  let y = series(ONE, (t, n) => times(t, x >> 8n) / n)
  for (let k = 0; k < 8; k++) y = times(y, y)
  return y
}

/** arctan z (sign -1) or artanh z (sign 1) for |z| well below 1. */
const arc = (z: bigint, sign: bigint): bigint =>
  series(
    z,
    t => sign * times(times(t, z), z),
    (t, n) => t / (2n * n + 1n)
  )

const PI = 16n * arc(ONE / 5n, -1n) - 4n * arc(ONE / 239n, -1n)
const LN2 = 2n * arc(ONE / 3n, 1n)

function log(x: bigint): bigint {
  let k = 0n
  for (; x > (ONE * 3n) / 2n; k++) x >>= 1n
  for (; x < (ONE * 3n) / 4n; k--) x <<= 1n
  return k * LN2 + 2n * arc(over(x - ONE, x + ONE), 1n)
}

function sin(x: bigint): bigint {
  const r = x % (2n * PI)
  return series(r, (t, n) => -times(times(t, r), r) / (2n * n * (2n * n + 1n)))
}
const cos = (x: bigint): bigint => sin(x + PI / 2n)

const root = (x: bigint): bigint => {
  let y = x
  for (let k = 0; k < 300; k++) y = (y + over(x, y)) >> 1n
  return y
}
const SLOPE = over(2n * ONE, root(PI))

const erf = (x: bigint): bigint =>
  times(
    SLOPE,
    series(
      x,
      (t, n) => -times(times(t, x), x) / n,
      (t, n) => t / (2n * n + 1n)
    )
  )

const expm1 = (x: bigint): bigint => exp(x) - ONE
const tanh = (x: bigint): bigint => over(expm1(2n * x), exp(2n * x) + ONE)
const sigmoid = (x: bigint): bigint => over(ONE, ONE + exp(-x))
const silu = (x: bigint): bigint => times(x, sigmoid(x))
const log1p = (x: bigint): bigint => log(ONE + x)
const softplus = (x: bigint): bigint => log(ONE + exp(x))
const erfc = (x: bigint): bigint => ONE - erf(x)
const gelu = (x: bigint): bigint => times(x, erfc(over(-x, root(2n * ONE)))) / 2n

export const exact = { exp, expm1, tanh, sigmoid, silu, log, log1p, softplus, sin, cos, erf, erfc, gelu }

/** The nearest number, but for the last bit or two. */
export const toNumber = (x: bigint): number => Number(x) / 2 ** 256
