import { type Block, blockOf, inArena } from './arena.js'
import { type DeviceEntries, isDeviceEntries } from './backends/gpu/entries.js'
import { DTypeError, GradientError, ShapeError } from './errors.js'
import { alloc, allocUnset, type Data, type DType, noSuchDType } from './memory.js'
import { fill, type Nested, nest, nestedShape } from './nested.js'
import { describe } from './options.js'
import { currentRegion, ownerOfData, type Region } from './region.js'
import { checkShape, type Shape, sameShape, show, size } from './shape.js'

export type { Data, DType } from './memory.js'

/** For core/scope.ts and the sweeps: who owns a tensor, and the block of the arena in which it lies. */
export let ownerOf: (t: Tensor) => Region | undefined
export let blockWith: (t: Tensor) => Block | undefined

/**
 * An n-dimensional array: a shape and its entries, row-major (the last axis runs fastest), in one typed array.
 * A tensor is a value: no operator changes one, and it holds no reference to any tape.
 *
 * A tensor that is made while a tape records belongs to that tape, and one made inside of `scoped` to that scope: when it
 * has ended the tensor is gone, and its memory is used again. `keep` copies one out.
 */
export class Tensor {
  /** Read `data`. A property like any other, so that tensors with other entries are not deeply equal. */
  private readonly stored: Data | DeviceEntries
  readonly #onDevice: boolean
  /** Who owns it, if not the garbage collector alone. */
  readonly #owner: Region | undefined
  /** Where it lies, if in the arena. */
  readonly #block: Block | undefined

  static {
    ownerOf = t => t.#owner
    blockWith = t => t.#block
  }

  constructor(
    readonly shape: Shape,
    data: Data | DeviceEntries
  ) {
    const onDevice = isDeviceEntries(data)
    if (!onDevice && !(data instanceof Float64Array || data instanceof Float32Array))
      throw new DTypeError(
        'a tensor of stored entries',
        `${describe(data)} as its data`,
        'Give a Float64Array or a Float32Array, or use tensor(…) for nested arrays'
      )
    const length = onDevice ? data.size : data.length
    if (length !== entries(shape)) {
      checkShape(shape, 'a tensor')
      throw new ShapeError(
        `a tensor of shape ${show(shape)}`,
        `${length} entries, where the shape holds ${size(shape)}`,
        'Give a shape whose axes multiply to the number of entries'
      )
    }
    this.stored = data
    this.#onDevice = onDevice
    // Data of the arena has the owner that it was made with; a part of such data only the block at its address.
    const made =
      onDevice || !inArena(data) ? undefined : (ownerOfData(data) ?? { region: undefined, block: blockOf(data) })
    if (made && (!made.block?.alive || made.region?.gone)) throw isGone(shape)
    this.#block = made?.block
    this.#owner = made ? made.region : currentRegion()
  }

  /**
   * The entries, row-major: the tensor's own storage, to be read only, and only as long as the tensor lives.
   * Throws GradientError when it is gone.
   * Whoever keeps the array, or a part of it, beyond that reads what is there by then.
   */
  get data(): Data {
    if ((this.#owner !== undefined || this.#block !== undefined) && this.gone) throw isGone(this.shape)
    return this.#onDevice ? (this.stored as DeviceEntries).read() : (this.stored as Data)
  }

  /** The entries where they are, if they live on a GPU: `data` reads them back, once. */
  get entries(): DeviceEntries | undefined {
    return this.#onDevice ? (this.stored as DeviceEntries) : undefined
  }

  /** Was the tape or the scope that owned it disposed? */
  get gone(): boolean {
    return this.#owner?.gone === true || this.#block?.alive === false
  }

  get dtype(): DType {
    return this.stored instanceof Float64Array ? 'f64' : 'f32'
  }

  get rank(): number {
    return this.shape.length
  }

  get size(): number {
    return this.#onDevice ? (this.stored as DeviceEntries).size : (this.stored as Data).length
  }

  /** The only entry of a tensor with one entry. */
  item(): number {
    if (this.data.length !== 1)
      throw new ShapeError(
        'item() of a tensor',
        `it has shape ${show(this.shape)}, ${this.data.length} entries`,
        'Use data or toArray() for more than one entry'
      )
    return this.data[0]
  }

  /** Nested arrays (a number for a scalar). */
  toArray(): Nested {
    return nest(this.data, this.shape)
  }

  toString(): string {
    return print(this)
  }

  /** Node's console.log and util.inspect call this; the symbol is global, so no import of Node is needed. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return print(this)
  }
}

const isGone = (shape: Shape): GradientError =>
  new GradientError(
    `the entries of a tensor of shape ${show(shape)}`,
    'it was made while a tape recorded, or in a scope, that has been disposed',
    'Read it before, or copy it out by keep(t)'
  )

/** The number of entries; NaN for what is no shape. On the path of every operator, hence without a call per axis. */
function entries(shape: Shape): number {
  if (!Array.isArray(shape)) return Number.NaN
  let n = 1
  for (let i = 0; i < shape.length; i++) n *= shape[i] >= 0 && Number.isInteger(shape[i]) ? shape[i] : Number.NaN
  return n
}

/**
 * The entries of t, wherever they live: `data`, awaited where a GPU answers only by promises (WebGPU). Afterwards `data`
 * has them too. Once for a training step is enough, whatever the number of kernels that made t.
 */
export async function read(t: Tensor): Promise<Data> {
  checkTensor(t, 'read')
  return t.entries ? t.entries.readAsync() : t.data
}

/** Throws DTypeError unless `value` is a tensor. */
export function checkTensor(value: unknown, asked: string, role = 'its input'): asserts value is Tensor {
  if (!(value instanceof Tensor))
    throw new DTypeError(asked, `${role} is ${describe(value)}`, 'Give a tensor: wrap numbers and arrays by tensor(…)')
}

/** Throws unless `other` has the shape and dtype of t, as a tangent, a cotangent or a target of t must. */
export function checkLike(t: Tensor, other: Tensor, asked: string, role: string): void {
  checkTensor(other, asked, role)
  if (!sameShape(t.shape, other.shape))
    throw new ShapeError(
      asked,
      `${role} of shape ${show(other.shape)} for a tensor of shape ${show(t.shape)}`,
      'They have the same shape'
    )
  if (t.dtype !== other.dtype)
    throw new DTypeError(asked, `${role} in ${other.dtype} for a tensor in ${t.dtype}`, 'Convert one by cast')
}

export interface TensorOptions {
  shape?: Shape
  dtype?: DType
}

/**
 * A tensor from a number, nested arrays (copied), a typed array (not copied; its type decides the dtype), or a tensor.
 * Default dtype f64. `shape` rearranges the entries in row-major order.
 *
 * Throws ShapeError for ragged input or a shape of another size, DTypeError for entries that are not numbers.
 */
export function tensor(value: Nested | Data | Tensor, options: TensorOptions = {}): Tensor {
  if (options.dtype !== undefined && options.dtype !== 'f64' && options.dtype !== 'f32')
    throw noSuchDType(options.dtype)
  let data: Data
  let shape: Shape
  if (value instanceof Tensor) {
    data = value.data
    shape = value.shape
  } else if (value instanceof Float64Array || value instanceof Float32Array) {
    data = value
    shape = [value.length]
  } else {
    shape = nestedShape(value)
    data = alloc(size(shape), options.dtype ?? 'f64')
    fill(value, shape, data)
  }
  if (options.dtype && options.dtype !== (data instanceof Float64Array ? 'f64' : 'f32'))
    data = options.dtype === 'f64' ? Float64Array.from(data) : Float32Array.from(data)
  if (options.shape !== undefined) {
    checkShape(options.shape, 'a tensor')
    shape = [...options.shape]
  }
  return new Tensor(shape, data)
}

function make(shape: Shape, dtype: DType, value: number): Tensor {
  checkShape(shape, 'a tensor')
  const data = alloc(size(shape), dtype)
  if (!Object.is(value, 0)) data.fill(value)
  return new Tensor([...shape], data)
}

/** `shape` filled with one number. */
export const full = (shape: Shape, value: number, dtype: DType = 'f64'): Tensor => make(shape, dtype, value)
/** `shape` filled with 0. */
export const zeros = (shape: Shape, dtype: DType = 'f64'): Tensor => make(shape, dtype, 0)
/** `shape` filled with 1. */
export const ones = (shape: Shape, dtype: DType = 'f64'): Tensor => make(shape, dtype, 1)
/** Zeros in the shape and dtype of t. */
export const zerosLike = (t: Tensor): Tensor => like(t, 0, 'zerosLike')
/** Ones in the shape and dtype of t. */
export const onesLike = (t: Tensor): Tensor => like(t, 1, 'onesLike')

function like(t: Tensor, value: number, asked: string): Tensor {
  checkTensor(t, asked)
  return make(t.shape, t.dtype, value)
}

/** The n×n identity. */
export function eye(n: number, dtype: DType = 'f64'): Tensor {
  const t = make([n, n], dtype, 0)
  const { data } = t
  for (let i = 0; i < n; i++) data[i * n + i] = 1
  return t
}

/** 0, 1, …, n - 1. */
export function arange(n: number, dtype: DType = 'f64'): Tensor {
  const t = make([n], dtype, 0)
  for (let i = 0; i < n; i++) t.data[i] = i
  return t
}

/** n numbers from `start` to `stop`, both included. */
export function linspace(start: number, stop: number, n: number, dtype: DType = 'f64'): Tensor {
  const t = make([n], dtype, 0)
  for (let i = 0; i < n; i++) t.data[i] = n === 1 ? start : start + ((stop - start) * i) / (n - 1)
  return t
}

/** f of every entry, in the shape and dtype of t. Unrecorded: a constant for every derivative. */
export function mapData(t: Tensor, f: (v: number, i: number) => number): Tensor {
  const x = t.data
  const y = allocUnset(t.size, t.dtype)
  for (let i = 0; i < y.length; i++) y[i] = f(x[i], i)
  return new Tensor(t.shape, y)
}

/** True where every entry is finite. */
export function allFinite(data: Data): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false
  return true
}

/** Equal in shape, dtype and every entry (NaN equals NaN). */
export function equalTensors(a: Tensor, b: Tensor): boolean {
  checkTensor(a, 'equalTensors', 'the first')
  checkTensor(b, 'equalTensors', 'the second')
  return sameShape(a.shape, b.shape) && a.dtype === b.dtype && a.data.every((v, i) => Object.is(v, b.data[i]))
}

const EDGE = 3
const LONGEST = 8

const number = (v: number): string => (Number.isInteger(v) ? String(v) : Number(v.toPrecision(5)).toString())

/** `f64 [2, 3]` and the entries; of long axes only both ends. */
function print(t: Tensor): string {
  if (t.gone) return `${t.dtype} ${show(t.shape)} of a tape or scope that was disposed`
  const rows = (axis: number, offset: number, stride: number, indent: string): string => {
    if (axis === t.shape.length) return number(t.data[offset])
    const n = t.shape[axis]
    const inner = n === 0 ? 0 : stride / n
    const last = axis === t.shape.length - 1
    const shown = n <= LONGEST ? [...Array(n).keys()] : [...Array(EDGE).keys(), -1, n - 3, n - 2, n - 1]
    const parts = shown.map(i => (i < 0 ? '…' : rows(axis + 1, offset + i * inner, inner, `${indent} `)))
    return `[${parts.join(last ? ', ' : `,\n${indent} `)}]`
  }
  return `${t.dtype} ${show(t.shape)}${t.shape.length > 1 ? '\n' : ' '}${rows(0, 0, t.data.length, '')}`
}
