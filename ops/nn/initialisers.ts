import { qrOfTranspose } from '../../core/linalg/qr.js'
import { checkNumbers } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { type Shape, size } from '../../core/shape.js'
import { Tensor } from '../../core/tensor.js'

/** The numbers that feed one output (in), and that one input feeds (out). */
export interface Fan {
  in: number
  out: number
}

/** How a parameter of some shape starts, drawn from a stream of its own. */
export type Initialiser = (random: Random, shape: Shape, fan: Fan) => Tensor

const uniform =
  (bound: (fan: Fan) => number): Initialiser =>
  (random, shape, fan) =>
    random.uniform(shape, -bound(fan), bound(fan))

const normal =
  (deviation: (fan: Fan) => number): Initialiser =>
  (random, shape, fan) =>
    random.normal(shape, 0, deviation(fan))

/** The same number everywhere: `constant(0)` for biases, `constant(1)` for the weights of a norm. */
export const constant =
  (value: number): Initialiser =>
  (_, shape) =>
    new Tensor(shape, new Float64Array(size(shape)).fill(value))

/** U(±1/√fan_in): PyTorch's default, hence that of PhiML's dense and convolutional layers. */
export const fanIn = uniform(fan => 1 / Math.sqrt(fan.in))

/** U(±√(6/(fan_in + fan_out))): keeps the variance both ways through tanh. Glorot and Bengio 2010, eq. (16); Keras' default. */
export const glorot = uniform(fan => Math.sqrt(6 / (fan.in + fan.out)))

/** N(0, 2/(fan_in + fan_out)): the same variance, normal. */
export const glorotNormal = normal(fan => Math.sqrt(2 / (fan.in + fan.out)))

/** U(±√(6/fan_in)): keeps the variance forward through ReLU. He, Zhang, Ren, Sun 2015, eq. (10). */
export const heUniform = uniform(fan => Math.sqrt(6 / fan.in))

/** N(0, 2/fan_in): the same variance, normal. */
export const heNormal = normal(fan => Math.sqrt(2 / fan.in))

/**
 * `gain` times a random matrix with orthonormal rows or columns, whichever are fewer; the shape is read as
 * [first axis, all others]. QR of a normal matrix; the signs of R's diagonal make it uniform over all of them
 * (Mezzadri 2007). Saxe, McClelland, Ganguli 2013.
 */
export function orthogonal(gain = 1): Initialiser {
  checkNumbers('orthogonal', 'positive', { gain })
  return (random, shape) => {
    const [m, n] = [shape[0] ?? 1, size(shape.slice(1))]
    const [few, many] = [Math.min(m, n), Math.max(m, n)]
    const { R, applyQRows } = qrOfTranspose(Float64Array.from(random.normal([few, many]).data), few, many)
    const signs = new Float64Array(few * few)
    for (let i = 0; i < few; i++) signs[i * few + i] = R[i * few + i] < 0 ? -gain : gain
    const rows = applyQRows(signs, few)
    // Row i of the result is ± column i of Q; more rows than columns: transposed.
    return new Tensor(shape, m <= n ? rows : rows.map((_, k) => rows[(k % n) * many + Math.floor(k / n)]))
  }
}
