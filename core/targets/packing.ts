import { Tensor } from '../tensor.js'

/** `[B, n]` from tensors whose samples lie along axis 0: what a sample has of each, one after the other. */
export function pack(B: number, tensors: readonly Tensor[]): Float64Array {
  const n = tensors.reduce((s, t) => s + t.size, 0) / B
  const out = new Float64Array(B * n)
  let at = 0
  for (const t of tensors) {
    const w = t.size / B
    for (let b = 0; b < B; b++) for (let j = 0; j < w; j++) out[b * n + at + j] = t.data[b * w + j]
    at += w
  }
  return out
}

/** The same back, into tensors of these shapes and dtypes. */
export function unpack(B: number, v: Float64Array, like: readonly Tensor[]): Tensor[] {
  const n = v.length / B
  let at = 0
  return like.map(t => {
    const w = t.size / B
    const data = t.dtype === 'f64' ? new Float64Array(t.size) : new Float32Array(t.size)
    for (let b = 0; b < B; b++) for (let j = 0; j < w; j++) data[b * w + j] = v[b * n + at + j]
    at += w
    return new Tensor(t.shape, data)
  })
}

/**
 * Numbers in [0.5, 1.5) without a pattern (a hash of the index, MurmurHash3's finaliser): regular ones, such as the
 * fractional parts of i φ, cancel in a difference stencil like 1, -2, 1.
 */
export function generic(i: number): number {
  let h = Math.imul(i + 1, 0x9e3779b1)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return 0.5 + ((h ^ (h >>> 16)) >>> 0) / 2 ** 32
}
