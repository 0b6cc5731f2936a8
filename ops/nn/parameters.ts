import { OptionError, ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { describe } from '../../core/options.js'
import { Random } from '../../core/random.js'
import { checkShape, type Shape, show, size } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type DType, Tensor } from '../../core/tensor.js'
import { slice } from '../shape/slice.js'

/** How a parameter starts. `fan` counts the numbers that feed one output (in), and that one input feeds (out). */
export type Initialiser = (random: Random, shape: Shape, fan: { in: number; out: number }) => Tensor

/** U(±1/√fan_in): PhiML's Dense and Conv. */
export const fanIn: Initialiser = (random, shape, fan) => {
  const bound = 1 / Math.sqrt(fan.in)
  return random.uniform(shape, -bound, bound)
}

/** U(±√(6/(fan_in + fan_out))): Glorot and Bengio 2010, eq. (16); Keras' default. */
export const glorot: Initialiser = (random, shape, fan) => {
  const bound = Math.sqrt(6 / (fan.in + fan.out))
  return random.uniform(shape, -bound, bound)
}

/** The same number everywhere. */
export const constant =
  (value: number): Initialiser =>
  (_, shape) =>
    new Tensor(shape, new Float64Array(size(shape)).fill(value))

export interface Parameter {
  readonly name: string
  readonly shape: Shape
  readonly init: Initialiser
  readonly fan?: { in: number; out: number }
}

/**
 * The parameters of a network, side by side in one flat vector θ `[P]`. A network is a pure function of θ; `read` gives
 * one parameter as a slice of θ, so derivatives with respect to all of them are derivatives with respect to θ.
 */
export class Parameters {
  readonly size: number
  readonly #start = new Map<string, number>()

  constructor(readonly list: readonly Parameter[]) {
    let at = 0
    for (const p of list) checkShape(p.shape, `parameter '${p.name}'`)
    for (const p of list) {
      this.#start.set(p.name, at)
      at += size(p.shape)
    }
    this.size = at
  }

  /** θ, each parameter drawn from a stream of its own name. */
  init(random: Random, dtype: DType = 'f64'): Tensor {
    if (!(random instanceof Random))
      throw new OptionError('init of a network', `${describe(random)} instead of a random stream`, 'Give random(seed)')
    const theta = alloc(this.size, dtype)
    for (const p of this.list)
      theta.set(p.init(random.split(p.name), p.shape, p.fan ?? { in: 1, out: 1 }).data, this.#start.get(p.name)!)
    return new Tensor([this.size], theta)
  }

  /** One parameter out of θ, recorded. */
  read(theta: Tensor, name: string): Tensor {
    const p = this.list.find(q => q.name === name)
    const start = this.#start.get(name)
    if (!p || start === undefined)
      throw new ShapeError(
        `parameter '${name}'`,
        'there is none of that name',
        `Names: ${this.list.map(q => q.name).join(', ')}`
      )
    this.check(theta)
    return reshape(slice(theta, 0, start, start + size(p.shape)), p.shape)
  }

  /** All of them by name. */
  views(theta: Tensor): Record<string, Tensor> {
    return Object.fromEntries(this.list.map(p => [p.name, this.read(theta, p.name)]))
  }

  check(theta: Tensor): void {
    checkTensor(theta, 'the parameters of a network', 'θ')
    if (theta.rank !== 1 || theta.size !== this.size)
      throw new ShapeError(
        'the parameters of a network',
        `a tensor of shape ${show(theta.shape)}, where θ is [${this.size}]`,
        'Make θ by net.init(random)'
      )
  }
}

/** A network: a pure function of its flat parameters and an input. */
export interface Network {
  (theta: Tensor, x: Tensor): Tensor
  readonly parameters: Parameters
  /** Number of parameters. */
  readonly size: number
  init(random: Random, dtype?: DType): Tensor
  views(theta: Tensor): Record<string, Tensor>
}

/** A network from its parameters and its forward pass; θ and x are checked before every pass. */
export function network(parameters: Parameters, forward: (theta: Tensor, x: Tensor) => Tensor): Network {
  if (!(parameters instanceof Parameters) || typeof forward !== 'function')
    throw new OptionError('network', describe(parameters), 'Give new Parameters([...]) and a function of θ and x')
  const net = (theta: Tensor, x: Tensor): Tensor => {
    parameters.check(theta)
    checkTensor(x, 'a network')
    return forward(theta, x)
  }
  return Object.assign(net, {
    parameters,
    size: parameters.size,
    init: (random: Random, dtype?: DType) => parameters.init(random, dtype),
    views: (theta: Tensor) => parameters.views(theta)
  })
}
