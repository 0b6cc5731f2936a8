import { DTypeError, ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { checkChoice } from '../../core/options.js'
import { sameShape, show } from '../../core/shape.js'
import { type DType, Tensor } from '../../core/tensor.js'
import type { Network } from './network.js'

export type NamedTensors = Readonly<Record<string, Tensor>>

export interface DecodeOptions {
  /** What θ must be. Left out, it is what the file holds. */
  dtype?: DType
  /** What messages call the bytes or the text: a path. */
  from?: string
}

/** θ [P] of a network from tensors of its parameters' names. Throws where names, shapes or dtypes are others. */
export function fromNamed(
  tensors: NamedTensors,
  net: Network,
  { dtype, from = 'the parameters of a network' }: DecodeOptions
): Tensor {
  if (dtype !== undefined) checkChoice(from, 'dtype', dtype, ['f32', 'f64'])
  checkModel(tensors, net, from)
  const found = net.parameters.length > 0 ? tensors[net.parameters[0].name].dtype : (dtype ?? 'f64')
  for (const [name, t] of Object.entries(tensors)) {
    if (dtype && t.dtype !== dtype)
      throw new DTypeError(
        from,
        `'${name}' is ${t.dtype}, and ${dtype} was asked`,
        `Load without dtype and use cast(theta, '${dtype}')`
      )
    if (t.dtype !== found)
      throw new DTypeError(
        from,
        `'${name}' is ${t.dtype}, '${net.parameters[0].name}' is ${found}`,
        'Cast them to one dtype before they are saved: θ is one tensor'
      )
  }
  const theta = alloc(net.size, found)
  for (const p of net.parameters) theta.set(tensors[p.name].data, p.start)
  return new Tensor([net.size], theta)
}

/** Throws ShapeError, naming the first parameter that is missing, of another shape, or not the network's. */
function checkModel(tensors: NamedTensors, net: Network, from: string): void {
  const advice = 'Build the network with the settings of the one that was saved'
  const missing = net.parameters.find(p => !Object.hasOwn(tensors, p.name))
  const known = new Set(net.parameters.map(p => p.name))
  const extra = Object.keys(tensors).find(name => !known.has(name))
  const unexpected = extra === undefined ? '' : `'${extra}' ${show(tensors[extra].shape)}, which the network has not`
  if (missing)
    throw new ShapeError(
      from,
      `of another model: no parameter '${missing.name}' ${show(missing.shape)}${unexpected && `, but ${unexpected}`}`,
      advice
    )
  const other = net.parameters.find(p => !sameShape(p.shape, tensors[p.name].shape))
  if (other)
    throw new ShapeError(
      from,
      `of another model: '${other.name}' is ${show(tensors[other.name].shape)}, in the network ${show(other.shape)}`,
      advice
    )
  if (unexpected) throw new ShapeError(from, `of another model: it holds ${unexpected}`, advice)
}
