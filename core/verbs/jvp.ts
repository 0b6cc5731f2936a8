import { DTypeError, ShapeError } from '../errors.js'
import { describe } from '../options.js'
import { scoped } from '../scope.js'
import { tangentSweep } from '../sweeps/tangent.js'
import { checkLike, checkTensor, Tensor, zerosLike } from '../tensor.js'
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
    if (!Array.isArray(xs) || !Array.isArray(dxs))
      throw new DTypeError(
        'jvp',
        `${describe(at)} and ${describe(direction)}`,
        'Give a tensor and its tangent, or an array of each'
      )
    if (xs.length !== dxs.length)
      throw new ShapeError(
        'jvp',
        `${xs.length} arguments and ${dxs.length} tangents`,
        'Give a tangent for each argument'
      )
    xs.forEach((x, i) => {
      checkTensor(x, 'jvp', `argument ${i}`)
      checkLike(x, dxs[i], 'jvp', `the tangent of argument ${i}`)
    })
    return scoped(() => {
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
    })
  }
}
