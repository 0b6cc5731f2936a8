import type { Op } from '../../core/op.js'
import { matmulOp } from './matmul.js'

export { matmul } from './matmul.js'

export const linearOps: readonly Op[] = [matmulOp]
