import { OptionError, ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { describe } from '../../core/options.js'
import { Random } from '../../core/random.js'
import { checkShape, type Shape, show, size } from '../../core/shape.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type DType, Tensor } from '../../core/tensor.js'
import { slice } from '../shape/slice.js'
import type { Fan, Initialiser } from './initialisers.js'
import type { Statistics } from './runningStatistics.js'

/** An array of numbers that a layer learns. */
export interface Weight {
  readonly shape: Shape
  readonly init: Initialiser
  readonly fan?: Fan
  /** Its last axis holds real and imaginary parts: two numbers that are one complex weight. */
  readonly complex?: boolean
}

/** A weight with its full name ('down1.conv.0.weight') and its place in θ. */
export interface Parameter extends Weight {
  readonly name: string
  readonly start: number
}

/** What a pass through a network depends on besides θ and x; all of it explicit, nothing kept inside. */
export interface Context {
  /**
   * Dropout draws its masks from here, each layer from the stream of its own path: the same stream gives the same masks
   * (in training, `stream.split(step)`). Left out, dropout does nothing.
   */
  readonly random?: Random
  /** Batch norm normalises with these, by the layer's path, instead of the batch's own. */
  readonly statistics?: Statistics
  /** Sees the input of every batch-norm layer, to keep running statistics. */
  readonly observe?: (path: string, input: Tensor) => void
}

/** The part of θ that belongs to a layer at some path of a network, and the context of the pass. */
export interface Scope {
  /** Names from the outside in, joined by dots; '' for the whole network. */
  readonly path: string
  readonly context: Context
  /** A parameter by its name within this layer: one slice of the one flat θ, however deep the layer lies. */
  read(name: string): Tensor
  /** The scope of the part `name`. */
  in(name: string): Scope
}

/** What a network has besides being a function. */
export interface Parametric {
  /** In the order in which they lie in θ. */
  readonly parameters: readonly Parameter[]
  /** P, the length of θ. */
  readonly size: number
  /** θ `[P]`, each parameter drawn from the stream of its own full name. */
  init(random: Random, dtype?: DType): Tensor
  /** One parameter out of θ `[P]`, recorded: derivatives with respect to it are derivatives with respect to θ. */
  read(theta: Tensor, name: string): Tensor
  /** All of them by name. */
  views(theta: Tensor): Record<string, Tensor>
}

/**
 * A network, or a layer, which is the same: a pure function of its flat parameters θ `[P]` and an input x; or, as a part
 * of a larger network, of its scope there.
 */
export interface Network extends Parametric {
  (theta: Tensor | Scope, x: Tensor): Tensor
  (theta: Tensor, x: Tensor, context: Context): Tensor
}

/** What a network is made of: weights of its own, and other networks, by name. */
export type Parts = Readonly<Record<string, Weight | Network>>

/** Is this a network, or a function of a tensor only, such as an activation? */
export const isNetwork = (part: unknown): part is Network =>
  typeof part === 'function' && Array.isArray((part as { parameters?: unknown }).parameters)

/**
 * A network from its parts and its forward pass. θ holds the parameters of all parts side by side, in the order of
 * `parts`; those of a part that is a network get its name and a dot in front of theirs.
 *
 *     const affine = network({ weight: { shape: [3], init: constant(1) } }, (scope, x) => mul(x, scope.read('weight')))
 *     const twice = network({ first: affine, second: affine }, (scope, x) =>
 *       affine(scope.in('second'), tanh(affine(scope.in('first'), x))))
 *
 * Throws OptionError for parts that are neither weights nor networks, and for a name that occurs twice.
 */
export function network(parts: Parts, forward: (scope: Scope, x: Tensor) => Tensor): Network {
  if (typeof parts !== 'object' || parts === null || typeof forward !== 'function')
    throw new OptionError(
      'network',
      typeof forward === 'function' ? describe(parts) : describe(forward),
      'Give an object of parts and a function of a scope and x'
    )
  const parameters = placed(parts)
  const places = new Map(parameters.map(p => [p.name, p]))
  const total = parameters.reduce((n, p) => n + size(p.shape), 0)
  const scope = (theta: Tensor, context: Context = {}): Scope => {
    checkTheta(theta, total)
    checkContext(context)
    return scopeOf(theta, places, context, '')
  }
  const run = (theta: Tensor | Scope, x: Tensor, context?: Context): Tensor => {
    const s = isScope(theta) ? theta : scope(theta, context)
    checkTensor(x, 'a network')
    return forward(s, x)
  }
  return Object.assign(run, {
    parameters,
    size: total,
    init: (random: Random, dtype: DType = 'f64') => init(parameters, total, random, dtype),
    read: (theta: Tensor, name: string) => scope(theta).read(name),
    views: (theta: Tensor) => {
      const all = scope(theta)
      return Object.fromEntries(parameters.map(p => [p.name, all.read(p.name)]))
    }
  })
}

const isScope = (v: unknown): v is Scope => typeof (v as Scope | null)?.read === 'function' && !(v instanceof Tensor)

/** The parameters of all parts under their full names, with their places in θ. */
function placed(parts: Parts): Parameter[] {
  const list: Parameter[] = []
  const names = new Set<string>()
  let start = 0
  const put = (name: string, { shape, init, fan, complex }: Weight) => {
    checkShape(shape, `parameter '${name}'`)
    if (names.has(name))
      throw new OptionError('network', `two parameters of the name '${name}'`, 'Give each a name of its own')
    names.add(name)
    list.push({ name, shape, init, fan, complex, start })
    start += size(shape)
  }
  for (const [name, part] of Object.entries(parts))
    if (isNetwork(part)) for (const p of part.parameters) put(`${name}.${p.name}`, p)
    else if (typeof part?.init === 'function') put(name, part)
    else
      throw new OptionError(
        'network',
        `${describe(part)} as part '${name}'`,
        'Give a network, or { shape, init, fan? }'
      )
  return list
}

function scopeOf(theta: Tensor, places: ReadonlyMap<string, Parameter>, context: Context, path: string): Scope {
  const full = (name: string) => (path === '' ? name : `${path}.${name}`)
  return {
    path,
    context,
    in: name => scopeOf(theta, places, context, full(name)),
    read: name => {
      const p = places.get(full(name))
      if (!p)
        throw new ShapeError(
          `parameter '${full(name)}'`,
          'there is none of that name',
          `Names: ${[...places.keys()].join(', ')}`
        )
      return reshape(slice(theta, 0, p.start, p.start + size(p.shape)), p.shape)
    }
  }
}

function checkTheta(theta: Tensor, total: number): void {
  checkTensor(theta, 'the parameters of a network', 'θ')
  if (theta.rank !== 1 || theta.size !== total)
    throw new ShapeError(
      'the parameters of a network',
      `a tensor of shape ${show(theta.shape)}, where θ is [${total}]`,
      'Make θ by net.init(random)'
    )
}

/** A misplaced setting would do nothing, silently. */
function checkContext(context: Context): void {
  const asked = 'the context of a network'
  if (typeof context !== 'object' || context === null)
    throw new OptionError(asked, describe(context), 'Give { random, statistics, observe }, each if needed')
  const unknown = Object.keys(context).find(key => !['random', 'statistics', 'observe'].includes(key))
  if (unknown !== undefined)
    throw new OptionError(asked, `a setting '${unknown}'`, 'It has random, statistics and observe')
  const { random, observe, statistics } = context
  if (random !== undefined && !(random instanceof Random))
    throw new OptionError(asked, `${describe(random)} as random`, 'Give a stream: random(seed)')
  if (observe !== undefined && typeof observe !== 'function')
    throw new OptionError(asked, `${describe(observe)} as observe`, 'Give a function of a path and a tensor')
  if (statistics !== undefined && (typeof statistics !== 'object' || statistics === null))
    throw new OptionError(asked, `${describe(statistics)} as statistics`, 'Give what runningStatistics returned')
}

function init(parameters: readonly Parameter[], total: number, random: Random, dtype: DType): Tensor {
  if (!(random instanceof Random))
    throw new OptionError('init of a network', `${describe(random)} instead of a random stream`, 'Give random(seed)')
  const theta = alloc(total, dtype)
  for (const p of parameters) {
    const drawn = p.init(random.split(p.name), p.shape, p.fan ?? { in: 1, out: 1 })
    checkTensor(drawn, 'init of a network', `what the initialiser of '${p.name}' returned`)
    if (drawn.size !== size(p.shape))
      throw new ShapeError(
        'init of a network',
        `the initialiser of '${p.name}' ${show(p.shape)} returned ${show(drawn.shape)}`,
        'Return a tensor of the shape that it is given'
      )
    theta.set(drawn.data, p.start)
  }
  return new Tensor([total], theta)
}

/**
 * How large a network is. `numbers`: the length of θ, what is stored and trained. `weights`: a complex weight counted
 * once, as PyTorch counts; the same without complex weights.
 */
export function countParameters(net: Network): { numbers: number; weights: number } {
  const weights = net.parameters.reduce((n, p) => n + size(p.shape) / (p.complex ? 2 : 1), 0)
  return { numbers: net.size, weights }
}
