import { ShapeError } from '../errors.js'
import { sameShape, show } from '../shape.js'
import { tangentSweep } from '../sweeps/tangent.js'
import { Tensor, zerosLike } from '../tensor.js'
import { type Fn, trace } from './trace.js'

/**
 * The value and the directional derivative J dx, by the tangent sweep. For several arguments give arrays:
 * `jvp(f)([x, u], [dx, du])`.
 */
export function jvp(
  f: Fn
): (at: Tensor | readonly Tensor[], direction: Tensor | readonly Tensor[]) => { value: Tensor; tangent: Tensor } {
  return (at, direction) => {
    const xs = at instanceof Tensor ? [at] : at
    const dxs = direction instanceof Tensor ? [direction] : direction
    if (!Array.isArray(xs) || !Array.isArray(dxs) || xs.length !== dxs.length)
      throw new ShapeError(
        'jvp',
        `${xs?.length} arguments and ${dxs?.length} tangents`,
        'Give a tangent for each argument'
      )
    xs.forEach((x, i) => {
      if (!sameShape(x.shape, dxs[i].shape) || x.dtype !== dxs[i].dtype)
        throw new ShapeError(
          'jvp',
          `argument ${i} is ${x.dtype} ${show(x.shape)}, its tangent ${dxs[i].dtype} ${show(dxs[i].shape)}`,
          'A tangent has the shape and dtype of its argument'
        )
    })
    const { tape, watched, y } = trace(
      'jvp',
      f,
      xs,
      xs.map((_, i) => i)
    )
    const [tangent] = tangentSweep(
      tape,
      watched.map((x, i) => [x, dxs[i]] as const),
      [y]
    )
    return { value: y, tangent: tangent ?? zerosLike(y) }
  }
}
