import { elementwiseFunction } from '../../core/families/elementwise.js'
import { logarithm } from './logarithm.js'

export const log2Op = logarithm('log2', 2, Math.LN2, Math.log2)

/** The logarithm of x to base 2 */
export const log2 = elementwiseFunction(log2Op)
