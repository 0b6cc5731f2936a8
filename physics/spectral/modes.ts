import { fftPairs, irfftPairs, rfftPairs } from '../../core/backends/kernels.js'
import type { Data } from '../../core/backends/plain/data.js'
import { halfLength } from '../../core/backends/plain/fftPairs.js'
import { cosineAlong, sineAlong } from '../../core/backends/sineCosine.js'
import { type Shape, size } from '../../core/shape.js'
import { alongEach, type Grid } from '../grid.js'

/**
 * The modes of -∇² on a grid: waves along periodic axes, sines between walls of value 0, cosines between walls without
 * flux, and their products. Of a real field the bins -k are conjugates of the bins k: along the last periodic axis only
 * 0 … n/2 are held. Spectra are scaled as the Fourier transform is, Σ|X|² = N Σ x² over all bins of N cells.
 */
export interface Modes {
  readonly cells: Shape
  readonly grid: Grid
  /** Modes along each axis: the cells, or n/2 + 1 along the axis `half`. */
  readonly shape: Shape
  readonly count: number
  /** The last periodic axis, -1 where there is none; then spectra are real, otherwise pairs (re, im). */
  readonly half: number
}

export function modesOf(cells: Shape, grid: Grid): Modes {
  const half = grid.boundary.lastIndexOf('periodic')
  const shape = cells.map((n, axis) => (axis === half ? halfLength(n) : n))
  return { cells, grid, shape, count: size(shape), half }
}

/** Spectra in f64 [fields, ...modes.shape, 2 if complex] of real fields [fields, ...cells]. */
export function toModes(x: Data, modes: Modes): Float64Array {
  const { cells, half } = modes
  const fields = x.length / size(cells)
  const parts = half < 0 ? 1 : 2
  const z = new Float64Array(fields * modes.count * parts)
  if (half < 0) z.set(x)
  else {
    const { outer, n, inner } = alongEach(cells)[half]
    rfftPairs(x instanceof Float64Array ? x : new Float64Array(x), z, fields * outer, n, inner)
  }
  eachOther(z, modes, fields, parts, false)
  return z
}

/** The fields of spectra, which are overwritten. */
export function fromModes(z: Float64Array, modes: Modes, x: Data): void {
  const { cells, half } = modes
  const fields = x.length / size(cells)
  eachOther(z, modes, fields, half < 0 ? 1 : 2, true)
  if (half < 0) x.set(z)
  else {
    const { outer, n, inner } = alongEach(cells)[half]
    const y = x instanceof Float64Array ? x : new Float64Array(x.length)
    irfftPairs(z, y, fields * outer, n, inner)
    if (y !== x) x.set(y)
  }
}

/** Transforms in place along every axis but the half one, whose order does not matter. */
function eachOther(
  z: Float64Array,
  { shape, half, grid }: Modes,
  fields: number,
  parts: number,
  inverse: boolean
): void {
  alongEach(shape).forEach(({ outer, n, inner }, axis) => {
    const kind = grid.boundary[axis]
    if (axis === half) return
    // A real transform of complex numbers is one of either part.
    if (kind === 'periodic') fftPairs(z, z, fields * outer, n, inner, inverse)
    else (kind === 'dirichlet' ? sineAlong : cosineAlong)(z, z, fields, outer, n, inner * parts, inverse)
  })
}

/**
 * Which -∇² is meant: that of `differences` of neighbouring cells, whose modes have (2 sin(k dx/2)/dx)² per axis, or the
 * exact one of waves, `spectral`: k².
 */
export type Scheme = 'differences' | 'spectral'

/** Eigenvalues of -∇², one for each mode, 0 or more. */
export function eigenvaluesOf({ cells, shape, count, grid }: Modes, scheme: Scheme): Float64Array {
  const sums = new Float64Array(count)
  alongEach(shape).forEach(({ outer, n, inner }, axis) => {
    const values = eigenvaluesAlong(n, cells[axis], grid, axis, scheme)
    for (let o = 0, at = 0; o < outer; o++)
      for (let k = 0; k < n; k++) for (let i = 0; i < inner; i++) sums[at++] += values[k]
  })
  return sums
}

/** Along one axis; `n` modes of `cells` cells. */
function eigenvaluesAlong(
  n: number,
  cells: number,
  { dx, boundary }: Grid,
  axis: number,
  scheme: Scheme
): Float64Array {
  const d = dx[axis]
  return Float64Array.from({ length: n }, (_, k) => {
    // Half a period fits (cells + 1) distances between zeros, cells between mirrors; a ring has whole periods.
    const kind = boundary[axis]
    const waves =
      kind === 'periodic'
        ? (2 * Math.min(k, cells - k)) / cells
        : kind === 'neumann'
          ? k / cells
          : (k + 1) / (cells + 1)
    const wave = (Math.PI * waves) / d
    return scheme === 'spectral' ? wave * wave : ((2 / d) * Math.sin((wave * d) / 2)) ** 2
  })
}

/** How many bins of the whole spectrum each held one stands for: 2 where it has a conjugate that is not held. */
export function copiesOf({ shape, cells, count, half }: Modes): Float64Array {
  const copies = new Float64Array(count).fill(1)
  if (half < 0) return copies
  const { outer, n, inner } = alongEach(shape)[half]
  for (let o = 0; o < outer; o++)
    for (let k = 1; k < n; k++) if (2 * k !== cells[half]) copies.fill(2, (o * n + k) * inner, (o * n + k + 1) * inner)
  return copies
}

/** Values of the held bins, in all bins of the whole spectrum, in FFT order: bin -k has the value of bin k. */
export function wholeSpectrum(values: ArrayLike<number>, { cells, shape, grid, half }: Modes): Float64Array {
  return Float64Array.from({ length: size(cells) }, (_, at) => {
    const bin = indexOf(at, cells)
    const mirrored = half >= 0 && bin[half] >= shape[half]
    const held = bin.map((k, axis) =>
      mirrored && grid.boundary[axis] === 'periodic' ? (cells[axis] - k) % cells[axis] : k
    )
    return values[held.reduce((sum, k, axis) => sum * shape[axis] + k, 0)]
  })
}

/** The index along each axis of entry `at`. */
function indexOf(at: number, shape: Shape): number[] {
  const index: number[] = []
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(at % shape[axis])
    at = Math.floor(at / shape[axis])
  }
  return index
}

/** Every mode of spectra times its factor, in place; the same factors for all fields. */
export function multiply(z: Float64Array, { count, half }: Modes, factors: ArrayLike<number>): void {
  if (half < 0) for (let at = 0; at < z.length; ) for (let k = 0; k < count; k++) z[at++] *= factors[k]
  else
    for (let at = 0; at < z.length; )
      for (let k = 0; k < count; k++) {
        z[at++] *= factors[k]
        z[at++] *= factors[k]
      }
}

/** Fields [fields, ...cells] with every mode times its factor. */
export function filtered(x: Data, modes: Modes, factors: ArrayLike<number>, y: Data): void {
  const z = toModes(x, modes)
  multiply(z, modes, factors)
  fromModes(z, modes, y)
}
