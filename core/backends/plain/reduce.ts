import { type Data, Scratch } from './data.js'

/**
 * Reductions over the axes where `keep` is false; y is contiguous over the kept axes in their order. Neighbouring axes
 * that are both kept or both reduced are one axis, so every reduction is an alternation of the two. `walk` descends
 * through it; along the last axis a whole run is reduced at once, or added element by element to a run of results.
 *
 * Sums are accurate: they run in f64 registers also for f32 data, contiguous runs by pairwise summation, sums over an
 * outer axis in parts of PART terms. The order depends on the shape alone.
 */
const PART = 128

/** The alternating axes, outermost first, with strides in x and in y (0 along reduced axes). */
const sizes: number[] = []
const reduced: boolean[] = []
const xSteps: number[] = []
const ySteps: number[] = []
let rank = 0
let sumRun = pairwiseSum

const partScratch = new Scratch()
const totalScratch = new Scratch()

/** y[kept] = Σ x[kept, reduced] over the reduced axes. Overwrites y. `run` sums a contiguous run as pairwiseSum does. */
export function reduceSum(
  x: Data,
  y: Data,
  shape: readonly number[],
  keep: readonly boolean[],
  run = pairwiseSum
): void {
  collapse(shape, keep)
  sumRun = run
  const n = y.length
  const part = partScratch.take(n)
  const total = totalScratch.take(n)
  part.fill(0, 0, n)
  total.fill(0, 0, n)
  if (x.length > 0) sumWalk(x, part, total, 0, 0, 0)
  for (let i = 0; i < n; i++) y[i] = total[i] + part[i]
}

/** y[kept] = max x[kept, reduced] over the reduced axes; NaN if any is, -∞ if there are none. Overwrites y. */
export function reduceMax(x: Data, y: Data, shape: readonly number[], keep: readonly boolean[]): void {
  collapse(shape, keep)
  y.fill(-Infinity)
  if (x.length > 0) bestWalk(x, y, larger, 0, 0, 0)
}

/** y[kept] = min x[kept, reduced] over the reduced axes; NaN if any is, ∞ if there are none. Overwrites y. */
export function reduceMin(x: Data, y: Data, shape: readonly number[], keep: readonly boolean[]): void {
  collapse(shape, keep)
  y.fill(Infinity)
  if (x.length > 0) bestWalk(x, y, smaller, 0, 0, 0)
}

function collapse(shape: readonly number[], keep: readonly boolean[]): void {
  rank = 0
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 1) continue
    if (rank > 0 && reduced[rank - 1] !== keep[axis]) {
      sizes[rank - 1] *= shape[axis]
    } else {
      sizes[rank] = shape[axis]
      reduced[rank] = !keep[axis]
      rank++
    }
  }
  if (rank === 0) {
    sizes[0] = 1
    reduced[0] = true
    rank = 1
  }
  for (let axis = rank - 1, xRun = 1, yRun = 1; axis >= 0; axis--) {
    xSteps[axis] = xRun
    ySteps[axis] = reduced[axis] ? 0 : yRun
    xRun *= sizes[axis]
    if (!reduced[axis]) yRun *= sizes[axis]
  }
}

/** Adds x below (level, xi) to part below yi, and moves part to total after PART terms along the outer reduced axis. */
function sumWalk(x: Data, part: Float64Array, total: Float64Array, level: number, xi: number, yi: number): void {
  const n = sizes[level]
  const xStep = xSteps[level]
  const yStep = ySteps[level]
  if (level === rank - 1) {
    if (reduced[level]) part[yi] += sumRun(x, xi, n)
    else for (let i = 0; i < n; i++) part[yi + i] += x[xi + i]
    return
  }
  const outer = reduced[level] && level < 2
  // Below a reduced axis comes a kept one, whose extent in y is what the sums of this level fill.
  const span = outer ? sizes[level + 1] * ySteps[level + 1] : 0
  for (let i = 1; i <= n; i++, xi += xStep, yi += yStep) {
    sumWalk(x, part, total, level + 1, xi, yi)
    if (outer && i % PART === 0) {
      for (let o = yi; o < yi + span; o++) {
        total[o] += part[o]
        part[o] = 0
      }
    }
  }
}

/** Σ x[start … start + n): halves are summed apart, so that the rounding error grows with log n and not with n. */
export function pairwiseSum(x: Data, start: number, n: number): number {
  if (n > PART) {
    const half = (n >> 1) & ~3
    return pairwiseSum(x, start, half) + pairwiseSum(x, start + half, n - half)
  }
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  const end = start + n
  let i = start
  for (; i + 3 < end; i += 4) {
    s0 += x[i]
    s1 += x[i + 1]
    s2 += x[i + 2]
    s3 += x[i + 3]
  }
  for (; i < end; i++) s0 += x[i]
  return s0 + s1 + (s2 + s3)
}

type Better = (value: number, best: number) => number

function bestWalk(x: Data, y: Data, better: Better, level: number, xi: number, yi: number): void {
  const n = sizes[level]
  const xStep = xSteps[level]
  const yStep = ySteps[level]
  if (level < rank - 1) {
    for (let i = 0; i < n; i++, xi += xStep, yi += yStep) bestWalk(x, y, better, level + 1, xi, yi)
  } else if (reduced[level]) {
    let best = y[yi]
    for (let i = 0; i < n; i++) best = better(x[xi + i], best)
    y[yi] = best
  } else {
    for (let i = 0; i < n; i++) y[yi + i] = better(x[xi + i], y[yi + i])
  }
}

/** NaN if either is; 0 is larger than -0, so that no order matters. */
const larger: Better = Math.max

const smaller: Better = Math.min
