/**
 * A complex tridiagonal matrix of n unknowns, as pairs: n-1 from the start of `lower` and `upper`, n of `diagonal`. Its
 * factors take its place.
 */
export interface Tridiagonal {
  /** Then: the multiplier of each row. */
  readonly lower: Float64Array
  /** Then: 1 / pivot, in units of 1 / scale. */
  readonly diagonal: Float64Array
  readonly upper: Float64Array
  /** The second diagonal above, which exchanged rows fill. */
  readonly second: Float64Array
  /** The larger part of each pivot: its square may be out of range (Smith 1962). */
  readonly scale: Float64Array
  /** Where rows k and k+1 changed places. */
  readonly exchanged: Uint8Array
}

export const tridiagonal = (n: number): Tridiagonal => ({
  lower: new Float64Array(2 * n),
  diagonal: new Float64Array(2 * n),
  upper: new Float64Array(2 * n),
  second: new Float64Array(2 * n),
  scale: new Float64Array(n),
  exchanged: new Uint8Array(n)
})

/**
 * T = P L U by Gaussian elimination with partial pivoting between neighbouring rows (LAPACK's zgttrf), in place, for any
 * number of right-hand sides. Returns the first column without a pivot, -1 if there was none.
 */
export function factorTridiagonal(T: Tridiagonal, n: number): number {
  const { lower, diagonal, upper, second, exchanged } = T
  second.fill(0)
  for (let k = 0; k < n - 1; k++) {
    const [i, j] = [2 * k, 2 * k + 2]
    const own = Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1])
    const below = Math.abs(lower[i]) + Math.abs(lower[i + 1])
    if (own === 0 && below === 0) return k
    exchanged[k] = own < below ? 1 : 0
    if (own < below) {
      // Row k+1 comes first: (pivot, diagonal below, above it).
      exchange(lower, i, diagonal, i)
      exchange(upper, i, diagonal, j)
      if (k < n - 2) exchange(second, i, upper, j)
    }
    invert(T, k)
    timesInverse(lower, i, T, k)
    subtract(diagonal, j, lower[i], lower[i + 1], upper, i)
    if (exchanged[k] && k < n - 2) subtract(upper, j, lower[i], lower[i + 1], second, i)
  }
  if (n === 0) return -1
  if (diagonal[2 * n - 2] === 0 && diagonal[2 * n - 1] === 0) return n - 1
  invert(T, n - 1)
  return -1
}

/** Solves T x = b in place of b [n], pairs, by T's factors: about 30 n flops. */
export function solveTridiagonal(T: Tridiagonal, b: Float64Array, n: number): void {
  const { lower, upper, second, exchanged } = T
  for (let k = 0; k < n - 1; k++) {
    const i = 2 * k
    if (exchanged[k]) exchange(b, i, b, i + 2)
    subtract(b, i + 2, lower[i], lower[i + 1], b, i)
  }
  for (let k = n - 1; k >= 0; k--) {
    const i = 2 * k
    if (k < n - 1) subtract(b, i, upper[i], upper[i + 1], b, i + 2)
    if (k < n - 2 && exchanged[k]) subtract(b, i, second[i], second[i + 1], b, i + 4)
    timesInverse(b, i, T, k)
  }
}

/** Pivot k to its inverse. */
function invert({ diagonal, scale }: Tridiagonal, k: number): void {
  const i = 2 * k
  const s = Math.max(Math.abs(diagonal[i]), Math.abs(diagonal[i + 1]))
  const [u, v] = [diagonal[i] / s, diagonal[i + 1] / s]
  const n = u * u + v * v
  scale[k] = s
  diagonal[i] = u / n
  diagonal[i + 1] = -v / n
}

/** x[i] divided by pivot k. */
function timesInverse(x: Float64Array, i: number, { diagonal, scale }: Tridiagonal, k: number): void {
  const p = x[i] / scale[k]
  const q = x[i + 1] / scale[k]
  const u = diagonal[2 * k]
  const v = diagonal[2 * k + 1]
  x[i] = p * u - q * v
  x[i + 1] = p * v + q * u
}

/** x[i] -= (p + q i) y[j] */
function subtract(x: Float64Array, i: number, p: number, q: number, y: Float64Array, j: number): void {
  const re = p * y[j] - q * y[j + 1]
  const im = p * y[j + 1] + q * y[j]
  x[i] -= re
  x[i + 1] -= im
}

function exchange(x: Float64Array, i: number, y: Float64Array, j: number): void {
  for (let k = 0; k < 2; k++) {
    const held = x[i + k]
    x[i + k] = y[j + k]
    y[j + k] = held
  }
}
