// As cases.ts, for what uses the functions of Math: the numbers must agree to 12 digits.
import { fft2 } from '../../core/backends/plain/fft.js'
import { grad, random, sampleJacobian, Tape, type Tensor } from '../../core/index.js'
import { exp, l2, log, mlp, mul, sin, sum } from '../../ops/index.js'
import { hig, sipBackward } from '../../optim/index.js'
import { diffuse, oscillators, randomRectangles } from '../../physics/index.js'

const numbers = (...tensors: readonly Tensor[]): number[] => tensors.flatMap(t => Array.from(t.data))
const sub = (a: Float64Array, b: Float64Array): number[] => Array.from(a, (v, i) => v - b[i])

export function functionsOfMath(): number[] {
  const { exp, log, sin, cos, tanh, cbrt, pow } = Math
  return numbers(random(1).uniform([1000])).flatMap(x => [
    ...[exp, log, sin, cos, tanh, cbrt].map(f => f(20 * x)),
    pow(x, 2.5)
  ])
}

export function gradientOfATanhMlp(): number[] {
  const net = mlp([3, 20, 20, 2])
  const [x, y] = [random(2).normal([16, 3]), random(3).normal([16, 2])]
  return relativeToTheLargest(grad((th: Tensor) => sum(l2(net(th, x), y)))(net.init(random(4))).data)
}

export function elementwiseDerivatives(): number[] {
  const x = random(5).uniform([50], 0.5, 2)
  return numbers(grad((x: Tensor) => sum(mul(exp(sin(x)), log(x))))(x))
}

/** A power of two, lengths of small primes, and one that goes through Bluestein's chirps. */
export function fourierTransforms(): number[] {
  return [
    [8, 16],
    [5, 12],
    [3, 29]
  ].flatMap(([h, w]) => {
    const re = Float64Array.from(random(h).normal([2 * h * w]).data)
    const im = Float64Array.from(random(w).normal([2 * h * w]).data)
    fft2(re, im, 2, h, w, false)
    return [re, im].flatMap(relativeToTheLargest)
  })
}

/** Transforms use sin and cos; the spectrum, exp. Small entries are sums of large ones: relative to the largest. */
export function diffusionAndItsInverse(): number[] {
  using tape = new Tape()
  const [first, goal] = [randomRectangles(random(6), 2, 16), randomRectangles(random(7), 2, 16)]
  const x = tape.watch(first)
  const { y, L } = tape.record(() => {
    const y = diffuse(x, 0.5, { uncertainty: 1e-2 })
    return { y, L: l2(y, diffuse(goal, 0.5)) }
  })
  const { targets } = sipBackward(tape, L, { boundary: [x], wrt: x })
  return [y.data, targets[0].value.data].flatMap(relativeToTheLargest)
}

const simulate = oscillators({ masses: 2, steps: 24, dt: 0.5 })
const control = mlp([4, 20, 20, 20, 24])

export function sipStepOfOscillators(): number[] {
  using tape = new Tape()
  const x0 = random(8).uniform([8, 4])
  const theta = tape.watch(control.init(random(9)))
  const { u, L } = tape.record(() => {
    const u = control(theta, x0)
    return { u, L: l2(simulate(x0, u), x0) }
  })
  const { grad: g, targets } = sipBackward(tape, L, { boundary: [u], wrt: theta, eta: 2 / 8 })
  return [sub(u.data as Float64Array, targets[0].value.data as Float64Array), g.data].flatMap(relativeToTheLargest)
}

/** Truncated where the singular values still stand apart from rounding. */
export function higStepOfOscillators(): number[] {
  const x0 = random(8).uniform([4, 4])
  const theta = control.init(random(9))
  const { value: y, J } = sampleJacobian((th: Tensor) => simulate(x0, control(th, x0)))(theta)
  const step = hig({ truncation: 1e-3 }).step(theta, { J, lossGradient: y }, null)
  return [step.delta.data, step.report.singularValues].flatMap(relativeToTheLargest)
}

/** Entries as multiples of the largest, offset by 2: an error counts in proportion to the whole, not to a small entry. */
function relativeToTheLargest(values: ArrayLike<number>): number[] {
  const list = Array.from(values)
  const largest = list.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
  return list.map(v => 2 + v / largest)
}
