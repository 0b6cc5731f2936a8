import type { Op } from '../core/op.js'
import { advectionOps } from './advection/index.js'
import { burgersOp } from './burgers/burgers.js'
import { centralDifferenceOp } from './centralDifference.js'
import { diffuseNaiveOp, diffuseOp } from './diffusion/diffuse.js'
import { diffuseExplicitOp } from './diffusion/diffuseExplicit.js'
import { crankNicolsonOp, diffuseImplicitOp } from './diffusion/diffuseImplicit.js'
import { fluidOps } from './fluid/index.js'
import { oscillatorsOp } from './oscillators.js'
import { laplaceOp, poissonOp } from './poisson/laplace.js'
import { waveOp } from './wave/wave.js'

export * from './advection/index.js'
export { type BurgersOptions, burgers, burgersOp } from './burgers/burgers.js'
export { centralDifference, centralDifferenceOp } from './centralDifference.js'
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
export { type OscillatorOptions, oscillatorMatrix, oscillators, oscillatorsOp } from './oscillators.js'
export { type LaplaceOptions, laplace, laplaceOp, poisson, poissonOp } from './poisson/laplace.js'
export { rungeKutta4Step } from './rungeKutta4.js'
export { eigenvaluesOf, type Modes, modesOf, type Scheme, wholeSpectrum } from './spectral/modes.js'
export { noiseLevel, type StabilisedInverse, stabilisedInverse } from './spectral/stabilisedInverse.js'
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
  ...advectionOps,
  centralDifferenceOp,
  burgersOp,
  waveOp,
  ...fluidOps,
  oscillatorsOp({ steps: 2 })
]

/** The same by name: `checkOp(operators.diffuse)`. */
export const operators: Readonly<Record<string, Op>> = Object.fromEntries(allPhysics.map(op => [op.name, op]))
