import type { Op } from '../../core/op.js'
import { addOp } from '../../core/structural/add.js'
import { mulOp } from '../../core/structural/mul.js'
import { absOp } from './abs.js'
import { acosOp } from './acos.js'
import { asinOp } from './asin.js'
import { atanOp } from './atan.js'
import { atan2Op } from './atan2.js'
import { castOp } from './cast.js'
import { cbrtOp } from './cbrt.js'
import { ceilOp } from './ceil.js'
import { clampOp } from './clamp.js'
import { cosOp } from './cos.js'
import { coshOp } from './cosh.js'
import { divOp } from './div.js'
import { eluOp } from './elu.js'
import { erfOp } from './erf.js'
import { expOp } from './exp.js'
import { expm1Op } from './expm1.js'
import { floorOp } from './floor.js'
import { geluOp } from './gelu.js'
import { leakyReluOp } from './leakyRelu.js'
import { logOp } from './log.js'
import { log1pOp } from './log1p.js'
import { maximumOp } from './maximum.js'
import { minimumOp } from './minimum.js'
import { negOp } from './neg.js'
import { powerOp, powOp } from './pow.js'
import { reciprocalOp } from './reciprocal.js'
import { reluOp } from './relu.js'
import { roundOp } from './round.js'
import { sigmoidOp } from './sigmoid.js'
import { signOp } from './sign.js'
import { siluOp } from './silu.js'
import { sinOp } from './sin.js'
import { sinhOp } from './sinh.js'
import { softplusOp } from './softplus.js'
import { sqrtOp } from './sqrt.js'
import { squareOp } from './square.js'
import { subOp } from './sub.js'
import { tanOp } from './tan.js'
import { tanhOp } from './tanh.js'
import { whereOp } from './where.js'

export { add } from '../../core/structural/add.js'
export { mul } from '../../core/structural/mul.js'
export { abs } from './abs.js'
export { acos } from './acos.js'
export { asin } from './asin.js'
export { atan } from './atan.js'
export { atan2 } from './atan2.js'
export { cast } from './cast.js'
export { cbrt } from './cbrt.js'
export { ceil } from './ceil.js'
export { clamp } from './clamp.js'
export { cos } from './cos.js'
export { cosh } from './cosh.js'
export { div } from './div.js'
export { elu } from './elu.js'
export { erf } from './erf.js'
export { exp } from './exp.js'
export { expm1 } from './expm1.js'
export { floor } from './floor.js'
export { gelu } from './gelu.js'
export { leakyRelu } from './leakyRelu.js'
export { log } from './log.js'
export { log1p } from './log1p.js'
export { maximum } from './maximum.js'
export { minimum } from './minimum.js'
export { neg } from './neg.js'
export { pow } from './pow.js'
export { reciprocal } from './reciprocal.js'
export { relu } from './relu.js'
export { round } from './round.js'
export { sigmoid } from './sigmoid.js'
export { sign } from './sign.js'
export { silu } from './silu.js'
export { sin } from './sin.js'
export { sinh } from './sinh.js'
export { softplus } from './softplus.js'
export { sqrt } from './sqrt.js'
export { square } from './square.js'
export { sub } from './sub.js'
export { tan } from './tan.js'
export { tanh } from './tanh.js'
export { where } from './where.js'

export const elementwiseOps: readonly Op[] = [
  addOp,
  subOp,
  mulOp,
  divOp,
  negOp,
  reciprocalOp,
  absOp,
  signOp,
  squareOp,
  sqrtOp,
  cbrtOp,
  powerOp,
  powOp,
  expOp,
  expm1Op,
  logOp,
  log1pOp,
  sinOp,
  cosOp,
  tanOp,
  asinOp,
  acosOp,
  atanOp,
  atan2Op,
  sinhOp,
  coshOp,
  tanhOp,
  sigmoidOp,
  softplusOp,
  reluOp,
  leakyReluOp,
  eluOp,
  geluOp,
  siluOp,
  erfOp,
  maximumOp,
  minimumOp,
  clampOp,
  whereOp,
  roundOp,
  floorOp,
  ceilOp,
  castOp
]
