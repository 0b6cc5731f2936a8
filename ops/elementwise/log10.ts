import { elementwiseFunction } from '../../core/families/elementwise.js'
import { logarithm } from './logarithm.js'

export const log10Op = logarithm('log10', 10, Math.LN10, Math.log10)

/** The logarithm of x to base 10 */
export const log10 = elementwiseFunction(log10Op)
