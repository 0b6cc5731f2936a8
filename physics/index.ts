import type { Op } from '../core/op.js'
import { combinatorOps } from './combinators/index.js'
import { diffuseOp } from './heat/diffuse.js'
import { mapOps } from './maps/index.js'
import { odeOps } from './ode/index.js'
import { schroedingerOps } from './schroedinger/index.js'

export * from './combinators/index.js'
export { type DiffuseAttrs, diffuse, diffuseOp, UNCERTAINTY } from './heat/diffuse.js'
export { drawRectangles, type Rectangle, randomRectangles } from './heat/rectangles.js'
export { heatExponent, spectralFilter } from './heat/spectrum.js'
export { type StabilisedInverse, stabilisedInverse } from './heat/stabilisedInverse.js'
export * from './maps/index.js'
export * from './ode/index.js'
export * from './schroedinger/index.js'
export { checkSimulator, type Simulator, simulator } from './simulator.js'

/** Every physics operator, with small settings, for tables: checks, documentation. */
export const allPhysics: readonly Op[] = [diffuseOp, ...odeOps, ...schroedingerOps, ...mapOps, ...combinatorOps]

/** The same by name: `checkOp(operators.diffuse)`. */
export const operators: Readonly<Record<string, Op>> = Object.fromEntries(allPhysics.map(op => [op.name, op]))
