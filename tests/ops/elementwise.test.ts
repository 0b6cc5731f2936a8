import t from 'tap'
import { grad } from '../../core/index.js'
import type { Op } from '../../core/op.js'
import { sum } from '../../core/structural/sum.js'
import { runInverse } from '../../core/targets/answer.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import { absOp } from '../../ops/elementwise/abs.js'
import { acosOp } from '../../ops/elementwise/acos.js'
import { asinOp } from '../../ops/elementwise/asin.js'
import { atanOp } from '../../ops/elementwise/atan.js'
import { coshOp } from '../../ops/elementwise/cosh.js'
import { eluOp } from '../../ops/elementwise/elu.js'
import { erfOp } from '../../ops/elementwise/erf.js'
import { expOp } from '../../ops/elementwise/exp.js'
import { expm1Op } from '../../ops/elementwise/expm1.js'
import { geluOp } from '../../ops/elementwise/gelu.js'
import { leakyReluOp } from '../../ops/elementwise/leakyRelu.js'
import { powerOp } from '../../ops/elementwise/pow.js'
import { reciprocalOp } from '../../ops/elementwise/reciprocal.js'
import { reluOp } from '../../ops/elementwise/relu.js'
import { sigmoidOp } from '../../ops/elementwise/sigmoid.js'
import { siluOp } from '../../ops/elementwise/silu.js'
import { softplusOp } from '../../ops/elementwise/softplus.js'
import { sqrtOp } from '../../ops/elementwise/sqrt.js'
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

t.test('a branch that is not taken does not spoil a gradient', t => {
  const f = (x: Tensor) => sum(ops.where(tensor([1, 0]), ops.sqrt(ops.where(tensor([1, 0]), x, 1)), 0))
  t.same(grad(f)(tensor([4, -1])).toArray(), [0.25, 0])
  t.end()
})

t.test('values where the plain formula overflows or cancels', t => {
  const near = (x: Tensor, want: number[]) =>
    want.forEach((w, i) => {
      t.ok(Math.abs(x.data[i] - w) <= 1e-15 * Math.abs(w), `${x.data[i]} is ${w}`)
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
  t.same(
    ops
      .round(tensor([0.5, 1.5, 2.5, -0.5, -1.5, 2.4]))
      .toArray()
      .toString(),
    '0,2,2,0,-2,2'
  )
  t.end()
})

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
    [siluOp, -1, -3, -1.278464542761074]
  ] as const
  for (const [op, target, x, want] of table)
    t.ok(Object.is(back(op, target, x), want), `${op.name} ${target} near ${x}`)
  t.ok(Number.isNaN(back(eluOp, -1, 1, { alpha: 1 })))
  t.equal(back(leakyReluOp, -1, 1, { slope: 0.5 }), -2)
  t.equal(back(powerOp, -8, 1, { exponent: 3 }), -2)
  t.equal(back(powerOp, -8, 1, { exponent: 2 }), 0)
  t.ok(Number.isNaN(back(powerOp, -8, 1, { exponent: -2 })))
  t.equal(back(powerOp, 5, 3, { exponent: 0 }), 3)
  t.ok(back(geluOp, -0.05, -2) < -0.75 && back(geluOp, -0.05, 1) > -0.75, 'the branch of x')
  t.end()
})
