import { type Shape, size } from '../../shape.js'
import { Tensor } from '../../tensor.js'
import { gpuMap, pointwise, reduceMax, reduceMin, reduceSum, stretched } from './kernels.js'
import { constant, shaped } from './launch.js'

/** Functions of vectors, each made of a few kernels: the reduced axes of x are those that are not kept. */
type Keep = readonly boolean[]

/** The reduced axes with length 1. */
const keptShape = (x: Tensor, keep: Keep): Shape => x.shape.map((d, k) => (keep[k] ? d : 1))

/** f(a, b) of x and what its vectors were reduced to, in the shape of x. */
const beside = (x: Tensor, reduced: Tensor, value: string): Tensor =>
  pointwise(x.shape, [stretched(x, x.shape), stretched(reduced, x.shape)], ['a', 'b'], value)

const terms = (x: Tensor, keep: Keep): number => size(x.shape.filter((_, k) => !keep[k]))

/** √Σ x², in units of the largest entry, so that no square overflows. */
export function norm(x: Tensor, keep: Keep, shape: Shape): Tensor {
  const largest = reduceMax(gpuMap(x, 'Math.abs(x)'), keep, keptShape(x, keep))
  const squares = beside(x, largest, 'const v = b > 0 ? a / b : 0; return v * v;')
  const sum = reduceSum(squares, keep, shape)
  return pointwise(
    shape,
    [stretched(sum, shape), stretched(shaped(largest, shape), shape)],
    ['a', 'b'],
    'Math.sqrt(a) * b'
  )
}

/** Σ (x - m)² / (n - c) */
export function variance(x: Tensor, keep: Keep, shape: Shape, correction: number): Tensor {
  const n = terms(x, keep)
  const mean = gpuMap(reduceSum(x, keep, keptShape(x, keep)), `x * ${1 / n}`)
  const squares = beside(x, mean, 'const d = a - b; return d * d;')
  return gpuMap(reduceSum(squares, keep, shape), `x * ${1 / (n - correction)}`)
}

/** The largest entries, and Σ e^(x - largest). */
function exponentials(x: Tensor, keep: Keep) {
  const largest = reduceMax(x, keep, keptShape(x, keep))
  const powers = beside(x, largest, 'Math.exp(a - b)')
  return { largest, powers, total: reduceSum(powers, keep, keptShape(x, keep)) }
}

export function logsumexp(x: Tensor, keep: Keep, shape: Shape): Tensor {
  const { largest, total } = exponentials(x, keep)
  const y = pointwise(
    total.shape,
    [stretched(total, total.shape), stretched(largest, total.shape)],
    ['a', 'b'],
    'Math.log(a) + b'
  )
  return shaped(y, shape)
}

export function softmax(x: Tensor, keep: Keep): Tensor {
  const { powers, total } = exponentials(x, keep)
  return beside(powers, total, 'a / b')
}

export function logSoftmax(x: Tensor, keep: Keep): Tensor {
  const { largest, total } = exponentials(x, keep)
  return beside(beside(x, largest, 'a - b'), total, 'a - Math.log(b)')
}

/** 1 at the largest entry of each vector, the first of several, 0 elsewhere. */
export function onlyLargest(x: Tensor, keep: Keep): Tensor {
  const kept = keptShape(x, keep)
  const n = terms(x, keep)
  const place = new Tensor(
    x.shape.map((d, k) => (keep[k] ? 1 : d)),
    constant(Float32Array.from({ length: n }, (_, i) => i)).entries!
  )
  const largest = reduceMax(x, keep, kept)
  const hits = pointwise(
    x.shape,
    [stretched(x, x.shape), stretched(largest, x.shape), stretched(place, x.shape)],
    ['a', 'b', 'c'],
    `a === b ? c : ${n}`
  )
  const first = reduceMin(hits, keep, kept)
  return pointwise(x.shape, [stretched(place, x.shape), stretched(first, x.shape)], ['a', 'b'], 'a === b ? 1 : 0')
}
