import type { Example } from '../op.js'
import type { Random } from '../random.js'
import { mapData, Tensor, tensor } from '../tensor.js'

/** The ends of the range of f64, where most functions of one number are defined. */
export const ENDS: readonly number[] = [1e300, -1e300, 1e-300, -1e-300]

/** Pairs with both ends in either place, alike and apart; no ties. */
export const PAIRED_ENDS: readonly (readonly [number, number])[] = [
  [1e300, 1e-300],
  [-1e-300, 1e300],
  [1e300, -2e300],
  [2e-300, 1e-300]
]

/** The examples of an operator and those that are the same for its whole family, made of entries of its first. */
export function withEdges<A>(
  examples: (random: Random) => readonly Example<A>[],
  edges: (first: Example<A>) => readonly Example<A>[]
): (random: Random) => readonly Example<A>[] {
  return random => {
    const own = examples(random)
    return own.length > 0 ? [...own, ...edges(own[0])] : own
  }
}

/** The first entries of t in a shape. */
const part = (t: Tensor, shape: readonly number[], n: number): Tensor => new Tensor(shape, t.data.slice(0, n))

/** Of y_i = f(x_i): an axis of length 1, an empty one, and the ends of the range. */
export function edgesOfOne<A>({ inputs: [x], attrs }: Example<A>, extremes: readonly number[]): Example<A>[] {
  const edges: Example<A>[] = [
    { inputs: [part(x, [2, 1], 2)], attrs, note: 'size-1 axis' },
    { inputs: [part(x, [0, 2], 0)], attrs, note: 'empty axis' }
  ]
  if (extremes.length > 0)
    edges.push({ inputs: [tensor([...extremes])], attrs, note: 'ends of the range', extreme: true })
  return edges
}

/** Of y = f(a, b): broadcasting from both sides and of a scalar on either side, an empty axis, the ends of the range. */
export function edgesOfTwo(
  { inputs: [a, b] }: Example<undefined>,
  extremes: readonly (readonly [number, number])[]
): Example<undefined>[] {
  return [
    { inputs: [part(a, [2, 1], 2), part(b, [3], 3)], note: 'broadcast from both sides' },
    { inputs: [part(a, [], 1), part(b, [3], 3)], note: 'scalar on the left' },
    { inputs: [part(a, [3], 3), part(b, [], 1)], note: 'scalar on the right' },
    { inputs: [part(a, [0, 3], 0), part(b, [3], 3)], note: 'empty axis' },
    { inputs: [0, 1].map(i => tensor(extremes.map(pair => pair[i]))), note: 'ends of the range', extreme: true }
  ]
}

/** Of a linear y = f(x) that takes more axes in front: one of length 1, an empty one, and both ends of the range. */
export function edgesOfLinear<A>({ inputs: [x], attrs }: Example<A>): Example<A>[] {
  const times = (factor: number): Tensor => mapData(x, v => v * factor)
  return [
    { inputs: [part(x, [1, ...x.shape], x.size)], attrs, note: 'size-1 axis' },
    { inputs: [part(x, [0, ...x.shape], 0)], attrs, note: 'empty axis in front' },
    { inputs: [times(1e301)], attrs, note: 'large', extreme: true },
    { inputs: [times(1e-301)], attrs, note: 'small', extreme: true }
  ]
}
