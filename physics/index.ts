import type { Op } from '../core/op.js'
import { advectionOps } from './advection/index.js'
import { burgersOp } from './burgers/burgers.js'
import { centralDifferenceOp } from './centralDifference.js'
import { combinatorOps } from './combinators/index.js'
import { diffusionOps } from './diffusion/index.js'
import { fluidOps } from './fluid/index.js'
import { mapOps } from './maps/index.js'
import { odeOps } from './ode/index.js'
import { poissonOps } from './poisson/index.js'
import { schroedingerOps } from './schroedinger/index.js'
import { waveOp } from './wave/wave.js'

export * from './advection/index.js'
export { type BurgersAttrs, type BurgersOptions, burgers, burgersOp } from './burgers/burgers.js'
export { centralDifference, centralDifferenceOp } from './centralDifference.js'
export * from './combinators/index.js'
export * from './diffusion/index.js'
export * from './fluid/index.js'
export { type Boundary, type Grid, type GridOptions, gridOf } from './grid.js'
export * from './maps/index.js'
export * from './ode/index.js'
export * from './poisson/index.js'
export * from './quality/index.js'
export * from './schroedinger/index.js'
export { checkSimulator, type Simulator, simulator } from './simulator.js'
export * from './spectral/index.js'
export { type WaveAttrs, type WaveOptions, wave, waveLimit, waveOp } from './wave/wave.js'

/** Every physics operator, with small settings, for tables: checks, documentation. */
export const allPhysics: readonly Op[] = [
  ...diffusionOps,
  ...poissonOps,
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
