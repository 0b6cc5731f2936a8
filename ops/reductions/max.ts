import { reduceMax as gpu } from '../../core/backends/gpu/kernels.js'
import { reduceMax } from '../../core/backends/kernels.js'
import { reductionFunction } from '../../core/families/reduction.js'
import { bestOf } from './bestOf.js'

export const maxOp = bestOf({ name: 'max', wins: 'largest', kernel: reduceMax, gpu })

/** The largest entry over `axes` (all by default); throws ShapeError where there is none. At ties the gradient is spread evenly. */
export const max = reductionFunction(maxOp)
