import { stridesOf } from './addresses.js'
import { type Data, sizeOf } from './data.js'

/** What lies beyond the ends of an axis: the axis again, the value 0 one place further, or the value at the end. */
export type Edge = 'periodic' | 'dirichlet' | 'neumann'

/** A grid, and places in it. */
export interface Sampling {
  /** Length of each axis of the grid, and what lies beyond it. */
  readonly grid: readonly number[]
  readonly boundary: readonly Edge[]
  /** Axes along which the slope is asked for instead of the value. */
  readonly slope: readonly boolean[]
  /** Number of places in a set; `relative`: place m is the grid's own entry m, moved. */
  readonly count: number
  readonly relative: boolean
}

/** Output `out[k]` is made of the input `of[k]` and the set of places `at[k]`, sorted by set: how batch axes broadcast. */
export interface Pairing {
  readonly out: Int32Array
  readonly of: Int32Array
  readonly at: Int32Array
}

/**
 * y[o, m] = Σ_c w_c(p_m) x[o, c]: linear interpolation between the 2^d corners c of the cell around place p_m, or its
 * slope along some axes. x [fields, ...grid], places [sets, d, M] in cells, y [outputs, M]. Sums run in f64.
 */
export function sampleLinear(x: Data, places: Data, y: Data, { out, of, at }: Pairing, s: Sampling): void {
  const n = sizeOf(s.grid)
  const cell = new Cell(places, s)
  const { index, weight } = cell
  for (let k = 0; k < out.length; ) {
    const next = endOfRun(at, k)
    for (let m = 0; m < s.count; m++) {
      cell.moveTo(at[k], m)
      for (let q = k; q < next; q++) {
        const from = of[q] * n
        let sum = 0
        for (let c = 0; c < index.length; c++) sum += weight[c] * x[from + index[c]]
        y[out[q] * s.count + m] = sum
      }
    }
    k = next
  }
}

/** The adjoint in the field: x[o, c] += w_c(p_m) y[o, m], for y [values, M] and x [outputs, ...grid], overwritten. */
export function spreadLinear(y: Data, places: Data, x: Data, { out, of, at }: Pairing, s: Sampling): void {
  const n = sizeOf(s.grid)
  const cell = new Cell(places, s)
  const { index, weight } = cell
  const sums = new Float64Array(n)
  for (let k = 0; k < out.length; k++) {
    sums.fill(0)
    for (let m = 0; m < s.count; m++) {
      cell.moveTo(at[k], m)
      const v = y[of[k] * s.count + m]
      for (let c = 0; c < index.length; c++) sums[index[c]] += weight[c] * v
    }
    x.set(sums, out[k] * n)
  }
}

/** The first k after `from` with another set. */
function endOfRun(at: Int32Array, from: number): number {
  let k = from + 1
  while (k < at.length && at[k] === at[from]) k++
  return k
}

/** The cell around a place: its 2^d corners as positions in the field, and their weights. */
class Cell {
  readonly index: Int32Array
  readonly weight: Float64Array
  readonly #strides: readonly number[]
  /** The grid's own entries along each axis, where places are counted from them. */
  readonly #own: readonly Int32Array[] | undefined

  constructor(
    readonly places: Data,
    readonly s: Sampling
  ) {
    const { grid, count, relative } = s
    this.index = new Int32Array(2 ** grid.length)
    this.weight = new Float64Array(2 ** grid.length)
    this.#strides = stridesOf(grid)
    if (relative)
      this.#own = grid.map((n, axis) => {
        const own = new Int32Array(count)
        const stride = this.#strides[axis]
        for (let m = 0; m < count; m++) own[m] = Math.floor(m / stride) % n
        return own
      })
  }

  /** Place m of a set. Along each axis it has a neighbour below, ⌊p⌋, and one above; their products are the corners. */
  moveTo(set: number, m: number): void {
    const { places, index, weight, s } = this
    const { grid, boundary, slope, count } = s
    const d = grid.length
    index[0] = 0
    weight[0] = 1
    for (let axis = 0, corners = 1; axis < d; axis++, corners *= 2) {
      const n = grid[axis]
      const p = places[(set * d + axis) * count + m]
      const floor = Math.floor(p)
      const part = p - floor
      let low = this.#own ? floor + this.#own[axis][m] : floor
      let high = low + 1
      let below = 1 - part
      let above = part
      if (slope[axis]) {
        // On a grid point the slopes to both sides differ: their mean.
        const kink = part === 0
        if (kink) low--
        // A place that is NaN has no slope either.
        above = Number.isNaN(part) ? part : kink ? 0.5 : 1
        below = -above
      }
      if (!(low >= 0 && high < n)) {
        const beyond = boundary[axis]
        if (beyond === 'periodic') {
          low = ((low % n) + n) % n
          high = ((high % n) + n) % n
        } else {
          if (beyond === 'dirichlet') {
            if (!(low >= 0 && low < n)) below *= 0
            if (!(high >= 0 && high < n)) above *= 0
          }
          low = Math.min(n - 1, Math.max(0, low))
          high = Math.min(n - 1, Math.max(0, high))
        }
      }
      const stride = this.#strides[axis]
      low *= stride
      high *= stride
      for (let c = 0; c < corners; c++) {
        index[c + corners] = index[c] + high
        weight[c + corners] = weight[c] * above
        index[c] += low
        weight[c] *= below
      }
    }
  }
}
