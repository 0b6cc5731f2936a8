import type { Op } from '../../core/op.js'
import { addOp } from '../../core/structural/add.js'
import { mulOp } from '../../core/structural/mul.js'
import { absOp } from './abs.js'
import { acosOp } from './acos.js'
import { acoshOp } from './acosh.js'
import { asinOp } from './asin.js'
import { asinhOp } from './asinh.js'
import { atanOp } from './atan.js'
import { atan2Op } from './atan2.js'
import { atanhOp } from './atanh.js'
import { castOp } from './cast.js'
import { cbrtOp } from './cbrt.js'
import { ceilOp } from './ceil.js'
import { clampOp } from './clamp.js'
import { cosOp } from './cos.js'
import { coshOp } from './cosh.js'
import { divOp } from './div.js'
import { eluOp } from './elu.js'
import { erfOp } from './erf.js'
import { erfcOp } from './erfc.js'
import { expOp } from './exp.js'
import { exp2Op } from './exp2.js'
import { expm1Op } from './expm1.js'
import { floorOp } from './floor.js'
import { geluOp } from './gelu.js'
import { leakyReluOp } from './leakyRelu.js'
import { linearCombinationOp } from './linearCombination.js'
import { logOp } from './log.js'
import { log1pOp } from './log1p.js'
import { log2Op } from './log2.js'
import { log10Op } from './log10.js'
import { maximumOp } from './maximum.js'
import { minimumOp } from './minimum.js'
import { negOp } from './neg.js'
import { powerOp, powOp } from './pow.js'
import { reciprocalOp } from './reciprocal.js'
import { reluOp } from './relu.js'
import { roundOp } from './round.js'
import { rsqrtOp } from './rsqrt.js'
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
export { acosh } from './acosh.js'
export { asin } from './asin.js'
export { asinh } from './asinh.js'
export { atan } from './atan.js'
export { atan2 } from './atan2.js'
export { atanh } from './atanh.js'
export { cast } from './cast.js'
export { cbrt } from './cbrt.js'
export { ceil } from './ceil.js'
export { clamp } from './clamp.js'
export { cos } from './cos.js'
export { cosh } from './cosh.js'
export { div } from './div.js'
export { elu } from './elu.js'
export { erf } from './erf.js'
export { erfc } from './erfc.js'
export { exp } from './exp.js'
export { exp2 } from './exp2.js'
export { expm1 } from './expm1.js'
export { floor } from './floor.js'
export { gelu } from './gelu.js'
export { leakyRelu } from './leakyRelu.js'
export { type CombinationAttrs, linearCombination } from './linearCombination.js'
export { log } from './log.js'
export { log1p } from './log1p.js'
export { log2 } from './log2.js'
export { log10 } from './log10.js'
export { maximum } from './maximum.js'
export { minimum } from './minimum.js'
export { neg } from './neg.js'
export { pow } from './pow.js'
export { reciprocal } from './reciprocal.js'
export { relu } from './relu.js'
export { round } from './round.js'
export { rsqrt } from './rsqrt.js'
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
  rsqrtOp,
  cbrtOp,
  powerOp,
  powOp,
  expOp,
  expm1Op,
  exp2Op,
  logOp,
  log1pOp,
  log2Op,
  log10Op,
  sinOp,
  cosOp,
  tanOp,
  asinOp,
  acosOp,
  atanOp,
  atan2Op,
  sinhOp,
  coshOp,
  asinhOp,
  acoshOp,
  atanhOp,
  tanhOp,
  sigmoidOp,
  softplusOp,
  reluOp,
  leakyReluOp,
  linearCombinationOp,
  eluOp,
  geluOp,
  siluOp,
  erfOp,
  erfcOp,
  maximumOp,
  minimumOp,
  clampOp,
  whereOp,
  roundOp,
  floorOp,
  ceilOp,
  castOp
]
