// As cases.ts, for what uses the functions of Math: the numbers must agree to 12 digits.
import { seededNumbers } from './cases.js'

export function functionsOfMath(): number[] {
  const { exp, log, sin, cos, tanh, cbrt, pow } = Math
  return seededNumbers().flatMap(x => [...[exp, log, sin, cos, tanh, cbrt].map(f => f(20 * x)), pow(x, 2.5)])
}
