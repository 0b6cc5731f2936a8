import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus'
import { OptionError } from './errors.js'
import { noSuchDType } from './memory.js'
import { checkNumbers, describe } from './options.js'
import { checkShape, type Shape } from './shape.js'
import { Tensor } from './tensor.js'

/** Where a stream stands: plain data, to be kept and restored. */
export interface RandomState {
  path: string
  /** The four 32-bit words of the generator. */
  words: readonly number[]
}

export interface RandomOptions {
  dtype?: 'f64' | 'f32'
}

/** A stream of random numbers. `random(0)` and `random('0')` are different streams. */
export function random(seed: number | string): Random {
  if (typeof seed !== 'string') checkNumbers('random', 'finite', { seed })
  return new Random(typeof seed === 'number' ? `#${seed}` : JSON.stringify(seed))
}

/**
 * Seeded random numbers, the same in Node and in every browser.
 *
 * A stream is named by its path: the seed and the names it was split by. The path is hashed to the 128 bits that start a
 * xoroshiro128+ generator (Blackman & Vigna 2021; period 2¹²⁸ - 1, from the package pure-rand). `split` only extends the
 * path, so a stream does not depend on how much was drawn from its parent, nor on which siblings exist: adding a draw in
 * one place changes nothing elsewhere.
 *
 * Why streams are independent: the hash spreads paths over 2¹²⁸ starting points of one cycle. Two streams of L numbers
 * overlap only if their starting points lie within L of each other, probability about 2L/2¹²⁸; a million streams of 2⁴⁰
 * numbers each collide anywhere with a probability below 2⁻⁴⁷. Nearby seeds and names are as far apart as any others,
 * since a hash bit depends on every bit of the path.
 */
export class Random {
  private generator

  /** Use `random(seed)` and `split(name)`; the path identifies the stream. */
  constructor(readonly path: string) {
    this.generator = xoroshiro128plusFromState(hash128(path))
  }

  /** The independent stream `name` of this one; asking twice gives the same stream again, from its beginning. */
  split(name: string): Random {
    if (typeof name !== 'string')
      throw new OptionError('split of a random stream', `${describe(name)} as its name`, 'Streams are named by strings')
    return new Random(`${this.path}/${JSON.stringify(name)}`) // quoted, so that no name imitates two
  }

  /** Uniform in [0, 1): a multiple of 2⁻⁵³, each equally likely. */
  next(): number {
    // pure-rand hands out the low word of each sum, whose lowest bits are the generator's weak spot (nearly a linear
    // recurrence): only the top 26 and 27 bits of two outputs are used.
    const high = this.generator.next() >>> 6
    const low = this.generator.next() >>> 5
    return (high * 2 ** 27 + low) / 2 ** 53
  }

  /** Uniform in [low, high). */
  uniform(shape: Shape, low = 0, high = 1, options?: RandomOptions): Tensor {
    checkNumbers('uniform', 'finite', { low, high })
    return this.fill(shape, options, data => {
      for (let i = 0; i < data.length; i++) {
        data[i] = low + (high - low) * this.next()
        // Rounding, of the product or to f32, can hit `high` itself. It becomes `low`, which had only half its share.
        if (data[i] >= high && low < high) data[i] = low
      }
    })
  }

  /**
   * Normal with the given mean and standard deviation, by Marsaglia's polar method: two numbers from a point in the unit
   * disc. Uses nothing but +, -, *, / and Math.sqrt, which IEEE 754 rounds correctly everywhere; Math.log differs in the
   * last bit between engines, and between versions of one. An odd number left over is dropped, so that the state is the
   * generator's alone.
   */
  normal(shape: Shape, mean = 0, std = 1, options?: RandomOptions): Tensor {
    checkNumbers('normal', 'finite', { mean })
    checkNumbers('normal', 'notNegative', { std })
    return this.fill(shape, options, data => {
      for (let i = 0; i < data.length; i += 2) {
        let u: number
        let v: number
        let s: number
        do {
          u = 2 * this.next() - 1
          v = 2 * this.next() - 1
          s = u * u + v * v
        } while (s >= 1 || s === 0)
        const f = Math.sqrt((-2 * portableLog(s)) / s)
        data[i] = mean + std * (u * f)
        if (i + 1 < data.length) data[i + 1] = mean + std * (v * f)
      }
    })
  }

  /** Integers in [low, high), each equally likely. */
  integers(shape: Shape, low: number, high: number, options?: RandomOptions): Tensor {
    return this.fill(shape, options, data => {
      for (let i = 0; i < data.length; i++) data[i] = this.integer(low, high)
    })
  }

  /** One integer in [low, high), without bias: what lies beyond the last full multiple of the range is drawn again. */
  integer(low: number, high: number): number {
    const range = high - low
    if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || !(range > 0 && range <= 2 ** 53)) {
      throw new OptionError(
        'integers',
        `low ${String(low)} and high ${String(high)}`,
        'Give whole numbers low < high, at most 2^53 apart'
      )
    }
    const limit = 2 ** 53 - (2 ** 53 % range)
    let k: number
    do k = this.next() * 2 ** 53
    while (k >= limit)
    return low + (k % range)
  }

  /** 0 ... n-1 in random order (Fisher & Yates): an index array, hence not a tensor. */
  permutation(n: number): Int32Array {
    checkNumbers('permutation', 'whole', { n })
    const order = Int32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(0, i + 1)
      const held = order[i]
      order[i] = order[j]
      order[j] = held
    }
    return order
  }

  /** Where the stream is: plain data, fit for JSON. */
  get state(): RandomState {
    return { path: this.path, words: [...this.generator.getState()] }
  }

  /** The stream as it was when `state` was read; it goes on exactly as that one did. */
  static restore(state: RandomState): Random {
    const { path, words } = state ?? {}
    const whole = Array.isArray(words) && words.length === 4 && words.every(Number.isInteger)
    if (typeof path !== 'string' || !whole || words.every(word => word === 0))
      throw new OptionError(
        'Random.restore',
        'not a path and the four words of a generator',
        'Give what `state` returned'
      )
    const stream = new Random(state.path)
    stream.generator = xoroshiro128plusFromState(state.words)
    return stream
  }

  /** Puts this stream back to where it was when `state` was read; refuses the state of another stream. */
  restore(state: RandomState): void {
    if (state?.path !== this.path)
      throw new OptionError(
        `restore of stream ${this.path}`,
        `the state is of stream ${state?.path}`,
        'Use Random.restore for a stream of any name'
      )
    this.generator = Random.restore(state).generator
  }

  private fill(
    shape: Shape,
    { dtype = 'f64' }: RandomOptions = {},
    write: (data: Float64Array | Float32Array) => void
  ): Tensor {
    checkShape(shape, 'random numbers')
    if (dtype !== 'f64' && dtype !== 'f32') throw noSuchDType(dtype)
    const size = shape.reduce((product, extent) => product * extent, 1)
    const data = dtype === 'f32' ? new Float32Array(size) : new Float64Array(size)
    write(data)
    return new Tensor([...shape], data)
  }
}

/**
 * 128 bits of a string: four lanes of 32 bits over its UTF-16 units, mixed into each other by MurmurHash3's x86_128
 * rounds and finaliser (Appleby 2011), which flips each output bit with probability ½ per input bit.
 */
function hash128(text: string): [number, number, number, number] {
  const h = [0x9368e53c, 0x586dcd20, 0x8a5cd789, 0x2d51c0f1]
  const c = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93]
  const add = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17]
  for (let i = 0; i < text.length; i++) {
    // Every unit goes into all four lanes, so that short paths reach all 128 bits.
    for (let l = 0; l < 4; l++) {
      const k = Math.imul(rotl(Math.imul(text.charCodeAt(i) + 1, c[l]), 15 + l), c[(l + 1) & 3])
      h[l] = (Math.imul(rotl(h[l] ^ k, 19 - 2 * l) + h[(l + 1) & 3], 5) + add[l]) | 0
    }
  }
  for (let l = 0; l < 4; l++) h[l] ^= text.length
  for (let round = 0; round < 2; round++) {
    h[0] = (h[0] + h[1] + h[2] + h[3]) | 0
    for (let l = 1; l < 4; l++) h[l] = (h[l] + h[0]) | 0
    for (let l = 0; l < 4; l++) h[l] = finalise(h[l])
  }
  if ((h[0] | h[1] | h[2] | h[3]) === 0) h[0] = 1 // the one state that xoroshiro128+ never leaves
  return [h[0], h[1], h[2], h[3]]
}

function rotl(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by))
}

function finalise(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}

/** ln s for 0 < s < 1 by arithmetic alone: s = m 2^-k with m in [1, 2), ln m = 2 artanh((m - 1)/(m + 1)) as its series. */
function portableLog(s: number): number {
  let k = 0
  let m = s
  while (m < 1) {
    m *= 2
    k++
  }
  const z = (m - 1) / (m + 1)
  const z2 = z * z
  // z < 1/3: the terms after z³⁵/35 are below 1e-18.
  let tail = 0
  for (let n = 35; n >= 1; n -= 2) tail = tail * z2 + 1 / n
  return 2 * z * tail - k * Math.LN2
}
