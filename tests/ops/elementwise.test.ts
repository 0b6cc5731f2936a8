import t from 'tap'
import { grad } from '../../core/index.js'
import type { Op } from '../../core/op.js'
import { random } from '../../core/random.js'
import { sum } from '../../core/structural/sum.js'
import { runInverse } from '../../core/targets/answer.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { absOp } from '../../ops/elementwise/abs.js'
import { acosOp } from '../../ops/elementwise/acos.js'
import { acoshOp } from '../../ops/elementwise/acosh.js'
import { asinOp } from '../../ops/elementwise/asin.js'
import { atanOp } from '../../ops/elementwise/atan.js'
import { clampOp } from '../../ops/elementwise/clamp.js'
import { cosOp } from '../../ops/elementwise/cos.js'
import { coshOp } from '../../ops/elementwise/cosh.js'
import { eluOp } from '../../ops/elementwise/elu.js'
import { erfOp } from '../../ops/elementwise/erf.js'
import { erfcOp } from '../../ops/elementwise/erfc.js'
import { expOp } from '../../ops/elementwise/exp.js'
import { exp2Op } from '../../ops/elementwise/exp2.js'
import { expm1Op } from '../../ops/elementwise/expm1.js'
import { geluOp } from '../../ops/elementwise/gelu.js'
import { elementwiseOps } from '../../ops/elementwise/index.js'
import { leakyReluOp } from '../../ops/elementwise/leakyRelu.js'
import { powerOp } from '../../ops/elementwise/pow.js'
import { reciprocalOp } from '../../ops/elementwise/reciprocal.js'
import { reluOp } from '../../ops/elementwise/relu.js'
import { rsqrtOp } from '../../ops/elementwise/rsqrt.js'
import { sigmoidOp } from '../../ops/elementwise/sigmoid.js'
import { siluOp } from '../../ops/elementwise/silu.js'
import { sinOp } from '../../ops/elementwise/sin.js'
import { softplusOp } from '../../ops/elementwise/softplus.js'
import { sqrtOp } from '../../ops/elementwise/sqrt.js'
import { squareOp } from '../../ops/elementwise/square.js'
import { tanOp } from '../../ops/elementwise/tan.js'
import { tanhOp } from '../../ops/elementwise/tanh.js'
import * as ops from '../../ops/index.js'

// What the laws leave open: the choice at a kink, and what a target out of range gives.

t.test('derivatives at kinks and ties, as PyTorch has them', t => {
  const at = (f: (x: Tensor) => Tensor, x: number[]) => grad((z: Tensor) => sum(f(z)))(tensor(x)).toArray()
  t.same(at(ops.relu, [0, 1, -1]), [0, 1, 0])
  t.same(at(ops.abs, [0, 2, -2]), [0, 1, -1])
  t.same(
    at(x => ops.leakyRelu(x, 0.1), [0, 1, -1]),
    [0.1, 1, 0.1]
  )
  t.same(
    at(x => ops.elu(x, 0.5), [0, 800]),
    [0.5, 1]
  )
  t.same(
    at(x => ops.clamp(x, -1, 1), [-2, -1, 0, 1, 2]),
    [0, 1, 1, 1, 0]
  )
  t.same(
    at(x => ops.maximum(x, tensor([1, 2, 0])), [1, 1, 1]),
    [0.5, 0, 1]
  )
  t.same(
    at(x => ops.minimum(x, tensor([1, 2, 0])), [1, 1, 1]),
    [0.5, 1, 0]
  )
  t.same(
    at(x => ops.pow(x, 2), [0, 3]),
    [0, 6]
  )
  t.same(
    at(x => ops.pow(x, 1), [0]),
    [1]
  )
  t.same(
    at(x => ops.where(tensor([1, 0]), x, 7), [3, 4]),
    [1, 0]
  )
  t.end()
})

t.test('what is constant but for jumps has the derivative 0, at the jumps too', t => {
  for (const f of [ops.round, ops.floor, ops.ceil, ops.sign]) {
    const x = tensor([0, 0.5, 1, -1.5, 2.3, -0.2])
    t.same(grad((z: Tensor) => sum(f(z)))(x).toArray(), [0, 0, 0, 0, 0, 0])
  }
  t.same(ops.floor(tensor([-0.5, 0.5, -2])).toArray(), [-1, 0, -2])
  t.same(ops.ceil(tensor([-1.5, 0.5, -2])).toArray(), [-1, 1, -2])
  t.same(ops.sign(tensor([-3, 0, 1e-300])).toArray(), [-1, 0, 1])
  t.end()
})

t.test('a branch that is not taken does not spoil a gradient', t => {
  const f = (x: Tensor) => sum(ops.where(tensor([1, 0]), ops.sqrt(ops.where(tensor([1, 0]), x, 1)), 0))
  t.same(grad(f)(tensor([4, -1])).toArray(), [0.25, 0])
  t.end()
})

t.test('values where the plain formula overflows or cancels', t => {
  const near = (x: Tensor, want: number[], tolerance = 1e-15) =>
    want.forEach((w, i) => {
      t.ok(Math.abs(x.data[i] - w) <= tolerance * Math.abs(w), `${x.data[i]} is ${w}`)
    })
  near(ops.sigmoid(tensor([800, -700, -40])), [1, Math.exp(-700), Math.exp(-40)])
  near(ops.softplus(tensor([800, -40])), [800, Math.exp(-40)])
  near(ops.silu(tensor([800, -700])), [800, -700 * Math.exp(-700)])
  near(ops.elu(tensor([800, -1e-9])), [800, Math.expm1(-1e-9)])
  near(ops.erf(tensor([1e-9, 0.5, 1, 2, 4, 7, -2])), [
    2e-9 / Math.sqrt(Math.PI),
    0.5204998778130465,
    0.8427007929497149,
    0.9953222650189527,
    0.9999999845827421,
    1,
    -0.9953222650189527
  ])
  // Slopes that 1 - y, 1 - y² and 1 + erf would round to 0.
  const slope = (f: (x: Tensor) => Tensor, x: number) => grad((z: Tensor) => sum(f(z)))(tensor([x]))
  near(slope(ops.sigmoid, 40), [Math.exp(-40)])
  near(slope(ops.tanh, -25), [4 * Math.exp(-50)])
  // -10 Φ(-10): rounding -10/√2 is amplified a hundred times.
  near(ops.gelu(tensor([-10])), [-7.619853024160526e-23], 1e-14)
  near(
    ops.erfc(tensor([0.1, 0.5, 1, 2, 10, 26, -2])),
    [
      0.887537083981715, 0.4795001221869535, 0.15729920705028513, 0.004677734981047266, 2.088487583762545e-45,
      5.663192408856143e-296, 1.9953222650189528
    ]
  )
  // cosh(arsinh x) carries ln x roundings.
  near(slope(ops.asinh, 1e300), [1e-300], 1e-13)
  near(slope(ops.acosh, 1e200), [1e-200], 1e-13)
  near(ops.sin(tensor([1e300, 1e22])), [-0.8178819121159085, -0.8522008497671888])
  near(ops.log2(tensor([8, 1e300])), [3, 996.5784284662087])
  near(ops.exp2(tensor([-3, 0.5])), [0.125, Math.SQRT2])
  t.same(
    ops
      .round(tensor([0.5, 1.5, 2.5, -0.5, -1.5, 2.4]))
      .toArray()
      .toString(),
    '0,2,2,0,-2,2'
  )
  t.end()
})

const forward = (op: Op, x: number, attrs?: unknown): number => op.forward([tensor([x])], attrs, [1], {}).data[0]

/** Operators of one input that act entry by entry. */
const elementwiseNames = new Set(
  elementwiseOps.filter(op => op.examples(random(0))[0].inputs.length === 1).map(op => op.name)
)

/** x̃ of one entry. */
function back(op: Op, target: number, x: number, attrs?: unknown): number {
  const input = tensor([x])
  const site = { op, inputs: [input], out: op.forward([input], attrs, [1], {}), attrs, saved: {} }
  const answer = runInverse(site, { value: tensor([target]), weight: null }, [true])
  return 'refuse' in answer ? Number.NaN : answer[0]!.value.data[0]
}

t.test('targets out of range: the nearest in reach where the range is closed, none where it is open', t => {
  const table = [
    [absOp, -2, 3, 0],
    [absOp, 2, -3, -2],
    [sqrtOp, -1, 4, 0],
    [coshOp, 0.5, -2, -0],
    [asinOp, 3, 0.2, 1],
    [acosOp, -1, 0.2, 1],
    [reluOp, 2, -1, 2],
    [reluOp, -2, -1, -1],
    [reluOp, -2, 1, 0],
    [reluOp, 0, -1, -1],
    [expOp, 0, 1, Number.NaN],
    [expm1Op, -1, 1, Number.NaN],
    [tanhOp, 1, 0.3, Number.NaN],
    [tanhOp, 1, 25, 25],
    [sigmoidOp, 0, 0.3, Number.NaN],
    [softplusOp, 0, 0.3, Number.NaN],
    [atanOp, 2, 0.3, Number.NaN],
    [erfOp, -1, 0.3, Number.NaN],
    [reciprocalOp, 0, 2, Number.NaN],
    [geluOp, -1, 2, -0.7517915246935645],
    [siluOp, -1, -3, -1.278464542761074],
    [softplusOp, -1, 0.3, Number.NaN],
    [tanhOp, -1.5, 0.3, Number.NaN],
    [sigmoidOp, 1, 0.3, Number.NaN],
    [sigmoidOp, 1, 40, 40],
    [erfOp, 1.5, 0.3, Number.NaN],
    [erfcOp, 0, 0.3, Number.NaN],
    [erfcOp, 2, 0.3, Number.NaN],
    [exp2Op, 0, 1, Number.NaN],
    [rsqrtOp, -1, 1, Number.NaN],
    [acoshOp, -1, 2, 1],
    [squareOp, -1, -2, -0],
    [squareOp, 4, -1, -2],
    [squareOp, 4, 0, 2]
  ] as const
  for (const [op, target, x, want] of table)
    t.ok(Object.is(back(op, target, x), want), `${op.name} ${target} near ${x}`)
  t.ok(Number.isNaN(back(eluOp, -1, 1, { alpha: 1 })))
  t.equal(back(leakyReluOp, -1, 1, { slope: 0.5 }), -2)
  t.equal(back(leakyReluOp, -1, 1, { slope: 0 }), 0)
  t.equal(back(leakyReluOp, -1, -3, { slope: 0 }), -3)
  t.equal(back(leakyReluOp, 2, -3, { slope: -0.5 }), -4)
  t.equal(back(leakyReluOp, 2, 3, { slope: -0.5 }), 2)
  t.equal(back(leakyReluOp, -2, 3, { slope: -0.5 }), 0)
  t.equal(back(clampOp, 2, 0.5, { low: 0, high: 1 }), 1)
  t.equal(back(clampOp, 2, 3, { low: 0, high: 1 }), 3)
  t.equal(back(clampOp, 0.5, 3, { low: 0, high: 1 }), 0.5)
  t.equal(back(powerOp, -8, 1, { exponent: 3 }), -2)
  t.equal(back(powerOp, -8, 1, { exponent: 2 }), 0)
  t.ok(Number.isNaN(back(powerOp, -8, 1, { exponent: -2 })))
  t.equal(back(powerOp, 5, 3, { exponent: 0 }), 3)
  t.ok(Number.isNaN(back(eluOp, -0.5, 1, { alpha: 0.5 })))
  t.equal(back(eluOp, -0.5, -50, { alpha: 0.5 }), -50)
  t.ok(back(geluOp, -0.05, -2) < -0.75 && back(geluOp, -0.05, 1) > -0.75, 'the branch of x')
  t.end()
})

t.test('the branch of x: nearest to it, and reached to rounding', t => {
  const bottom = { gelu: -0.7517915246935645, silu: -1.278464542761074 }
  for (const [op, low] of [
    [geluOp, bottom.gelu],
    [siluOp, bottom.silu]
  ] as const)
    for (const x of [-30, -5, low - 1e-3, low + 1e-3, 0, 2, 50])
      for (const target of [-1e-12, -0.01, -0.1, 1e-9, 0.7, 40]) {
        const there = back(op, target, x)
        const side = x < low && target < 0 ? there < low : there > low
        const y = forward(op, there)
        t.ok(side && Math.abs(y - target) <= 1e-14 * Math.abs(target), `${op.name} ${target} near ${x}: ${there}`)
      }
  // Of all inputs with the wanted output the nearest one.
  const turns = Array.from({ length: 41 }, (_, k) => k - 20)
  const all = {
    sin: (v: number) => turns.flatMap(k => [Math.asin(v) + 2 * Math.PI * k, Math.PI - Math.asin(v) + 2 * Math.PI * k]),
    cos: (v: number) => turns.flatMap(k => [Math.acos(v) + 2 * Math.PI * k, 2 * Math.PI * k - Math.acos(v)]),
    tan: (v: number) => turns.map(k => Math.atan(v) + Math.PI * k)
  }
  for (const op of [sinOp, cosOp, tanOp])
    for (const x of [-40, -9.5, -1.6, 0, 0.7, 3.2, 25, 44])
      for (const target of [-1, -0.3, 0, 0.8, 1]) {
        const distance = Math.min(...all[op.name as keyof typeof all](target).map(v => Math.abs(v - x)))
        const got = Math.abs(back(op, target, x) - x)
        t.ok(Math.abs(got - distance) < 1e-13, `${op.name} ${target} near ${x}: ${got} away, could be ${distance}`)
      }
  for (const op of [sinOp, cosOp])
    for (const x of [-9.5, 0.7, 25]) t.equal(Math.abs(forward(op, back(op, 3, x))), 1, `${op.name} 3 near ${x}`)
  t.end()
})

t.test('a target that is no number has no answer; the current output asks for nothing, however flat', t => {
  const attrs = { slope: 0.1, alpha: 1, low: -1, high: 1, exponent: 0, dtype: 'f64', factors: [2] }
  for (const op of ops.allOps)
    if (op.inverse && op.inverse.kind !== 'structural' && op.outShape && elementwiseNames.has(op.name))
      t.ok(Number.isNaN(back(op, Number.NaN, 0.5, attrs)), op.name)
  for (const [op, x] of [
    [sigmoidOp, 60],
    [tanhOp, -30],
    [erfOp, 9],
    [expOp, -800],
    [geluOp, -60],
    [siluOp, -800]
  ] as const)
    t.equal(back(op, forward(op, x), x), x, `${op.name} at ${x}`)
  t.end()
})

t.test('the bounds of clamp are numbers', t => {
  const x = tensor([-1, 2])
  for (const bad of [null, undefined, '0', [0], tensor(0), Number.NaN]) {
    t.throws(() => ops.clamp(x, bad as never, 3), { code: 'ERR_OPTION', message: /low is/ })
    t.throws(() => ops.clamp(x, -3, bad as never), { code: 'ERR_OPTION', message: /high/ })
  }
  t.same(ops.clamp(x, Number.NEGATIVE_INFINITY, 1).toArray(), [-1, 1])
  t.end()
})
