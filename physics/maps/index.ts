import type { Op } from '../../core/op.js'
import { eccentricAnomaly, meanAnomalyOp } from './meanAnomaly.js'
import { sineMapOp } from './sineMap.js'
import { squareMapOp } from './squareMap.js'

export { eccentricAnomaly, meanAnomaly } from './meanAnomaly.js'
export { type SineMapAttrs, sineMap } from './sineMap.js'
export { sineMapDistance } from './sineMapDistance.js'
export { squareMap } from './squareMap.js'

/** Small maps of the texts; the one-dimensional one, exp, is the operator of that name. */
export const mapOps: readonly Op[] = [sineMapOp, squareMapOp, meanAnomalyOp, eccentricAnomaly.op]
