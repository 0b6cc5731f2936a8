import { ShapeError } from '../../core/errors.js'
import { sameShape, show } from '../../core/shape.js'
import { Tensor } from '../../core/tensor.js'
import type { Simulator } from '../simulator.js'
import { numbersOf, type SineMapAttrs, turn, turned } from './sineMap.js'

/**
 * How far each x is from the nearest exact solution of P(x) = y for a sine map P: x [B, 2], y [B, 2] → [B].
 *
 *     x̂1 ∈ {arcsin(y1) + 2πn, π - arcsin(y1) + 2πn} ξ/c,  x̂2 = y2/(c ξ),  d = |x̂ - x̂*|
 *
 * Rotations keep lengths, so it is measured in x̂. y1 out of reach counts as the crest. A number to look at, without
 * derivatives. Throws ShapeError unless both are [B, 2].
 */
export function sineMapDistance(P: Simulator<SineMapAttrs>, x: Tensor, y: Tensor): Tensor {
  if (x.rank !== 2 || x.shape[1] !== 2 || !sameShape(x.shape, y.shape))
    throw new ShapeError('sineMapDistance', `x ${show(x.shape)} and y ${show(y.shape)}`, 'Give both as [B, 2]')
  const [R, { wave, height, slope }] = [turn(P.attrs.phi), numbersOf(P.attrs)]
  const distances = new Float64Array(x.shape[0])
  for (let b = 0; b < distances.length; b++) {
    const [sine, line] = turned(R, [x.data[2 * b], x.data[2 * b + 1]])
    const angle = Math.asin(Math.max(-1, Math.min(1, y.data[2 * b] / height)))
    const off = Math.min(...[angle, Math.PI - angle].map(a => Math.abs(periodic(wave * sine - a))))
    distances[b] = Math.hypot(off / wave, line - y.data[2 * b + 1] / slope)
  }
  return new Tensor([distances.length], distances)
}

/** An angle's distance to the nearest multiple of 2π. */
const periodic = (angle: number): number => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI))
