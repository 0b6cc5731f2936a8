import type { Tensor } from '../../core/index.js'
import type { Arrows, Contours, Field, Numbers, Series as PlotSeries } from './figure.js'
import type { Done, Quantity, Series } from './types.js'

/** Small helpers that turn a run's numbers into what figures and tables take. */

/** Per step: the median, least and largest over runs of equal length. */
export function overSeeds(runs: Numbers[]): { median: number[]; low: number[]; high: number[] } {
  const steps = runs.length ? Math.min(...runs.map(run => run.length)) : 0
  const out = { median: [] as number[], low: [] as number[], high: [] as number[] }
  for (let i = 0; i < steps; i++) {
    const { median, low, high } = spread(runs.map(run => run[i]))
    out.median.push(median)
    out.low.push(low)
    out.high.push(high)
  }
  return out
}

/** Median, least and largest of some numbers: what a metric over seeds holds. NaN counts as larger than every number. */
export function spread(values: Numbers): { median: number; low: number; high: number } {
  const sorted = Float64Array.from(values).sort()
  const half = Math.floor(sorted.length / 2)
  const median = sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  return { median, low: sorted[0], high: sorted[sorted.length - 1] }
}

/** 0, 1, 2, ...: the x of a curve over steps. */
export const indices = (length: number): number[] => Array.from({ length }, (_, i) => i)

/** Frequency in cycles per cell of index i of n, in the order of the Fourier transform: 0, 1/n, ..., -1/n. */
export const frequency = (i: number, n: number): number => (i < (n + 1) / 2 ? i : i - n) / n

/**
 * Values per Fourier bin, gathered over rings of equal |f|: what a radial spectrum shows. Rings are one bin of the
 * longer side wide; the corners, where |f| exceeds one half, belong to it. Bins that are not finite are left out.
 */
export function radialSpectrum({ width, height, values }: Omit<Field, 'name'>) {
  const n = Math.max(width, height)
  const rings: { f: number[]; v: number[] }[] = []
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const f = Math.hypot(frequency(i, height), frequency(j, width))
      const value = values[i * width + j]
      if (!Number.isFinite(value)) continue
      const ring = (rings[Math.round(f * n)] ??= { f: [], v: [] })
      ring.f.push(f)
      ring.v.push(value)
    }
  }
  const kept = rings.filter(Boolean)
  const spreads = kept.map(ring => spread(ring.v))
  return {
    f: kept.map(ring => ring.f.reduce((a, b) => a + b, 0) / ring.f.length),
    median: spreads.map(s => s.median),
    low: spreads.map(s => s.low),
    high: spreads.map(s => s.high)
  }
}

/** [n, height, width] as fields 'name 1', 'name 2', ... */
export const fieldsOf = (name: string, { shape: [n, height, width], data }: Tensor): Field[] =>
  indices(n).map(i => ({
    name: `${name} ${i + 1}`,
    width,
    height,
    values: data.slice(i * height * width, (i + 1) * height * width)
  }))

/** A function on a regular grid, for level lines. */
export function sampleGrid(
  f: (x: number, y: number) => number,
  x: [number, number],
  y: [number, number],
  levels: number[],
  n = 121
): Contours {
  const values = new Float64Array(n * n)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      values[i * n + j] = f(x[0] + (j / (n - 1)) * (x[1] - x[0]), y[0] + (i / (n - 1)) * (y[1] - y[0]))
    }
  }
  return { x, y, width: n, height: n, values, levels }
}

/**
 * A vector field at the middles of n × n cells over a plane, scaled as a whole so that the longest arrow is as long as a
 * cell is wide. What is longer than `cap` times the median is drawn that long: a few large vectors would otherwise leave
 * nothing of the others.
 */
export function fittedArrows(
  name: string,
  f: (x: number, y: number) => readonly [number, number],
  x: [number, number],
  y: [number, number],
  { n = 12, cap = 3, style }: { n?: number; cap?: number; style?: Arrows['style'] } = {}
): Arrows {
  const [w, h] = [(x[1] - x[0]) / n, (y[1] - y[0]) / n]
  const middles = indices(n * n).map(k => [x[0] + ((k % n) + 0.5) * w, y[0] + (Math.floor(k / n) + 0.5) * h])
  const vectors = middles.map(([a, b]) => f(a, b))
  // Lengths in cells, so that axes of different units count alike.
  const lengths = vectors.map(([a, b]) => Math.hypot(a / w, b / h))
  const limit = cap * spread(lengths.filter(Number.isFinite)).median
  const longest = Math.min(limit, Math.max(...lengths.filter(Number.isFinite)))
  const factors = lengths.map(l => (l > 0 ? Math.min(l, longest) / (longest * l) : 0))
  return {
    name,
    x: middles.map(m => m[0]),
    y: middles.map(m => m[1]),
    dx: vectors.map((v, k) => v[0] * factors[k]),
    dy: vectors.map((v, k) => v[1] * factors[k]),
    style
  }
}

/** The parts that have a series, of a method, and of a variant where it is given. */
export const partsWith = <P extends Done>(
  parts: readonly P[],
  series: string,
  method?: string,
  variant?: string
): P[] =>
  parts.filter(
    p =>
      p.course[series] !== undefined &&
      (method === undefined || p.method === method) &&
      (variant === undefined || p.variant === variant)
  )

/** The methods that have run, in the order of the parts. */
export const methodsOf = (parts: readonly Done[]): string[] => [...new Set(parts.map(p => p.method))]

/**
 * A series of each method as lines of a panel: the median over the seeds, with each seed faintly behind it. Over steps, which
 * `scale` turns into epochs, or over the seconds that the first seed needed.
 */
export function linesOf(
  parts: readonly Done[],
  series: string,
  options: { over?: 'steps' | 'seconds'; scale?: (part: Done) => number; variant?: string } = {}
): PlotSeries[] {
  const { over = 'steps', scale = () => 1, variant } = options
  return methodsOf(parts).flatMap(name => {
    const runs = partsWith(parts, series, name, variant)
    if (runs.length === 0) return []
    const all = runs.map(p => p.course[series].y)
    const { median } = overSeeds(all)
    const first = runs[0].course[series]
    const x = (over === 'steps' ? first.at.map(v => v * scale(runs[0])) : first.seconds).slice(0, median.length)
    return [{ name, x, y: median, ...(runs.length > 1 ? { faint: all.map(y => y.slice(0, median.length)) } : {}) }]
  })
}

/**
 * A number of each of a method's parts, as one quantity: over seeds its spread. A seed whose number is not finite counts, as
 * NaN and largest: the range ends in 'not a number', and so is the median of which half the seeds diverged. A part for
 * which there is no number (undefined: it has not come so far) is left out. NaN where there is none at all.
 */
export function quantityOf<P>(parts: readonly P[], of: (part: P) => number | undefined): Quantity {
  const values = parts.flatMap(part => of(part) ?? []).map(v => (Number.isFinite(v) ? v : Number.NaN))
  return values.length > 1 ? spread(values) : (values[0] ?? Number.NaN)
}

/**
 * A number of some parts over that of others, seed by seed: both sides had the same weights and data, so that a lucky seed is
 * lucky for both, and the ratio spreads less than either. As one quantity; undefined where no seed has the number on
 * both sides; ratios that are not finite count as in quantityOf.
 */
export function ratioBySeed<P extends Done>(
  above: readonly P[],
  below: readonly P[],
  of: (part: P) => number | undefined
): Quantity | undefined {
  const pairs = above.flatMap(part => {
    const other = below.find(p => p.seed === part.seed)
    const [a, b] = [of(part), other && of(other)]
    return a === undefined || b === undefined ? [] : [{ a, b }]
  })
  return pairs.length > 0 ? quantityOf(pairs, ({ a, b }) => a / b) : undefined
}

/** Mean of the last n numbers. */
export const late = (y: readonly number[], n: number): number => {
  const tail = y.slice(-n)
  return tail.reduce((a, b) => a + b, 0) / tail.length
}

/** A series at a step: the last measured at or before it. */
export function valueAt({ at, y }: Series, step: number): number | undefined {
  const i = at.findLastIndex(s => s <= step)
  return i < 0 ? undefined : y[i]
}
