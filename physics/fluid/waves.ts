import { fftfreq } from '../../core/backends/plain/fft.js'

/** Wave numbers 2πf of the bins along an axis of n cells, dx apart, in FFT order. */
export const wavesAlong = (n: number, dx: number): Float64Array => fftfreq(n, dx).map(f => 2 * Math.PI * f)

/**
 * The same for first derivatives: the highest mode of an even n is a cosine whose derivative is zero at all grid points, so its
 * wave number counts as 0 there.
 */
export const slopesAlong = (n: number, dx: number): Float64Array =>
  wavesAlong(n, dx).map((k, j) => (2 * j === n ? 0 : k))

/** f(|k|²) for every bin of a grid, row-major in FFT order. */
export function perBin(cells: readonly number[], dx: readonly number[], f: (square: number) => number): Float64Array {
  let squares = new Float64Array(1)
  cells.forEach((n, axis) => {
    const k = wavesAlong(n, dx[axis])
    const next = new Float64Array(squares.length * n)
    for (let i = 0; i < squares.length; i++) for (let j = 0; j < n; j++) next[i * n + j] = squares[i] + k[j] * k[j]
    squares = next
  })
  return squares.map(f)
}

/** How viscosity acts in a simulator that runs both ways. */
export interface Damping {
  /** ν dt of one step; negative undoes it. */
  readonly amount: number
  /** Steps that follow each other, which share what may be amplified. */
  readonly steps: number
  /** ε: the relative size of the noise in what is undone. */
  readonly noise: number
}

/**
 * What viscosity does to every bin in one step, λ = e^(-k² ν dt); and for dt < 0 what undoes it, held back so that n steps
 * together amplify nothing by more than about 1/(2ε): the n-th root of Tikhonov's Λ (1 + ε²) / (Λ² + ε²), Λ = λⁿ. Bins with
 * Λ far above ε are inverted exactly, those far below it are damped.
 */
export function viscousGain(
  cells: readonly number[],
  dx: readonly number[],
  { amount, steps, noise }: Damping
): Float64Array {
  return perBin(cells, dx, square => {
    if (amount >= 0) return Math.exp(-square * amount)
    // In logarithms: Λ leaves the range of numbers long before its root does.
    const log = square * amount * steps
    const over = 2 * (Math.log(noise) - log)
    const gain = -log + Math.log1p(noise * noise) - (over > 30 ? over : Math.log1p(Math.exp(over)))
    return Math.exp(gain / steps)
  })
}
