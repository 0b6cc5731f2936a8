import { FormatError, OptionError } from '../core/errors.js'
import { describe } from '../core/options.js'
import type { RandomState } from '../core/random.js'
import { Tensor } from '../core/tensor.js'
import { decodeTensors, encodeTensors } from '../ops/nn/safetensors.js'

/** A training run between two steps: all that the next step depends on. */
export interface Checkpoint<S = unknown> {
  /** The method's name: a state means nothing to another one. */
  readonly method: string
  /** Steps done. */
  readonly step: number
  readonly theta: Tensor
  /** Of the method: plain objects and arrays of tensors, numbers, strings, booleans and null. */
  readonly state: S
  /** Where each random stream stands. */
  readonly streams: Readonly<Record<string, RandomState>>
  /** L before every step so far. */
  readonly losses: readonly number[]
}

const FORMAT = 'physgrad checkpoint 1'

/**
 * A checkpoint as bytes in the safetensors format, every tensor under its place in the state ('state.m'), and the rest as JSON
 * among the metadata. Bit-exact; pure.
 *
 * Throws OptionError for a state that holds something else than tensors, numbers, strings, booleans, null, arrays and
 * plain objects of them.
 */
export function encodeCheckpoint({ losses, ...rest }: Checkpoint): Uint8Array {
  const tensors: Record<string, Tensor> = { losses: new Tensor([losses.length], Float64Array.from(losses)) }
  const tree = JSON.stringify(withoutTensors(rest, '', tensors))
  return encodeTensors(tensors, { format: FORMAT, checkpoint: tree })
}

/** What encodeCheckpoint wrote; `from` is what messages call the bytes. Throws FormatError for any others. */
export function decodeCheckpoint(bytes: Uint8Array, from = 'decodeCheckpoint'): Checkpoint {
  const { tensors, metadata } = decodeTensors(bytes, from)
  if (metadata.format !== FORMAT)
    throw new FormatError(
      from,
      `${metadata.format ? `the format '${metadata.format}'` : 'no format'} where '${FORMAT}' was expected`,
      'Give what encodeCheckpoint wrote'
    )
  const tree = withTensors(JSON.parse(metadata.checkpoint), tensors) as Omit<Checkpoint, 'losses'>
  return { ...tree, losses: Array.from(tensors.losses.data) }
}

/** JSON has no tensors and no NaN, infinities and -0; objects with one of these names stand for them. */
const TENSOR = '$tensor'
const NUMBER = '$number'

function withoutTensors(v: unknown, place: string, tensors: Record<string, Tensor>): unknown {
  if (v instanceof Tensor) {
    tensors[place] = v
    return { [TENSOR]: place }
  }
  if (typeof v === 'number')
    return Number.isFinite(v) && !Object.is(v, -0) ? v : { [NUMBER]: Object.is(v, -0) ? '-0' : String(v) }
  if (v === null || typeof v === 'string' || typeof v === 'boolean') return v
  const inside = (key: string | number, part: unknown) =>
    withoutTensors(part, place === '' ? String(key) : `${place}.${key}`, tensors)
  if (Array.isArray(v)) return v.map((part, i) => inside(i, part))
  if (Object.prototype.toString.call(v) === '[object Object]')
    return Object.fromEntries(
      Object.entries(v as object).flatMap(([key, part]) => (part === undefined ? [] : [[key, inside(key, part)]]))
    )
  throw new OptionError(
    'encodeCheckpoint',
    `${describe(v)} at '${place}'`,
    'A state is made of tensors, numbers, strings, booleans, null, arrays and plain objects'
  )
}

function withTensors(v: unknown, tensors: Readonly<Record<string, Tensor>>): unknown {
  if (Array.isArray(v)) return v.map(part => withTensors(part, tensors))
  if (typeof v !== 'object' || v === null) return v
  const { [TENSOR]: name, [NUMBER]: number } = v as Record<string, string>
  if (name !== undefined) return tensors[name]
  if (number !== undefined) return Number(number)
  return Object.fromEntries(Object.entries(v).map(([key, part]) => [key, withTensors(part, tensors)]))
}

/** A tree of tensors and numbers with tensors of its own. */
export function copied<T>(v: T): T {
  if (v instanceof Tensor) return new Tensor(v.shape, v.data.slice()) as T
  if (Array.isArray(v)) return v.map(copied) as T
  if (typeof v !== 'object' || v === null) return v
  return Object.fromEntries(Object.entries(v).map(([key, part]) => [key, copied(part)])) as T
}
