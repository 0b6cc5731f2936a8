import { Tensor } from '../tensor.js'
import { mul } from './mul.js'
import { reshape } from './reshape.js'

/**
 * Rows `[K, B, ...S]` that hold each sample's own entries become rows `[K, B, B, ...S]` over the whole batch, zero off
 * the diagonal. Always right, and B times larger.
 */
export function embed(rows: Tensor): Tensor {
  const [K, B, ...S] = rows.shape
  const diagonal = new Tensor(
    [B, B, ...S.map(() => 1)],
    rows.dtype === 'f64' ? new Float64Array(B * B) : new Float32Array(B * B)
  )
  for (let b = 0; b < B; b++) diagonal.data[b * B + b] = 1
  return mul(reshape(rows, [K, B, 1, ...S]), diagonal)
}
