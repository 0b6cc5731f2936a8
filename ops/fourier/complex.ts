import { operands } from '../../core/families/binary.js'
import { broadcastShapes } from '../../core/shape.js'
import { expand } from '../../core/structural/expand.js'
import type { Tensor } from '../../core/tensor.js'
import { at } from '../shape/at.js'
import { stack } from '../shape/concat.js'
import { checkComplex } from './pairs.js'

/**
 * re + i im: two real tensors [...], broadcasting (or numbers), → [..., 2], pairs along a new last axis.
 * Its target is split: each part takes its own.
 */
export function complex(re: Tensor | number, im: Tensor | number): Tensor {
  const [a, b] = operands(re, im, 'complex')
  const shape = broadcastShapes(a.shape, b.shape, 'complex')
  return stack([expand(a, shape), expand(b, shape)])
}

/** The real parts: z [..., 2] → [...]. */
export function real(z: Tensor): Tensor {
  checkComplex(z, 'real')
  return at(z, 0)
}

/** The imaginary parts: z [..., 2] → [...]. */
export function imag(z: Tensor): Tensor {
  checkComplex(z, 'imag')
  return at(z, 1)
}
