import type { Op } from '../../core/op.js'
import { diffuseNaiveOp, diffuseOp } from './diffuse.js'
import { diffuseExplicitOp } from './diffuseExplicit.js'
import { diffuseCrankNicolsonOp, diffuseImplicitOp } from './diffuseImplicit.js'

export {
  type DiffuseAttrs,
  type DiffuseOptions,
  diffuse,
  diffuseNaiveOp,
  diffuseOp,
  diffusionFactors
} from './diffuse.js'
export { type DiffuseExplicitOptions, diffuseExplicit, diffuseExplicitOp, stableAmount } from './diffuseExplicit.js'
export {
  type DiffuseImplicitOptions,
  diffuseCrankNicolsonOp,
  diffuseImplicit,
  diffuseImplicitOp
} from './diffuseImplicit.js'
export { drawRectangles, type Rectangle, randomRectangles } from './rectangles.js'

/** Heat conduction: exact, by explicit steps, by implicit steps. */
export const diffusionOps: readonly Op[] = [
  diffuseOp,
  diffuseNaiveOp,
  diffuseExplicitOp,
  diffuseImplicitOp,
  diffuseCrankNicolsonOp
]
