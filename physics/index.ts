import type { Op } from '../core/op.js'
import { advectionOps } from './advection/index.js'
import { burgersOp } from './burgers/burgers.js'
import { centralDifferenceOp } from './centralDifference.js'
import { combinatorOps } from './combinators/index.js'
import { diffuseNaiveOp, diffuseOp } from './diffusion/diffuse.js'
import { diffuseExplicitOp } from './diffusion/diffuseExplicit.js'
import { crankNicolsonOp, diffuseImplicitOp } from './diffusion/diffuseImplicit.js'
import { fluidOps } from './fluid/index.js'
import { mapOps } from './maps/index.js'
import { odeOps } from './ode/index.js'
import { divGradOp, gradDotOp } from './poisson/divGrad.js'
import { laplaceOp, poissonOp } from './poisson/laplace.js'
import { solveDivGradOp } from './poisson/solveDivGrad.js'
import { schroedingerOps } from './schroedinger/index.js'
import { waveOp } from './wave/wave.js'

export * from './advection/index.js'
export { type BurgersOptions, burgers, burgersOp } from './burgers/burgers.js'
export { centralDifference, centralDifferenceOp } from './centralDifference.js'
export * from './combinators/index.js'
export {
  type DiffuseAttrs,
  type DiffuseOptions,
  diffuse,
  diffuseNaiveOp,
  diffuseOp,
  diffusionFactors
} from './diffusion/diffuse.js'
export {
  type DiffuseExplicitOptions,
  diffuseExplicit,
  diffuseExplicitOp,
  stableAmount
} from './diffusion/diffuseExplicit.js'
export {
  crankNicolsonOp,
  type DiffuseImplicitOptions,
  diffuseImplicit,
  diffuseImplicitOp
} from './diffusion/diffuseImplicit.js'
export { drawRectangles, type Rectangle, randomRectangles } from './diffusion/rectangles.js'
export * from './fluid/index.js'
export { type Boundary, type Grid, type GridOptions, gridOf } from './grid.js'
export * from './maps/index.js'
export * from './ode/index.js'
export { conjugateSolve, type FieldSolution, type SolveSettings } from './poisson/conjugateSolve.js'
export { divGrad, divGradOp, gradDot, gradDotOp } from './poisson/divGrad.js'
export { type LaplaceOptions, laplace, laplaceOp, poisson, poissonOp } from './poisson/laplace.js'
export { type SolveDivGradOptions, solveDivGrad, solveDivGradOp } from './poisson/solveDivGrad.js'
export * from './schroedinger/index.js'
export { checkSimulator, type Simulator, simulator } from './simulator.js'
export { eigenvaluesOf, type Modes, modesOf, type Scheme, wholeSpectrum } from './spectral/modes.js'
export { type StabilisedInverse, stabilisedInverse } from './spectral/stabilisedInverse.js'
export { type WaveOptions, wave, waveLimit, waveOp } from './wave/wave.js'

/** Every physics operator, with small settings, for tables: checks, documentation. */
export const allPhysics: readonly Op[] = [
  diffuseOp,
  diffuseNaiveOp,
  diffuseExplicitOp,
  diffuseImplicitOp,
  crankNicolsonOp,
  laplaceOp,
  poissonOp,
  divGradOp,
  gradDotOp,
  solveDivGradOp,
  ...odeOps,
  ...schroedingerOps,
  ...mapOps,
  ...combinatorOps,
  ...advectionOps,
  centralDifferenceOp,
  burgersOp,
  waveOp,
  ...fluidOps
]

/** The same by name: `checkOp(operators.diffuse)`. */
export const operators: Readonly<Record<string, Op>> = Object.fromEntries(allPhysics.map(op => [op.name, op]))
