import { reduceMin as gpu } from '../../core/backends/gpu/kernels.js'
import { reduceMin } from '../../core/backends/kernels.js'
import { reductionFunction } from '../../core/families/reduction.js'
import { bestOf } from './bestOf.js'

export const minOp = bestOf({ name: 'min', wins: 'smallest', kernel: reduceMin, gpu })

/** The smallest entry over `axes` (all by default); throws ShapeError where there is none. At ties the gradient is spread evenly. */
export const min = reductionFunction(minOp)
