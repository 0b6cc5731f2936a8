import type { Op } from '../core/index.js'
import { expandOp } from '../core/structural/expand.js'
import { identityOp } from '../core/structural/identity.js'
import { permuteOp } from '../core/structural/permute.js'
import { reshapeOp } from '../core/structural/reshape.js'
import { sumOp } from '../core/structural/sum.js'
import { allOps } from '../ops/index.js'
import { allPhysics } from '../physics/index.js'

/** All operators: the structural ones of the core, those of ops/ and of physics/. */
export const checkedOps: readonly Op[] = [
  ...new Set([identityOp, reshapeOp, expandOp, sumOp, permuteOp, ...allOps, ...allPhysics])
]
