// Run in Node and in the browser; both must give the same numbers, to the last bit. A case is an exported function,
// named for what it computes, that returns numbers (or a promise of them). Nothing here may import from `node:`.
//
// The language promises the bits of + - * / and Math.sqrt, and of nothing else in Math: between two versions of V8,
// exp, log, sin, cos, tanh, pow and `**` (also x ** 3) differ in the last bit for up to a tenth of their arguments.
// What is computed with those belongs in close.ts.
import { grad, random, sampleJacobian, Tape, type Tensor, tensor, valueAndGrad } from '../../core/index.js'
import {
  add,
  batchNorm,
  concat,
  conv2d,
  l2,
  matmul,
  maxPool2d,
  mlp,
  mul,
  relu,
  sqrt,
  square,
  sum,
  uNet,
  upsampleBilinear2d
} from '../../ops/index.js'
import { adam, hig, partialInverse, sgd, sipBackward } from '../../optim/index.js'
import { drawRectangles, oscillators, randomRectangles } from '../../physics/index.js'

const numbers = (...tensors: readonly Tensor[]): number[] => tensors.flatMap(t => Array.from(t.data))

export function randomUniform(): number[] {
  const r = random(1)
  return numbers(r.uniform([500]), r.uniform([500], -3, 7), r.uniform([500], 0, 1, { dtype: 'f32' }))
}

/** Without Math.log, which differs. */
export function randomNormal(): number[] {
  const r = random('normal')
  return numbers(r.normal([1001]), r.normal([500], 3, 1e-5), r.normal([500], 0, 1, { dtype: 'f32' }))
}

export function randomIntegersAndPermutation(): number[] {
  const r = random(2)
  return [...numbers(r.integers([300], -5, 1000)), ...r.permutation(300), ...r.state.words]
}

export function randomSplit(): number[] {
  const r = random(3)
  const streams = [r.split('net'), r.split('data'), r.split('net').split('dense0.weight'), r.split('Wärme/σ')]
  return streams.flatMap(s => numbers(s.uniform([50]), s.normal([50])))
}

export function matmulOfManySizes(): number[] {
  const sizes = [
    [1, 1, 1],
    [3, 5, 2],
    [17, 33, 9],
    [64, 48, 70]
  ]
  return sizes.flatMap(([m, k, n]) =>
    (['f64', 'f32'] as const).flatMap(dtype => {
      const r = random(m)
      const [a, b] = [r.normal([m, k], 0, 1, { dtype }), r.normal([k, n], 0, 1, { dtype })]
      return numbers(matmul(a, b), grad((b: Tensor) => sum(square(matmul(a, b))))(b))
    })
  )
}

export function convolution(): number[] {
  const r = random(4)
  const [x, w] = [r.normal([2, 3, 9, 8]), r.normal([4, 3, 3, 3])]
  const f = (x: Tensor, w: Tensor) => conv2d(x, w, { padding: 1, stride: 2 })
  const g = grad((x: Tensor, w: Tensor) => sum(square(f(x, w))), { wrt: [0, 1] })(x, w)
  const picture = upsampleBilinear2d(maxPool2d(r.normal([1, 2, 6, 6]), 2), 2)
  return numbers(f(x, w), ...g, picture)
}

/** All of a U-net is + - * / and sqrt: convolution, batch norm, ReLU, pooling, upsampling. */
export function gradientOfAUNet(): number[] {
  const net = uNet({ levels: 2, filters: 3 })
  const x = random(5).normal([2, 1, 8, 8])
  const { value, grad: g } = valueAndGrad((th: Tensor) => sum(l2(net(th, x), x)))(net.init(random(6)))
  return numbers(value, g)
}

const small = mlp([3, 8, 8, 2], { activation: relu })

export function gradientOfAnMlp(): number[] {
  const [x, y] = [random(7).normal([16, 3]), random(8).normal([16, 2])]
  const loss = (th: Tensor) => sum(l2(small(th, x), y))
  const theta = small.init(random(9))
  const second = grad((th: Tensor) => sum(square(grad(loss)(th))))
  return numbers(grad(loss)(theta), second(theta))
}

export function trainingWithSgdAndAdam(): number[] {
  const [x, y] = [random(7).normal([16, 3]), random(8).normal([16, 2])]
  const loss = (th: Tensor) => sum(l2(small(th, x), y))
  let theta = small.init(random(9))
  const heavy = sgd({ lr: 0.01, momentum: 0.9 })
  let momentum = heavy.init(theta)
  for (let k = 0; k < 3; k++) ({ theta, state: momentum } = heavy.step(theta, grad(loss)(theta), momentum))
  // One step: later ones raise β to a power.
  return numbers(theta, adam({ lr: 0.01 }).step(theta, grad(loss)(theta), adam().init(theta)).theta)
}

const simulate = oscillators({ masses: 2, steps: 6, dt: 0.5 })
const control = mlp([4, 10, 6], { activation: relu })

export function sampleJacobianThroughOscillators(): number[] {
  const x0 = random(10).uniform([5, 4])
  const { value, J } = sampleJacobian((th: Tensor) => simulate(x0, control(th, x0)))(control.init(random(11)))
  return numbers(value, J)
}

export function higStepOfOscillators(): number[] {
  const x0 = random(10).uniform([5, 4])
  const theta = control.init(random(11))
  const { value, J } = sampleJacobian((th: Tensor) => simulate(x0, control(th, x0)))(theta)
  return numbers(hig().step(theta, { J, lossGradient: value }, null).theta)
}

export function batchNormAndConcat(): number[] {
  const x = random(12).normal([6, 3])
  const f = (x: Tensor) => sum(sqrt(add(square(concat([batchNorm(x, tensor([1, 2, 3]), tensor([0, 1, 0])), x], 1)), 1)))
  return numbers(grad(f)(x))
}

export function rectangles(): number[] {
  return [
    ...drawRectangles(16, [{ cx: 7.3, cy: 8.1, halfX: 3.2, halfY: 1.7, strength: 0.6 }]),
    ...numbers(randomRectangles(random(13), 2, 16))
  ]
}

/** The sweep through elementary inverses: division, square roots, halves. */
export function sipThroughElementaryInverses(): number[] {
  using tape = new Tape()
  const x = tape.watch(random(14).uniform([4, 3], 0.5, 2))
  const L = tape.record(() => l2(add(mul(square(x), 3), 1), random(15).uniform([4, 3], 4, 9)))
  const { targets, grad: g } = sipBackward(tape, L, { boundary: [x], wrt: x })
  return numbers(targets[0].value, g)
}

/** Half-inverse gradient, Gauss-Newton, gradient: s^κ is a division by √s, by s, a product. */
export function partialInverses(): number[] {
  const r = random(16)
  return [
    [3, 2, 20],
    [4, 2, 5]
  ].flatMap(([B, K, P]) =>
    [-1 / 2, -1, 1].flatMap(kappa => {
      const { delta, report } = partialInverse(r.normal([B, K, P]), r.normal([B, K]), { kappa })
      return [...delta.data, ...report.singularValues]
    })
  )
}
