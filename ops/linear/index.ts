import type { Op } from '../../core/op.js'
import { choleskyOp } from './cholesky.js'
import { detOp } from './det.js'
import { dotOp } from './dot.js'
import { eighOp } from './eigh.js'
import { invOp } from './inv.js'
import { matmulOp } from './matmul.js'
import { overGapOp } from './overGap.js'
import { logAbsDetOp } from './slogdet.js'
import { solveOp } from './solve.js'
import { svdOp } from './svd.js'
import { svdvalsOp } from './svdvals.js'
import { triangularSolveOp } from './triangularSolve.js'

export { cholesky } from './cholesky.js'
export { det } from './det.js'
export { diag, diagonal, trace } from './diag.js'
export { dot } from './dot.js'
export { eigh } from './eigh.js'
export { einsum } from './einsum.js'
export { inv } from './inv.js'
export { matmul } from './matmul.js'
export { kron, outer } from './outer.js'
export { slogdet } from './slogdet.js'
export { solve } from './solve.js'
export { svd } from './svd.js'
export { svdvals } from './svdvals.js'
export { triangularSolve } from './triangularSolve.js'

export const linearOps: readonly Op[] = [
  matmulOp,
  dotOp,
  solveOp,
  triangularSolveOp,
  invOp,
  detOp,
  logAbsDetOp,
  choleskyOp,
  eighOp,
  svdOp,
  svdvalsOp,
  overGapOp
]
