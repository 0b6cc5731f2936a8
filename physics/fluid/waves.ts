import { fftfreq } from '../../core/backends/plain/fft.js'
import { OptionError } from '../../core/errors.js'
import { display } from '../../core/options.js'

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
  /** The most that all of them together may amplify a mode. */
  readonly amplification: number
}

/** Throws OptionError unless a limit of amplification leaves what was not damped as it is. */
export function checkAmplification(asked: string, amplification: number): void {
  if (!(amplification >= 1))
    throw new OptionError(asked, `amplification is ${display(amplification)}`, 'Give a number, 1 or more, or Infinity')
}

/** Of 1/(Λ (1 + (ε/Λ)⁸)): its largest value is this, divided by ε. */
const PEAK = (7 / 8) * 7 ** (-1 / 8)

/**
 * What viscosity does to every bin in one step, λ = e^(-k² ν dt); and for dt < 0 what undoes it, held back so that n steps
 * together amplify no mode by more than A: the n-th root of 1/(Λ (1 + (ε/Λ)⁸)), Λ = λⁿ, ε = 0.69/A, scaled to 1 where Λ = 1.
 *
 * It is Tikhonov's Λ/(Λ² + ε²) made steeper. Transport feeds the modes into each other all the time, and running it backwards
 * takes that back only between modes that were inverted exactly: so all but those next to ε are, and those below are damped.
 */
export function viscousGain(
  cells: readonly number[],
  dx: readonly number[],
  { amount, steps, amplification }: Damping
): Float64Array {
  const floor = Math.log(PEAK / amplification)
  return perBin(cells, dx, square => {
    if (amount >= 0) return Math.exp(-square * amount)
    // In logarithms: Λ leaves the range of numbers long before its root does.
    const log = square * amount * steps
    const held = logOnePlusExp(8 * (floor - log)) - logOnePlusExp(8 * floor)
    return Math.exp((-log - held) / steps)
  })
}

const logOnePlusExp = (v: number): number => (v > 40 ? v : Math.log1p(Math.exp(v)))
