import type { Op } from '../../core/op.js'
import { choleskyOp } from './cholesky.js'
import { invOp } from './inv.js'
import { matmulOp } from './matmul.js'
import { solveOp } from './solve.js'
import { triangularSolveOp } from './triangularSolve.js'

export { cholesky } from './cholesky.js'
export { inv } from './inv.js'
export { matmul } from './matmul.js'
export { solve } from './solve.js'
export { triangularSolve } from './triangularSolve.js'

export const linearOps: readonly Op[] = [matmulOp, solveOp, triangularSolveOp, choleskyOp, invOp]
