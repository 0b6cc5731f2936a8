import { DTypeError, FormatError, OptionError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { describe } from '../../core/options.js'
import { type Shape, show, size } from '../../core/shape.js'
import { checkTensor, type DType, Tensor } from '../../core/tensor.js'
import { type DecodeOptions, fromNamed, type NamedTensors } from './namedTensors.js'
import type { Network } from './network.js'

/**
 * The safetensors format, as the libraries of PyTorch and JAX read and write it:
 *
 *     8 bytes     N, unsigned, little-endian
 *     N bytes     JSON, padded by spaces: { "name": { "dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48] }, … ,
 *                 "__metadata__": { "key": "text" } }; offsets count from the end of the header
 *     the rest    the entries, little-endian, row-major, one tensor after the other, without gaps
 *
 * Source: the README of github.com/huggingface/safetensors, section Format.
 */
const METADATA = '__metadata__'
const DTYPES: Readonly<Record<string, DType>> = { F64: 'f64', F32: 'f32' }
const NAMES = { f64: 'F64', f32: 'F32' } as const
const WIDTH = { f64: 8, f32: 4 } as const
/** What the reference implementation accepts. */
const LONGEST_HEADER = 100_000_000

export type Metadata = Readonly<Record<string, string>>

/** The parameters of a network in the safetensors format: every name a tensor, in the dtype of θ [P]. Pure. */
export function encodeSafetensors(net: Network, theta: Tensor, metadata?: Metadata): Uint8Array {
  return encodeTensors(net.views(theta), metadata)
}

/**
 * θ [P] of a network from bytes in the safetensors format, in the dtype that they hold. Pure.
 *
 * Throws FormatError for bytes that are cut off or no safetensors, ShapeError for those of another model, DTypeError for
 * entries of another dtype than was asked, or of one that this library does not have.
 */
export function decodeSafetensors(bytes: Uint8Array, net: Network, options: DecodeOptions = {}): Tensor {
  return fromNamed(decodeTensors(bytes, options.from).tensors, net, options)
}

/** Named tensors (running statistics, an optimiser's state) in the safetensors format. */
export function encodeTensors(tensors: NamedTensors, metadata?: Metadata): Uint8Array {
  checkMetadata('encodeTensors', metadata)
  let end = 0
  const header: [string, unknown][] = Object.entries(tensors).map(([name, t]) => {
    checkTensor(t, 'encodeTensors', `'${name}'`)
    if (name === METADATA)
      throw new OptionError('encodeTensors', `a tensor of the name ${METADATA}`, 'The format keeps it for metadata')
    const start = end
    end += t.size * WIDTH[t.dtype]
    return [name, { dtype: NAMES[t.dtype], shape: t.shape, data_offsets: [start, end] }]
  })
  if (metadata) header.unshift([METADATA, metadata])
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const length = Math.ceil(text.length / 8) * 8
  const bytes = new Uint8Array(8 + length + end)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(length), true)
  bytes.fill(0x20, 8, 8 + length)
  bytes.set(text, 8)
  let at = 8 + length
  for (const t of Object.values(tensors)) {
    const width = WIDTH[t.dtype]
    for (const v of t.data) {
      if (width === 8) view.setFloat64(at, v, true)
      else view.setFloat32(at, v, true)
      at += width
    }
  }
  return bytes
}

interface Entry {
  name: string
  dtype: string
  shape: Shape
  start: number
  stop: number
}

/** The tensors and the metadata in bytes of the safetensors format; `from` is what messages call them. */
export function decodeTensors(
  bytes: Uint8Array,
  from = 'decodeTensors'
): { tensors: Record<string, Tensor>; metadata: Metadata } {
  if (!(bytes instanceof Uint8Array))
    throw new FormatError(from, `${describe(bytes)} instead of bytes`, 'Give a Uint8Array')
  const { header, begin } = headerOf(bytes, from)
  const { [METADATA]: metadata = {}, ...rest } = header
  const entries = Object.entries(rest).map(([name, said]) => entryOf(name, said, from))
  const held = bytes.length - begin
  const needed = Math.max(0, ...entries.map(e => e.stop))
  if (held < needed) throw cutOff(from, bytes.length, begin + needed)
  if (held > needed || !gapless(entries))
    throw notSafetensors(from, held > needed ? `${held - needed} bytes behind the last tensor` : 'tensors with gaps')
  const tensors = Object.fromEntries(entries.map(entry => [entry.name, read(bytes, begin, entry, from)]))
  return { tensors, metadata: metadata as Metadata }
}

function headerOf(bytes: Uint8Array, from: string): { header: Record<string, unknown>; begin: number } {
  if (bytes.length < 8) throw cutOff(from, bytes.length, 8)
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (length > LONGEST_HEADER || (bytes.length > 8 && bytes[8] !== 0x7b))
    throw notSafetensors(from, 'it does not begin with the length of a header and {')
  if (bytes.length < 8 + length) throw cutOff(from, bytes.length, 8 + length)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)))
  } catch {
    throw notSafetensors(from, 'its header is no JSON')
  }
  return { header: header as Record<string, unknown>, begin: 8 + length }
}

const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 0

function entryOf(name: string, said: unknown, from: string): Entry {
  const { dtype, shape, data_offsets } = (said ?? {}) as Record<string, unknown>
  const offsets = Array.isArray(data_offsets) ? data_offsets : []
  const [start, stop] = offsets
  const sound = typeof dtype === 'string' && Array.isArray(shape) && [...shape, ...offsets].every(isCount)
  if (!sound || offsets.length !== 2 || stop < start)
    throw notSafetensors(from, `'${name}' lacks a dtype, a shape or its two offsets`)
  const width = dtype in DTYPES && WIDTH[DTYPES[dtype]]
  if (width && stop - start !== size(shape) * width)
    throw notSafetensors(from, `'${name}' of shape ${show(shape)} in ${dtype} takes ${stop - start} bytes`)
  return { name, dtype, shape, start, stop }
}

/** Does each tensor begin where another one ends? */
function gapless(entries: readonly Entry[]): boolean {
  let end = 0
  return [...entries]
    .sort((a, b) => a.start - b.start || a.stop - b.stop)
    .every(e => {
      const follows = e.start === end
      end = e.stop
      return follows
    })
}

function read(bytes: Uint8Array, begin: number, { name, dtype, shape, start, stop }: Entry, from: string): Tensor {
  const ours = DTYPES[dtype]
  if (!ours)
    throw new DTypeError(
      from,
      `'${name}' is ${dtype}`,
      'This library has F32 and F64: cast it where it was written, in PyTorch by tensor.float()'
    )
  const view = new DataView(bytes.buffer, bytes.byteOffset + begin + start, stop - start)
  const data = alloc(size(shape), ours)
  for (let i = 0; i < data.length; i++)
    data[i] = ours === 'f64' ? view.getFloat64(8 * i, true) : view.getFloat32(4 * i, true)
  return new Tensor(shape, data)
}

/** Throws OptionError unless metadata is an object of strings. */
export function checkMetadata(asked: string, metadata: unknown): void {
  if (metadata === undefined) return
  const wrong = Object.entries(metadata ?? { metadata }).find(([, v]) => typeof v !== 'string')
  if (typeof metadata !== 'object' || wrong)
    throw new OptionError(
      asked,
      wrong ? `${describe(wrong[1])} as metadata '${wrong[0]}'` : `${describe(metadata)} as metadata`,
      'Give an object of strings'
    )
}

const cutOff = (from: string, held: number, needed: number): FormatError =>
  new FormatError(from, `cut off: ${held} bytes are there, ${needed} are needed`, 'Write or copy it again')

const notSafetensors = (from: string, why: string): FormatError =>
  new FormatError(
    from,
    `not in the safetensors format: ${why}`,
    'Give what encodeSafetensors or a safetensors library wrote'
  )
