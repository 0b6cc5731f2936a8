import { norm2 } from '../../core/linalg/scaling.js'

/** a - b */
export const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v - b[i])

/** √mean v² */
export const rms = (v: Float64Array): number => norm2(v) / Math.sqrt(v.length)
