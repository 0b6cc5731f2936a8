import { addOp } from '../../core/structural/add.js'
import { mulOp } from '../../core/structural/mul.js'
import { cosOp } from './cos.js'
import { divOp } from './div.js'
import { negOp } from './neg.js'
import { sinOp } from './sin.js'
import { squareOp } from './square.js'
import { subOp } from './sub.js'

export { add } from '../../core/structural/add.js'
export { mul } from '../../core/structural/mul.js'
export { cos } from './cos.js'
export { div } from './div.js'
export { neg } from './neg.js'
export { sin } from './sin.js'
export { square } from './square.js'
export { sub } from './sub.js'

import { reluOp } from './relu.js'

export { relu } from './relu.js'

import { tanhOp } from './tanh.js'

export { tanh } from './tanh.js'

import { sqrtOp } from './sqrt.js'

export { sqrt } from './sqrt.js'

import { castOp } from './cast.js'

export { cast } from './cast.js'
export const elementwiseOps = [addOp, subOp, mulOp, divOp, negOp, squareOp, sinOp, cosOp, reluOp]
