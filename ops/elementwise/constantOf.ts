import { gpuConstant } from '../../core/backends/gpu/kernels.js'
import { mapData, type Tensor } from '../../core/tensor.js'

/** Numbers that belong to the entries of x but do not change when x moves a little: the slope of a piece of a function.
 * `gpu`: f of `x` for a GPU. */
export const constantOf = (x: Tensor, f: (v: number) => number, gpu: string): Tensor =>
  gpuConstant(x, gpu) ?? mapData(x, f)
