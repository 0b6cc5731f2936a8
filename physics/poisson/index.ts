import type { Op } from '../../core/op.js'
import { divGradOp, gradDotOp } from './divGrad.js'
import { laplaceOp, poissonOp } from './laplace.js'
import { solveDivGradOp } from './solveDivGrad.js'

export { conjugateSolve, type FieldSolution, type SolveSettings } from './conjugateSolve.js'
export { divGrad, divGradOp, gradDot, gradDotOp } from './divGrad.js'
export { type LaplaceOptions, laplace, laplaceOp, poisson, poissonOp } from './laplace.js'
export { type SolveDivGradOptions, solveDivGrad, solveDivGradOp } from './solveDivGrad.js'

/** ∇²u and ∇·(a∇u), and what undoes them. */
export const poissonOps: readonly Op[] = [laplaceOp, poissonOp, divGradOp, gradDotOp, solveDivGradOp]
