import { type Data, Tensor } from '../core/tensor.js'

/** Σ a_i b_i, in f64. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let s = 0
  for (let i = 0; i < a.length; i++) s += a[i] * b[i]
  return s
}

/** a - b in f64. */
export function minus(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  const d = new Float64Array(a.length)
  for (let i = 0; i < d.length; i++) d[i] = a[i] - b[i]
  return d
}

/** y ← y + a x. */
export function axpy(a: number, x: ArrayLike<number>, y: Data): void {
  for (let i = 0; i < y.length; i++) y[i] += a * x[i]
}

/** Numbers in f64 as a tensor like t. */
export const like = (t: Tensor, v: Float64Array): Tensor =>
  new Tensor(t.shape, t.dtype === 'f64' ? v : Float32Array.from(v))

/** A vector in f64 as a state keeps it: whatever θ's dtype, curvature wants all digits. */
export const vector = (v: Float64Array): Tensor => new Tensor([v.length], v)
