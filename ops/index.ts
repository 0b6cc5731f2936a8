import type { Op } from '../core/index.js'
import { elementwiseOps } from './elementwise/index.js'

export * from './elementwise/index.js'

/** Every operator of this folder, for tables: checks, documentation. */
export const allOps: readonly Op[] = [...elementwiseOps]
