import { ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { checkNumbers } from '../../core/options.js'
import { checkTensor, Tensor, tensor } from '../../core/tensor.js'

/**
 * 1 at the label's place and 0 elsewhere, along a new last axis: labels `[...]`, whole numbers from 0 to classes - 1, give
 * `[..., classes]` in their dtype (f64 for a list). Not an operator: labels are constants, and the result has no
 * derivative. Throws ShapeError for a label that is none of the classes.
 */
export function onehot(labels: Tensor | readonly number[], classes: number): Tensor {
  checkNumbers('onehot', 'whole', { classes })
  const k = Array.isArray(labels) ? tensor(labels) : (labels as Tensor)
  checkTensor(k, 'onehot', 'its tensor of labels')
  const y = alloc(k.size * classes, k.dtype)
  k.data.forEach((label, i) => {
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw new ShapeError(
        `onehot of ${classes} classes`,
        `label ${label} at place ${i}`,
        'Labels are whole numbers from 0 on and below the number of classes'
      )
    y[i * classes + label] = 1
  })
  return new Tensor([...k.shape, classes], y)
}
