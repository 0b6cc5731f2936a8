import t from 'tap'
import {
  checkAll,
  checkOp,
  derivativeAtZero,
  dotCheck,
  f32Check,
  gradCheck,
  inverseCheck,
  type StepOf,
  sampleJacobianCheck,
  scaleCheck
} from '../../core/check/index.js'
import { carryAligned, defineBlock, defineOp, elementwise, type Op, type View } from '../../core/index.js'
import { lstsq, partialInverseApply } from '../../core/linalg/index.js'
import { random } from '../../core/random.js'
import { stopGradient } from '../../core/structural/identity.js'
import { mulOp } from '../../core/structural/mul.js'
import { sum } from '../../core/structural/sum.js'
import { mapData, Tensor, tensor } from '../../core/tensor.js'
import { grad } from '../../core/verbs/grad.js'
import { jacobian } from '../../core/verbs/jacobian.js'
import { sinOp } from '../../ops/elementwise/sin.js'
import { add, cast, div, exp, mul, neg, sin, square, sub, tanh } from '../../ops/index.js'

const r = random('check')
const all = (rows: { passed: boolean }[]) => rows.length > 0 && rows.every(row => row.passed)

t.test('functions of several inputs are checked like operators', t => {
  const f = (x: Tensor, w: Tensor) => tanh(sum(mul(x, w), -1))
  const example = { inputs: [r.normal([3, 4]), r.normal([4])] }
  t.ok(all(dotCheck(f, example, r)))
  t.ok(all(gradCheck(f, example, r)))
  t.ok(all(sampleJacobianCheck(f, example, r)))
  t.ok(all(f32Check(f, example, r)))
  const leaves = (x: Tensor) => cast(x, 'f64')
  t.notOk(all(f32Check(leaves, example, r)), 'a result in f64')
  t.end()
})

t.test('a function that hides a dependence from the tape is caught', t => {
  const f = (x: Tensor) => mul(x, stopGradient(x))
  const rows = gradCheck(f, { inputs: [r.uniform([3], 1, 2)] }, r)
  t.notOk(all(rows.filter(row => row.check.startsWith('finite'))))
  t.end()
})

/** The flow of x' = x (1 - x): x e^t / (1 + x (e^t - 1)). */
const flow = (x: Tensor, time: number): Tensor => div(mul(x, Math.exp(time)), add(mul(x, Math.expm1(time)), 1))
const logistic = (factor: number) =>
  defineBlock<{ t: number }>({
    name: 'logistic',
    forward: ([x], { t }) => flow(x, t),
    inverse: {
      kind: 'exact',
      apply: (site, claim) => [{ value: flow(claim.value, -factor * site.attrs.t), weight: claim.weight }]
    },
    examples: r => [{ inputs: [r.uniform([5, 3], 0.2, 0.8)], attrs: { t: 2 } }]
  })

t.test('a block', t => {
  const good = checkOp(logistic(1))
  t.ok(good.passed)
  const bad = checkOp(logistic(0.99))
  t.notOk(bad.passed)
  t.ok(bad.rows.some(row => !row.passed && row.check.startsWith('inverse')))
  t.throws(() => checkOp(logistic(0.99), { throw: true }), { code: 'ERR_INVERSE' })
  t.throws(() => inverseCheck(logistic(0.99), { inputs: [tensor([0.5])], attrs: { t: 1 } }, r, { throw: true }))
  t.equal(checkAll([logistic(1), logistic(0.99)]).length, 2)
  t.end()
})

t.test('approximate: an error of the stated order', t => {
  // Explicit Euler for x' = -x², backward in time by explicit Euler with the sign turned: first order.
  const euler = (x: Tensor, h: number, n: number): Tensor => {
    for (let k = 0; k < n; k++) x = sub(x, mul(square(x), h))
    return x
  }
  const reversed = (order: number) =>
    defineBlock<{ n: number }>({
      name: 'euler',
      forward: ([x], { n }) => euler(x, 1 / n, n),
      inverse: {
        kind: 'approximate',
        order,
        refine: ({ n }, factor) => ({ n: n * factor }),
        apply: ({ attrs: { n }, inputs: [x] }, { value, weight }) => {
          const back = euler(value, -1 / n, n)
          return [
            {
              value: new Tensor(
                x.shape,
                back.data.map((v, i) => (weight && weight.data[i] === 0 ? x.data[i] : v))
              ),
              weight
            }
          ]
        }
      },
      examples: r => [{ inputs: [r.uniform([4], 0.1, 0.4)], attrs: { n: 16 } }]
    })
  t.ok(checkOp(reversed(1)).passed)
  t.notOk(checkOp(reversed(2)).passed)
  t.end()
})

t.test('regularised: fixpoint, a mismatch that does not grow, exact where nothing needs help', t => {
  const scale = tensor([1, 1e-3, 1e-9])
  const damped = (lambda: number) =>
    defineBlock({
      name: 'damped',
      forward: ([x]) => mul(x, scale),
      inverse: {
        kind: 'regularised',
        apply: ({ inputs: [x], out }, { value, weight }) => {
          const step = (i: number) => {
            const s = scale.data[i % 3]
            const d = weight && weight.data[i] === 0 ? 0 : value.data[i] - out.data[i]
            return (s / (s * s + lambda)) * d
          }
          return [
            {
              value: new Tensor(
                x.shape,
                x.data.map((v, i) => v + step(i))
              ),
              weight
            }
          ]
        }
      },
      examples: r => [{ inputs: [r.normal([2, 3])] }]
    })
  const only = ['inverse']
  t.ok(checkOp(damped(1e-6), { only }).passed)
  t.notOk(checkOp(damped(-0.4), { only }).passed, 'overshoots')
  t.end()
})

t.test('finite differences reach 1e-8, most of them 1e-11, and pass over what leaves the domain', t => {
  const d = derivativeAtZero(h => [Math.exp(1 + h), Math.log(1e-2 + h), Math.sqrt(0.004 + h), Math.sin(100 + h)])
  const want = [Math.E, 1e2, 0.5 / Math.sqrt(0.004), Math.cos(100)]
  want.forEach((w, i) => {
    t.ok(Math.abs(d[i] / w - 1) < (i === 2 ? 1e-8 : 1e-9), `${i}: ${Math.abs(d[i] / w - 1)}`)
  })
  t.end()
})

t.test('scaleCheck: exponents of the units of x and y', t => {
  const close = (step: StepOf, p: number, q: number, name: string) => {
    const got = scaleCheck(step)
    t.ok(Math.abs(got.p - p) < 1e-6 && Math.abs(got.q - q) < 1e-6, `${name}: (${got.p}, ${got.q})`)
  }
  type P = (x: Tensor) => Tensor
  const loss = (P: P, target: Tensor) => (x: Tensor) => mul(sum(square(sub(P(x), target))), 0.5)
  const linear = (P: P, x: Tensor, target: Tensor) => {
    const { value, J } = jacobian(P)(x)
    return { J: J.data as Float64Array, r: sub(target, value).data as Float64Array }
  }
  close((P, x, target) => neg(grad(loss(P, target))(x)), -1, 2, 'gradient descent')
  close((P, x, target) => tensor(grad(loss(P, target))(x).data.map(g => -Math.sign(g))), 0, 0, "Adam's first step")
  close(
    (P, x, target) => {
      const { J, r } = linear(P, x, target)
      return tensor(lstsq(J, 2, 2, r).x)
    },
    1,
    0,
    'Gauss-Newton'
  )
  close(
    (P, x, target) => {
      const { J, r } = linear(P, x, target)
      return tensor(partialInverseApply(J, 2, 2, r, { kappa: -0.5, truncation: 1e-10 }).delta)
    },
    0.5,
    0.5,
    'half-inverse gradients'
  )
  t.end()
})

t.test('rows can be read: a number and a reason for each', t => {
  const [row] = dotCheck((x: Tensor) => exp(sin(x)), { inputs: [tensor([1, 2])] }, r)
  t.match(row, { check: 'dot (x0)', example: '[2]', passed: true, note: '' })
  t.ok(row.error <= row.tolerance)
  t.end()
})

t.test('an inverse that refuses every example was not checked, and does not pass', t => {
  const never = { ...sinOp, inverse: { ...sinOp.inverse!, apply: () => ({ refuse: 'never' }) } }
  const failed = checkOp(never).rows.filter(row => !row.passed)
  t.same(
    failed.map(row => row.check),
    ['inverse (x0)']
  )
  t.end()
})

t.test('a kernel that takes the storage of a tensor for its own is caught', t => {
  const op = (name: string, forward: (x: Tensor) => Tensor) =>
    defineOp({
      name,
      doc: 'y = x',
      outShape: ([s]) => s,
      forward: ([x]) => forward(x),
      jvp: ([dx]) => dx,
      vjp: ct => [ct],
      carry: carryAligned,
      noInverse: 'not under test',
      examples: r => [{ inputs: [r.normal([2, 3])] }]
    })
  const caught = (o: Op) =>
    checkOp(o, { only: ['shape', 'views'] })
      .rows.filter(row => !row.passed)
      .map(row => row.check)
  const wholeBuffer = op('wholeBuffer', x => new Tensor(x.shape, new Float64Array(x.data.buffer, 0, x.size)))
  t.same(caught(wholeBuffer), ['views'])
  const beside = op('beside', x => {
    if (x.data.byteOffset > 0) new Float64Array(x.data.buffer)[0] = 0
    return new Tensor(x.shape, x.data.slice())
  })
  t.same(caught(beside), ['views untouched'])
  t.same(caught(op('fine', x => new Tensor(x.shape, x.data.slice()))), [])
  t.end()
})

t.test('a small entry beside a large one counts at the ends of the range', t => {
  // Right where it is large, wrong by a factor where it is small, which no norm over all entries shows.
  const skewed = (factor: number, inverse: number) =>
    elementwise({
      name: 'skewed',
      doc: 'y = x',
      kernel: (x, y) => y.set(x),
      derivative: x => mapData(x, v => (Math.abs(v) < 1e-200 ? factor : 1)),
      inverse: { kind: 'exact', at: (v, x) => (Math.abs(x) < 1e-200 ? x + inverse * (v - x) : v) },
      examples: r => [{ inputs: [r.normal([2, 3])] }]
    })
  const caught = (o: Op) =>
    checkOp(o)
      .rows.filter(row => !row.passed)
      .map(row => row.check)
  t.same(caught(skewed(1, 1)), [])
  t.same(caught(skewed(1.01, 1)), ['finite differences (x0)'])
  t.same(caught(skewed(1, 1.01)), ['inverse round trip (x0)'])
  const hypot1 = elementwise({
    name: 'hypot1',
    doc: 'y = √(1 + x²)',
    kernel: (x, y) => y.set(x.map(v => Math.sqrt(1 + v * v))),
    derivative: (x, y) => div(x, y),
    noInverse: 'not under test',
    examples: r => [{ inputs: [r.normal([2, 3])] }]
  })
  t.ok(caught(hypot1).includes('finite'), 'the square overflows')
  t.end()
})

t.test('one tensor as two inputs: a rule that cannot tell them apart is caught', t => {
  const same = {
    ...mulOp,
    vjp: (ct: Tensor, v: View) => mulOp.vjp(ct, v).map((c, i) => (i && v.x[0] === v.x[1] ? null : c))
  }
  t.ok(
    checkOp(same).rows.some(row => !row.passed && row.check === 'views (x0 x1 one tensor)'),
    'half of the cotangent is lost'
  )
  t.end()
})
