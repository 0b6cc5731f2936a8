import type { Op } from '../../core/op.js'
import { l1Op } from './l1.js'
import { l2Op } from './l2.js'

export { l1 } from './l1.js'
export { l2 } from './l2.js'

export const lossOps: readonly Op[] = [l1Op, l2Op]
