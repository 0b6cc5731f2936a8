import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { sameShape, show } from '../../core/shape.js'
import { sum } from '../../core/structural/sum.js'
import { checkTensor, Tensor } from '../../core/tensor.js'
import { abs2 } from '../../ops/fourier/abs2.js'
import { complexMul } from '../../ops/fourier/complexMul.js'
import { conj } from '../../ops/fourier/conj.js'

/** State k = 1, 2, … between walls, on n points inside: sin(π k j / (n + 1)), with Σ|ψ|² = 1. [n, 2], pairs (re, im). */
export function boxState(points: number, k: number): Tensor {
  checkNumbers('boxState', 'count', { points, k })
  const data = new Float64Array(2 * points)
  for (let j = 0; j < points; j++)
    data[2 * j] = Math.sqrt(2 / (points + 1)) * Math.sin((Math.PI * k * (j + 1)) / (points + 1))
  return new Tensor([points, 2], data)
}

/** |⟨a, b⟩|² of wave functions [B, ..., 2], per sample: 1 where they are the same state, of norm 1. [B]. */
export function fidelity(a: Tensor, b: Tensor): Tensor {
  checkTensor(a, 'fidelity', 'a')
  checkTensor(b, 'fidelity', 'b')
  if (!sameShape(a.shape, b.shape) || a.rank < 3)
    throw new ShapeError('fidelity', `shapes ${show(a.shape)} and ${show(b.shape)}`, 'Give two of shape [B, ..., 2]')
  const axes = a.shape.map((_, i) => i).slice(1, -1)
  return abs2(sum(complexMul(conj(a), b), axes))
}
