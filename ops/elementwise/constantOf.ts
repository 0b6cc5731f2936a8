import { mapData, type Tensor } from '../../core/tensor.js'

/** Numbers that belong to the entries of x but do not change when x moves a little: the slope of a piece of a function. */
export const constantOf = (x: Tensor, f: (v: number) => number): Tensor => mapData(x, f)
