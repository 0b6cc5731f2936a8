/** Room for one system of n complex unknowns: what the elimination writes over. */
export interface TridiagonalRoom {
  lower: Float64Array
  diagonal: Float64Array
  upper: Float64Array
  /** The second diagonal above, which exchanged rows fill. */
  second: Float64Array
}

export const tridiagonalRoom = (n: number): TridiagonalRoom => ({
  lower: new Float64Array(2 * n),
  diagonal: new Float64Array(2 * n),
  upper: new Float64Array(2 * n),
  second: new Float64Array(2 * n)
})

/**
 * Solves T x = b in place of b, for a complex tridiagonal T whose diagonals stand in `room` (n-1 pairs from the start of
 * `lower` and `upper`, n of `diagonal`), by Gaussian elimination with partial pivoting between neighbouring rows: about
 * 30 n flops (LAPACK's zgtsv). Returns the first column without a pivot, -1 if there was none.
 */
export function solveTridiagonal(
  { lower, diagonal, upper, second }: TridiagonalRoom,
  b: Float64Array,
  n: number
): number {
  second.fill(0)
  for (let k = 0; k < n - 1; k++) {
    const [i, j] = [2 * k, 2 * k + 2]
    const own = Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1])
    const below = Math.abs(lower[i]) + Math.abs(lower[i + 1])
    if (own === 0 && below === 0) return k
    if (own >= below) {
      divide(lower, i, diagonal, i)
      subtract(diagonal, j, lower[i], lower[i + 1], upper, i)
      subtract(b, j, lower[i], lower[i + 1], b, i)
    } else {
      // Rows k and k+1 change places.
      const [re, im] = [lower[i], lower[i + 1]]
      exchange(lower, i, diagonal, i)
      divide(lower, i, diagonal, i)
      const [p, q] = [lower[i], lower[i + 1]]
      exchange(upper, i, diagonal, j)
      subtract(diagonal, j, p, q, upper, i)
      if (k < n - 2) {
        second[i] = upper[j]
        second[i + 1] = upper[j + 1]
        upper[j] = -(p * second[i] - q * second[i + 1])
        upper[j + 1] = -(p * second[i + 1] + q * second[i])
      }
      exchange(b, i, b, j)
      subtract(b, j, p, q, b, i)
      diagonal[i] = re
      diagonal[i + 1] = im
    }
  }
  if (n > 0 && diagonal[2 * n - 2] === 0 && diagonal[2 * n - 1] === 0) return n - 1
  for (let k = n - 1; k >= 0; k--) {
    const i = 2 * k
    if (k < n - 1) subtract(b, i, upper[i], upper[i + 1], b, i + 2)
    if (k < n - 2) subtract(b, i, second[i], second[i + 1], b, i + 4)
    divide(b, i, diagonal, i)
  }
  return -1
}

/** x[i] /= y[j], in units of the larger part of y[j], whose square may be out of range (Smith 1962). */
function divide(x: Float64Array, i: number, y: Float64Array, j: number): void {
  const s = Math.max(Math.abs(y[j]), Math.abs(y[j + 1]))
  const u = y[j] / s
  const v = y[j + 1] / s
  const n = u * u + v * v
  const p = x[i] / s
  const q = x[i + 1] / s
  x[i] = (p * u + q * v) / n
  x[i + 1] = (q * u - p * v) / n
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
