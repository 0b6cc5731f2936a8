import type { Edge, Pairing, Sampling } from '../../core/backends/plain/sampleLinear.js'
import { ShapeError } from '../../core/errors.js'
import type { Site } from '../../core/op.js'
import { broadcastShapes, type Shape, sameShape, show, size } from '../../core/shape.js'

/** What sampling and its adjoint share: where they look, and what of the field they read. */
export interface SampleAttrs {
  /** Axes of the grid, and what lies beyond them; the field's last axes. */
  readonly boundary: readonly Edge[]
  /** How many axes the places have behind their coordinate axis; as many as the grid where `relative`. */
  readonly places: number
  /** Places are displacements of the grid's own points. */
  readonly relative: boolean
  /** Axes along which the slope is read instead of the value. */
  readonly slope: readonly boolean[]
}

const last = (s: Shape, n: number): Shape => s.slice(s.length - n)
const front = (s: Shape, n: number): Shape => s.slice(0, s.length - n)

/** Axes in front, coordinates [d], axes behind, of places [..., d, m1 … mk]. */
export const placesBatch = (p: Shape, { places }: SampleAttrs): Shape => front(p, places + 1)
export const placesShape = (p: Shape, { places }: SampleAttrs): Shape => last(p, places)
/** Axes in front of, and of, the grid of a field. */
export const fieldBatch = (x: Shape, { boundary }: SampleAttrs): Shape => front(x, boundary.length)
export const gridShape = (x: Shape, { boundary }: SampleAttrs): Shape => last(x, boundary.length)

/** Throws ShapeError unless places have one coordinate for each axis of the grid, and displacements the grid's shape. */
export function checkPlaces(asked: string, p: Shape, grid: Shape, attrs: SampleAttrs): void {
  const d = grid.length
  if (p.length <= attrs.places || p[p.length - 1 - attrs.places] !== d)
    throw new ShapeError(
      `${asked} on a grid ${show(grid)}`,
      `places ${show(p)}, without ${d} coordinates along axis ${-1 - attrs.places}`,
      attrs.relative ? 'Give displacements [..., d, n1 … nd], one component per axis' : 'Give places [..., d, M]'
    )
  if (attrs.relative && !sameShape(placesShape(p, attrs), grid))
    throw new ShapeError(
      `${asked} on a grid ${show(grid)}`,
      `displacements ${show(p)} for another grid`,
      'Every grid point has its own displacement: [..., d, n1 … nd]'
    )
}

export const samplingOf = (grid: Shape, p: Shape, attrs: SampleAttrs): Sampling => ({
  grid,
  boundary: attrs.boundary,
  slope: attrs.slope,
  count: size(placesShape(p, attrs)),
  relative: attrs.relative
})

/** Which field and which set of places make each entry of the broadcast batch, sorted by set. */
export function pairing(of: Shape, at: Shape, asked: string): Pairing {
  const out = broadcastShapes(of, at, asked)
  const total = size(out)
  const [fields, sets] = [numbersOf(of, out), numbersOf(at, out)]
  const order = Int32Array.from({ length: total }, (_, k) => k).sort((a, b) => sets[a] - sets[b] || a - b)
  return { out: order, of: order.map(k => fields[k]), at: order.map(k => sets[k]) }
}

/** For each entry of `out`, in row-major order, its place in a tensor of shape s that is stretched to it. */
function numbersOf(s: Shape, out: Shape): Int32Array {
  let numbers = new Int32Array(1)
  for (let axis = 0; axis < out.length; axis++) {
    const n = out[axis]
    const own = s[axis - out.length + s.length] ?? 1
    const next = new Int32Array(numbers.length * n)
    for (let i = 0; i < numbers.length; i++)
      for (let j = 0; j < n; j++) next[i * n + j] = numbers[i] * own + (own === 1 ? 0 : j)
    numbers = next
  }
  return numbers
}

/** Per input: does the output's sample axis, the first of the broadcast batch, come from it? */
export const carryBatch =
  (batchOf: (site: Site<SampleAttrs>) => readonly [Shape, Shape]) =>
  (site: Site<SampleAttrs>): readonly boolean[] | undefined => {
    const batches = batchOf(site)
    const out = broadcastShapes(...batches)
    return out.length === 0 ? undefined : batches.map(b => b.length === out.length && b[0] === out[0])
  }
