import t, { type Test } from 'tap'
import {
  adjoint,
  apply,
  type Claim,
  claim,
  defineBlock,
  exact,
  type Goal,
  jacobian,
  lbfgs,
  local,
  localInverse,
  newton,
  type Op,
  type Policy,
  planTargets,
  random,
  showPlan,
  Tape,
  type Targets,
  Tensor,
  targetSweep,
  tensor,
  zeros
} from '../../core/index.js'
import { dominators } from '../../core/targets/dominators.js'
import { BOUNDARY, findRegion, SINK } from '../../core/targets/region.js'
import {
  add,
  at,
  cast,
  cbrt,
  concat,
  exp,
  expand,
  matmul,
  mul,
  neg,
  reshape,
  sigmoid,
  sin,
  slice,
  sqrt,
  square,
  stack,
  sub,
  sum
} from '../../ops/index.js'
import { diffuse } from '../../physics/index.js'

/** A block without an inverse rule. */
const bare = (name: string, f: (x: Tensor) => Tensor): ((x: Tensor) => Tensor) => {
  const op: Op = defineBlock({ name, forward: ([x]) => f(x), examples: () => [] })
  return x => apply(op, [x])
}
const cubic = bare('cubic', x => add(x, mul(mul(square(x), x), 0.2)))
const parabola = bare('parabola', square)

interface Run extends Targets {
  values: number[][]
  show: string
}

/** Records, prints the plan without running it, sweeps. */
function run(
  xs: readonly Tensor[],
  build: (xs: readonly Tensor[]) => Tensor | readonly Tensor[],
  goals: readonly (Tensor | Claim)[],
  policy: Partial<Policy> = {}
): Run {
  using tape = new Tape()
  tape.watch(xs)
  const out = tape.record(() => build(xs))
  const ys = out instanceof Tensor ? [out] : out
  const show = showPlan(planTargets(tape, ys, xs, policy))
  const found = targetSweep(
    tape,
    ys.map((y, i): Goal => [y, goals[i]]),
    xs,
    policy
  )
  return { ...found, values: found.targets.map(c => Array.from(c.value.data)), show }
}

const close = (t: Test, a: readonly number[], b: readonly number[], tolerance: number, name: string) => {
  const apart = a.reduce((m, v, i) => Math.max(m, Math.abs(v - b[i])), a.length === b.length ? 0 : Number.NaN)
  t.ok(apart <= tolerance, `${name}: ${apart}`)
}
t.test('dominators', async t => {
  const tree = (edges: Record<string, string>) => {
    const d = dominators(
      'root',
      Object.entries(edges).map(([n, before]) => [n, before.split(' ')] as const)
    )
    return Object.fromEntries(Object.keys(edges).map(n => [n, d.up(n)]))
  }
  t.same(
    tree({ a: 'root', b: 'a', c: 'a', d: 'b c', e: 'd' }),
    { a: 'root', b: 'a', c: 'a', d: 'a', e: 'd' },
    'diamond'
  )
  t.same(
    tree({ a: 'root', b: 'a', c: 'b', d: 'b', e: 'c d', f: 'a', g: 'e f', h: 'g' }),
    { a: 'root', b: 'a', c: 'b', d: 'b', e: 'b', f: 'a', g: 'a', h: 'g' },
    'a diamond in one arm of another'
  )
  t.same(
    tree({ a: 'root', b: 'root', c: 'a', d: 'a b', e: 'c d' }),
    { a: 'root', b: 'root', c: 'a', d: 'root', e: 'root' },
    'several boundary tensors meet at the root'
  )
})

t.test('a region: what lies between boundary and goals, and what dominates what', async t => {
  using tape = new Tape()
  const x = tape.watch(tensor([1, 2]))
  const other = tape.watch(tensor([1, 2]))
  const made = tape.record(() => {
    const a = mul(x, 2)
    const b = sin(a)
    const c = square(a)
    const d = add(b, c)
    const beside = add(a, other)
    const y = neg(d)
    return { a, b, c, d, y, beside, behind: square(y) }
  })
  const r = findRegion(tape, [made.y], [x, other])
  t.same(
    r.sites.map(s => s.op.name),
    ['mul', 'sin', 'square', 'add', 'neg'],
    'nothing that the goal does not depend on'
  )
  t.equal(r.active(other), false)
  t.equal(r.idom(made.d), made.a)
  t.equal(r.idom(made.y), made.d)
  t.equal(r.idom(x), BOUNDARY)
  t.equal(r.postdom(made.a), made.d)
  t.equal(r.postdom(made.b), made.d)
  t.equal(r.postdom(x), made.a)
  t.equal(r.postdom(made.y), SINK)
  t.equal(r.common([made.b, made.c]), made.a)
  const inside = r.between([made.a], [made.d])
  t.same(
    inside.sites.map(s => s.op.name),
    ['sin', 'square', 'add']
  )
  // With two goals nothing but the end of all post-dominates what both use.
  const both = findRegion(tape, [made.y, made.beside], [x, other])
  t.equal(both.postdom(made.a), SINK)
  t.equal(both.idom(made.beside), BOUNDARY)
  t.ok(both.disjoint([made.a, other]))
  t.notOk(both.disjoint([made.a, made.beside]))
  // The boundary cuts: a boundary tensor made from another one is given.
  const cut = findRegion(tape, [made.y], [x, made.a])
  t.same(
    cut.sites.map(s => s.op.name),
    ['sin', 'square', 'add', 'neg']
  )
  t.equal(cut.active(x), false)
})

t.test('case a: one active input, no rule', async t => {
  const r = run([tensor([0.5, -1])], ([x]) => mul(cubic(x), 2), [tensor([1.5, -2])])
  t.equal(r.show, 'exact  mul (1 site): rule of mul\nblock  cubic (1 site): cubic has no inverse rule')
  // Newton's tolerance of 1e-12, times the slope of the inverse, at most 1.
  close(
    t,
    r.values[0].map(x => 2 * (x + 0.2 * x ** 3)),
    [1.5, -2],
    1e-11,
    'round trip'
  )
  t.equal(r.report.rungs[1].rung, 'newton')
})

t.test('case b: inputs that meet again at a dominator, or at the boundary', async t => {
  const inner = run(
    [tensor([0.5])],
    ([x]) => {
      const a = exp(x)
      return add(sin(a), mul(a, 2))
    },
    [tensor([4])]
  )
  t.equal(
    inner.show,
    'block  sin, mul, add (3 sites): 2 active inputs of add meet again at a dominator\nexact  exp (1 site): rule of exp'
  )
  t.ok(inner.report.mismatch[0] < 1e-11)
  const twice = run([tensor([3])], ([x]) => mul(x, x), [tensor([16])])
  t.equal(twice.show, 'block  mul (1 site): mul uses one input twice at a dominator')
  close(t, twice.values[0], [4], 1e-11, 'x x = 16')
  const shared = run([tensor([1]), tensor([2])], ([a, b]) => mul(add(a, b), sub(a, b)), [tensor([-5])])
  t.equal(shared.show, 'block  add, sub, mul (3 sites): 2 active inputs of mul meet again at the boundary')
  t.match(shared.report.rungs[0].reason, 'smallest change over tensors of one unit')
  t.ok(shared.report.mismatch[0] < 1e-11)
})

t.test('case b, independent boundary tensors: the operator chooses the smallest change', async t => {
  const sum2 = run([tensor([1]), tensor([2])], ([a, b]) => add(a, b), [tensor([7])])
  t.equal(sum2.show, 'choose  add (1 site): independent inputs of add: the smallest change, in their own units')
  t.same(sum2.values, [[3], [4]], 'halves')
  const product = run([tensor([1]), tensor([2])], ([a, b]) => mul(a, b), [tensor([6])])
  // 1 × 2 → 6, Gauss-Newton with least norm from (1, 2); six digits are known.
  close(t, product.values.flat(), [2.342657, 2.561195], 5e-7, '2.342657 × 2.561195')
  t.equal(product.report.rungs[0].kind, 'choice')
  t.equal(product.report.rungs[0].rung, 'smallest change')
  const block = run([tensor([1]), tensor([2])], ([a, b]) => mul(a, b), [tensor([6])], { choose: false })
  t.match(block.show, /^block {2}mul/)
  close(t, block.values.flat(), product.values.flat(), 1e-11, 'newton on both gives the same')
})

t.test('case c: pieces of a splitting site that depend on each other', async t => {
  const build = ([x]: readonly Tensor[]) => {
    const a = slice(x, -1, 0, 1)
    const b = slice(x, -1, 1)
    return concat([mul(a, exp(b)), square(b)], -1)
  }
  const r = run([tensor([[0.5, 1]])], build, [tensor([[2, 2]])])
  t.match(r.show, /^block {2}slice … concat \(6 sites\): the pieces of concat depend on each other$/)
  t.equal(r.report.rungs.length, 1, 'one block, not one per piece')
  close(t, r.values[0], [2 / Math.exp(Math.SQRT2), Math.SQRT2], 1e-11, 'solution')
  const apart = run([tensor([1]), tensor([2]), tensor([3])], ([a, b, c]) => concat([mul(a, b), exp(c)], -1), [
    tensor([6, 2])
  ])
  t.match(apart.show, /^structural {2}concat/, 'pieces on different boundary tensors do not')
  t.ok(apart.report.mismatch.every(m => m < 1e-12))
})

t.test('case d: claims that disagree', async t => {
  const W = [tensor([[1], [2]]), tensor([[1], [-1]])]
  const build = ([x]: readonly Tensor[]) => {
    const a = exp(x)
    return concat([matmul(a, W[0]), matmul(square(a), W[1])], -1)
  }
  const goal = build([tensor([[0.3, -0.2]])])
  const x = tensor([[0.2, 0.1]])
  const r = run([x], build, [goal])
  t.same(
    r.report.rungs.map(g => [g.rung, g.ops, g.dropped ?? false]),
    [
      ['structural', 'concat', false],
      ['exact', 'matmul', false],
      ['local', 'square', false],
      ['exact', 'matmul', false],
      ['newton', 'matmul … concat', false],
      ['exact', 'exp', false]
    ].map(([g, ops], i) => [g, ops, i < 4]),
    'the closed region goes back to exp, no further'
  )
  t.match(r.report.toString(), '(dropped) exact  matmul')
  close(t, r.values[0], [0.3, -0.2], 1e-11, 'solution')
  const mean = run([x], build, [goal], { meet: 'mean' })
  t.ok(mean.report.mismatch[0] > 1e-3, 'the mean of two claims misses both goals')
  t.notOk(mean.report.rungs.some(g => g.rung === 'newton'))
  t.throws(() => run([x], build, [goal], { meet: 'error' }), { code: 'ERR_INVERSE' })
  const agreed = run([x], ([x]) => concat([exp(x), mul(x, 2)], -1), [tensor([[1, Math.E, 0, 2]])], { meet: 'error' })
  close(t, agreed.values[0], [0, 1], 1e-15, 'claims that agree are no conflict')
})

t.test('case d: a region does not swallow claims that come from outside', async t => {
  const r = random(3)
  const [V, W] = [r.normal([4, 1]), r.normal([4, 1])]
  // d is inside the region around the conflict at a, whose exit is `first`; the last part asks something of d too.
  const build = ([x]: readonly Tensor[]) => {
    const a = mul(x, 2)
    const d = sin(slice(x, -1, 0, 2))
    const first = concat([matmul(a, V), matmul(square(a), W), d], -1)
    return concat([first, mul(d, 3)], -1)
  }
  const x = r.uniform([1, 4], 0.4, 0.8)
  const y = build([
    tensor(
      x.data.map(v => v + 0.05 * (r.next() - 0.5)),
      { shape: [1, 4] }
    )
  ])
  const weight = tensor([[1, 1, 0, 0, 1, 1]])
  const found = run([x], build, [claim(y, weight)])
  t.ok(found.report.mismatch[0] < 1e-12, `all four claims hold: ${found.report.mismatch[0]}`)
})

t.test('case d: where the exit was asked for what it cannot give, the goals decide', async t => {
  const r = random(5)
  const M = r.normal([4, 2])
  const build = ([x]: readonly Tensor[]) => matmul(concat([sin(x), square(x)], -1), M)
  const x = tensor([[0.5, 0.7]])
  const goal = build([tensor([[0.52, 0.66]])])
  const found = run([x], build, [goal])
  t.ok(found.report.mismatch[0] < 1e-12)
  close(t, found.values[0], [0.52, 0.66], 1e-10, 'solution')
})

t.test('a chain that missed, and everything as one block', async t => {
  // The smallest change of sin x that gives the sum asks for sin x0 = 1.05, though x1 alone could give it.
  const build = ([x]: readonly Tensor[]) => sum(mul(sin(x), tensor([1, 1])), -1)
  const x = tensor([
    [1.2, 0.1],
    [0.1, 0.2]
  ])
  const goal = tensor([1.3, 0.5])
  const chain = run([x], build, [goal])
  t.ok(chain.report.mismatch[0] > 1e-2, 'out of reach')
  t.ok(chain.report.mismatch[1] < 1e-14)
  const whole = run([x], build, [goal], { whole: 'missed' })
  t.ok(whole.report.mismatch[0] < 1e-11, whole.report.toString())
  t.same(whole.values[0].slice(2), chain.values[0].slice(2), 'the sample that had arrived keeps its answer')
  t.match(whole.report.toString(), 'the chain of blocks missed the goals')
  const soft = run(
    [
      tensor([
        [
          [1, 2],
          [3, 4]
        ]
      ])
    ],
    ([x]) => mul(square(diffuse(x, 1)), 1),
    [
      tensor([
        [
          [-1, 2],
          [3, 4]
        ]
      ])
    ],
    {
      whole: 'missed'
    }
  )
  t.notMatch(soft.report.toString(), 'as one', 'but no solver undoes what a regularised rule holds back')
})

t.test('several goals', async t => {
  // A goal on a tensor in the middle, and one behind it.
  const two = run(
    [tensor([[0.5, 0.2]])],
    ([x]) => {
      const a = matmul(
        x,
        tensor([
          [1, 1],
          [0, 2]
        ])
      )
      return [at(a, 0), matmul(square(a), tensor([[1], [1]]))]
    },
    [tensor([0.6]), tensor([[1]])]
  )
  t.ok(two.report.mismatch[0] < 1e-11, two.report.toString())
  // Goals that contradict each other end at the least-squares answer.
  const against = run([tensor([1])], ([x]) => [mul(x, 1), mul(x, 2)], [tensor([1]), tensor([4])])
  close(t, against.values[0], [9 / 5], 1e-12, '(x - 1)² + (2x - 4)² is least at 9/5')
  const same = run(
    [tensor([1])],
    ([x]) => {
      const y = mul(x, 1)
      return [y, y]
    },
    [tensor([1]), tensor([4])]
  )
  close(t, same.values[0], [2.5], 1e-12, 'two goals on one tensor: their mean')
  // On the boundary itself, and behind it.
  const edge = run([tensor([1]), tensor([5])], ([a, b]) => [a, add(a, b)], [tensor([2]), tensor([10])])
  close(t, edge.values.flat(), [2, 8], 1e-12, 'a goal on a boundary tensor')
})

t.test('boundary tensors: one behind another, one that nothing reaches, scales', async t => {
  using tape = new Tape()
  const a = tape.watch(tensor([2]))
  const unused = tape.watch(tensor([7]))
  const { b, y } = tape.record(() => {
    const b = square(a)
    return { b, y: add(mul(b, 3), a) }
  })
  const { targets, report, region } = targetSweep(tape, [[y, tensor([20])]], [a, b, unused])
  t.same(
    region.sites.map(s => s.op.name),
    ['mul', 'add'],
    'the way from a to b is cut'
  )
  t.ok(report.mismatch[0] < 1e-14)
  t.same(targets[2].value, unused)
  t.same([...targets[2].weight!.data], [0], 'no claim on what is not reached')
  t.equal(3 * targets[1].value.item() + targets[0].value.item(), 20)

  const [p, q] = [tensor([1]), tensor([1])]
  const f = ([u, v]: readonly Tensor[]) => mul(add(u, v), 1)
  const options = {
    choose: false,
    scales: new Map([
      [p, 2],
      [q, 1]
    ])
  }
  // Smallest (Δu/2)² + Δv² with Δu + Δv = 5: Δu = 4, Δv = 1.
  const scaled = run([p, q], f, [tensor([7])], options)
  close(t, scaled.values.flat(), [5, 2], 1e-14, 'units')
  t.notMatch(scaled.report.toString(), 'one unit')
  t.match(run([p, q], f, [tensor([7])], { choose: false }).report.toString(), 'one unit')
})

t.test('weights', async t => {
  const x = tensor([[1, 2, 3, 4]])
  const part = run([x], ([x]) => mul(slice(x, -1, 1, 3), 2), [tensor([[6, 8]])])
  t.same(part.values[0], [1, 3, 4, 4])
  t.same([...part.targets[0].weight!.data], [0, 1, 1, 0], 'slice pads with 0')
  const moved = run([x], ([x]) => reshape(concat([x, mul(x, 2)], -1), [2, 4]), [
    claim(
      tensor([
        [9, 9, 9, 9],
        [4, 4, 4, 4]
      ]),
      tensor([
        [0, 0, 0, 0],
        [1, 0, 1, 0]
      ])
    )
  ])
  t.same(moved.values[0], [2, 2, 2, 4], 'concat and reshape move weights; the value without a claim is the current one')
  const fold = run([tensor([[1], [5]])], ([x]) => expand(x, [2, 3]), [
    claim(
      tensor([
        [2, 5, 9],
        [1, 1, 1]
      ]),
      tensor([
        [1, 3, 0],
        [0, 0, 0]
      ])
    )
  ])
  t.same(fold.values[0], [17 / 4, 5], 'broadcasting takes the weighted mean, and keeps what nobody claims')
  t.same([...fold.targets[0].weight!.data], [4, 0])
  const mix = run(
    [tensor([[1, 2]])],
    ([x]) =>
      matmul(
        x,
        tensor([
          [1, 1],
          [1, -1]
        ])
      ),
    [claim(tensor([[5, 99]]), tensor([[1, 0]]))]
  )
  close(t, mix.values[0], [2, 3], 1e-14, 'an operator that mixes entries reads 0 as "stays as it is"')
  // A sample of which nothing is asked claims nothing behind such an operator either.
  const M = tensor([
    [1, 1],
    [1, -1]
  ])
  const muted = run(
    [
      tensor([
        [1, 2],
        [1, 2]
      ])
    ],
    ([x]) => concat([matmul(x, M), mul(x, 1)], -1),
    [
      claim(
        tensor([
          [5, 1, 0, 0],
          [0, 0, 4, 4]
        ]),
        tensor([
          [1, 1, 0, 0],
          [0, 0, 1, 1]
        ])
      )
    ]
  )
  close(t, muted.values[0], [3, 2, 4, 4], 1e-14, 'per sample')
  t.notOk(
    muted.report.rungs.some(r => r.kind === 'block'),
    'and so there is no conflict'
  )
  const silent = run([tensor([1])], ([x]) => mul(x, 2), [claim(tensor([9]), tensor([0]))])
  t.same([silent.values[0], silent.report.mismatch, silent.report.rungs.length], [[1], [0], 0], 'no claim at all')
})

t.test('a block claims what it can move', async t => {
  // A second difference: regular cotangents would cancel in it.
  const n = 60
  const D = zeros([n, n])
  for (let i = 0; i < n; i++)
    for (const [j, c] of [
      [i - 1, 1],
      [i, -2],
      [i + 1, 1]
    ])
      if (j >= 0 && j < n) D.data[j * n + i] = c
  const laplace = bare('laplace', x => matmul(x, D))
  const r = run([random(1).normal([2, n])], ([x]) => laplace(x), [random(2).normal([2, n])])
  t.equal(r.targets[0].weight, null, 'everything')
  // Newton's tolerance, 1e-12 of a mismatch of about 25.
  t.ok(r.report.mismatch.every(m => m < 1e-10))
  const still = run([random(1).normal([2, n])], ([x]) => laplace(x), [laplace(random(1).normal([2, n]))])
  t.equal(still.targets[0].weight, null, 'also where nothing has to move')
  const first = bare('first', x => square(slice(x, -1, 0, 1)))
  const one = run([tensor([[2, 5]])], ([x]) => first(x), [tensor([[9]])])
  t.same([...one.targets[0].weight!.data], [1, 0])
  close(t, one.values[0], [3, 5], 1e-11, 'the rest stays')
})

t.test('rungs that are refused say why', async t => {
  const refusing = defineBlock({
    name: 'refusing',
    forward: ([x]) => mul(x, 3),
    inverse: { kind: 'exact', apply: () => ({ refuse: 'not today' }) },
    examples: () => []
  })
  const r = run([tensor([1])], ([x]) => apply(refusing, [x]), [tensor([6])])
  t.same(r.report.rungs[0].refused, [{ rung: 'exact', reason: 'not today' }])
  t.match(r.report.toString(), /^newton {2}refusing .*exact refused: not today/)
  close(t, r.values[0], [2], 1e-14, 'newton instead')
  const declared = defineBlock({
    name: 'declared',
    forward: ([x]) => mul(x, 3),
    inverse: { kind: 'exact', apply: (_, c) => [claim(mul(c.value, 1 / 3), c.weight)] },
    examples: () => []
  })
  t.equal(run([tensor([1])], ([x]) => apply(declared, [x]), [tensor([6])]).report.rungs[0].rung, 'exact')
  const off = run([tensor([1])], ([x]) => exp(x), [tensor([6])], { ladder: [local, newton()] })
  t.equal(off.show, 'block  exp (1 site): the rule of exp is exact, which is not on the ladder')
  const before = run([tensor([1])], ([x]) => exp(x), [tensor([6])], { ladder: [newton(), exact] })
  t.equal(before.show, 'block  exp (1 site): newton stands before exact on the ladder')
  t.throws(() => run([tensor([1])], ([x]) => cubic(x), [tensor([6])], { ladder: [exact] }), { code: 'ERR_INVERSE' })
  t.throws(() => run([tensor([1])], ([x]) => exp(x), [tensor([6])], { ladder: [local] }), { code: 'ERR_INVERSE' })
  // exp ỹ = -1 has no answer: that sample alone goes on to the solvers, which end as near as they get.
  const half = run([tensor([[1], [1]])], ([x]) => exp(x), [tensor([[-1], [2]])])
  t.match(half.report.rungs[0].rung, /^exact and (newton|adjoint)$/)
  t.match(half.report.rungs[0].refused[0].reason, '1 of 2 samples')
  t.equal(half.values[0][1], Math.log(2), 'the other sample keeps its exact answer, every bit')
  t.ok(half.report.mismatch[1] < 1e-15 && half.report.mismatch[0] < Math.E + 1 && half.report.mismatch[0] > 1)
})

t.test('adjoint: the Cauchy step per sample, and plain gradient descent', async t => {
  const r = random(7)
  const [A, x, goal] = [r.normal([3, 2]), r.normal([4, 3]), r.normal([4, 2])]
  const f = (x: Tensor) => sin(matmul(x, A))
  const only = (rung: ReturnType<typeof adjoint>) => run([x], ([x]) => bare('f', f)(x), [goal], { ladder: [rung] })
  const expected = (step?: number) => {
    const out: number[] = []
    for (let b = 0; b < 4; b++) {
      const xb = tensor(x.data.slice(3 * b, 3 * b + 3), { shape: [1, 3] })
      const { value, J } = jacobian(f)(xb)
      const res = [0, 1].map(k => goal.data[2 * b + k] - value.data[k])
      const g = [0, 1, 2].map(j => J.data[j] * res[0] + J.data[3 + j] * res[1])
      const Jg = [0, 1].map(k => g.reduce((s, v, j) => s + J.data[3 * k + j] * v, 0))
      const dot = (a: number[]) => a.reduce((s, v) => s + v * v, 0)
      let length = step ?? dot(g) / dot(Jg)
      // Halved where the mismatch would grow.
      const miss = (a: number) =>
        Math.hypot(...f(tensor([g.map((v, j) => xb.data[j] + a * v)])).data.map((v, k) => v - goal.data[2 * b + k]))
      while (step === undefined && !(miss(length) < Math.hypot(...res))) length /= 2
      out.push(...g.map((v, j) => xb.data[j] + length * v))
    }
    return out
  }
  const cauchy = only(adjoint())
  close(t, cauchy.values[0], expected(), 1e-14, 'Cauchy')
  t.same(cauchy.report.rungs[0].status, Array(4).fill('one step'))
  close(t, only(adjoint({ step: 0.1 })).values[0], expected(0.1), 1e-15, 'x̃ = x + 0.1 Jᵀ(ỹ - y)')
})

t.test('lbfgs and newton agree on P(x) = (x0, x1²)', async t => {
  const P = bare('P', x => stack([at(x, 0), square(at(x, 1))]))
  for (const [x, y] of [
    [
      [3, 3],
      [1, 4]
    ],
    [
      [-1, -0.5],
      [5, 9]
    ],
    [
      [0.1, 2],
      [-3, 1]
    ]
  ]) {
    const solve = (rung: ReturnType<typeof newton>) =>
      run([tensor([x])], ([x]) => P(x), [tensor([y])], { ladder: [rung] })
    const exactly = [y[0], Math.sign(x[1]) * Math.sqrt(y[1])]
    // As asked of the numerical inverse of this example: 1e-9 of the analytic one.
    close(t, solve(newton()).values[0], exactly, 1e-9, `newton from ${x}`)
    close(t, solve(lbfgs()).values[0], exactly, 1e-9, `lbfgs from ${x}`)
  }
})

t.test('newton by LSMR on products gives what the dense Jacobian gives', async t => {
  const r = random(11)
  const [A, C] = [r.normal([9, 6]), r.normal([6, 5])]
  const f = bare('f', x => add(matmul(sin(matmul(x, A)), C), matmul(x, r.split('b').normal([9, 5]))))
  const x = r.uniform([3, 9], -0.4, 0.4)
  const goal = f(
    tensor(
      x.data.map(v => v + 0.1 * (r.next() - 0.5)),
      { shape: [3, 9] }
    )
  )
  const dense = run([x], ([x]) => f(x), [goal])
  const products = run([x], ([x]) => f(x), [goal], { ladder: [newton({ dense: 0 })] })
  t.ok(
    products.report.mismatch.every(m => m < 1e-11),
    products.report.toString()
  )
  // LSMR stops at 1e-12 of a system whose condition is some tens.
  close(t, products.values[0], dense.values[0], 1e-10, 'x̃')
})

t.test('samples are independent: permuted with the batch bit for bit, and a lost one changes nothing', async t => {
  const r = random(13)
  const [A, W] = [r.normal([4, 4]), r.normal([8, 3])]
  const build = ([x]: readonly Tensor[]) => matmul(concat([cubic(sin(matmul(x, A))), exp(mul(x, 0.3))], -1), W)
  const rows = (t: Tensor, order: readonly number[]) => {
    const n = t.size / t.shape[0]
    return tensor(Float64Array.from(order.flatMap(b => [...t.data.subarray(b * n, (b + 1) * n)])), {
      shape: [order.length, n]
    })
  }
  const x = r.uniform([5, 4], -0.3, 0.3)
  const goal = build([r.uniform([5, 4], -0.3, 0.3)])
  const whole = run([x], build, [goal])
  const order = [3, 0, 4, 1, 2]
  const permuted = run([rows(x, order)], build, [rows(goal, order)])
  t.same(permuted.values[0], [...rows(whole.targets[0].value, order).data], 'x̃')
  t.same(
    permuted.report.mismatch,
    order.map(b => whole.report.mismatch[b]),
    'mismatch'
  )
  // A sample whose x is NaN, and one whose output is not finite.
  for (const [v, what] of [
    [Number.NaN, 'NaN'],
    [1e9, 'overflow']
  ] as const) {
    const bad = tensor(Float64Array.from([...x.data, v, v, v, v]), { shape: [6, 4] })
    const more = run([bad], build, [tensor(Float64Array.from([...goal.data, 1, 1, 1]), { shape: [6, 3] })])
    t.same(more.values[0].slice(0, 20), whole.values[0], `${what}: the others keep every bit`)
    t.same(more.report.mismatch.slice(0, 5), whole.report.mismatch, what)
    t.notOk(Number.isFinite(more.report.mismatch[5]), `${what} shows in the report`)
    t.same(more.values[0].slice(20), [v, v, v, v], `${what} stays`)
  }
  const single = run([rows(x, [2])], build, [rows(goal, [2])])
  close(t, single.values[0], [...rows(whole.targets[0].value, [2]).data], 1e-14, 'alone')
})

t.test('nothing to do, nothing that helps, nothing there', async t => {
  const x = tensor([[0.3, 0.4]])
  for (const f of [cubic, sin, (x: Tensor) => add(sin(x), square(x))]) {
    const still = run([x], ([x]) => f(x), [f(x)])
    t.same(still.values[0], [0.3, 0.4], 'a goal equal to the output moves nothing')
    t.same(still.report.mismatch, [0])
    t.ok(still.report.rungs.every(g => !g.status || g.status.every(s => s === 'converged')))
  }
  const scaled = run([x], ([x]) => cubic(x), [cubic(x)], { scales: new Map([[x, 0.3]]) })
  t.same(scaled.values[0], [0.3, 0.4], 'nor in other units')
  // x² at 0: the Jacobian is 0, nothing knows where to go.
  const flat = run([tensor([[0]])], ([x]) => parabola(x), [tensor([[1]])])
  t.same(flat.values[0], [0])
  t.same(flat.report.rungs[0].refused, [{ rung: 'newton', reason: 'lost rank' }])
  t.match(flat.report.toString(), 'unreachable')
  // Out of reach with curvature: the nearest output, found by newton and not given up for one gradient step.
  const curve = bare('curve', x => concat([x, mul(square(x), 0.5)], -1))
  const near = run([tensor([[1]])], ([x]) => curve(x), [tensor([[0, 3]])])
  t.equal(near.report.rungs[0].rung, 'newton')
  // Least (x)² + (x²/2 - 3)²: 2x + 2(x²/2 - 3) x = 0, x = 2.
  close(t, near.values[0], [2], 1e-6, 'the nearest point of the parabola')
  const empty = run([zeros([0, 2])], ([x]) => cubic(mul(x, 2)), [zeros([0, 2])])
  t.same([empty.values[0], empty.report.rungs.length], [[], empty.report.rungs.length], 'no samples')
  // Rounding: a goal that is only a few units in the last place away is reached, not refused.
  const simulate = bare('simulate', x => {
    for (let k = 0; k < 200; k++) x = add(x, mul(sin(x), 0.01))
    return x
  })
  const y = simulate(x)
  const tiny = run([x], ([x]) => simulate(x), [
    tensor(
      y.data.map(v => v * (1 + 1e-14)),
      { shape: y.shape }
    )
  ])
  t.same(tiny.report.rungs[0].rung, 'newton')
  t.same(tiny.report.rungs[0].refused, [])
})

t.test('f32 tensors', async t => {
  const x = tensor([[0.3, 0.4]], { dtype: 'f32' })
  const f = (x: Tensor) => concat([cubic(sin(x)), mul(exp(x), 2)], -1)
  const r = run([x], ([x]) => f(x), [f(tensor([[0.5, 0.1]], { dtype: 'f32' }))])
  // The claims agree to rounding of f32, which is no conflict; some roundings of 6e-8.
  close(t, r.values[0], [0.5, 0.1], 1e-6, 'x̃')
  t.equal(r.targets[0].value.dtype, 'f32')
  t.notOk(
    r.report.rungs.some(g => g.refused.length > 0 || g.dropped),
    r.report.toString()
  )
  const mixed = run([x], ([x]) => cubic(cast(sin(x), 'f64')), [tensor([[0.2, 0.3]])])
  t.ok(mixed.report.mismatch[0] < 1e-7)
})

t.test('one Newton step is least squares per sample, thousands at a time', async t => {
  const B = 4000
  const r = random(17)
  const x = r.normal([B, 2])
  const f = bare('rotate', x => concat([sub(at2(x, 0), mul(at2(x, 1), 0.5)), add(at2(x, 0), at2(x, 1))], -1))
  const at2 = (x: Tensor, i: number) => slice(x, -1, i, i + 1)
  const start = performance.now()
  const found = run([x], ([x]) => f(x), [r.normal([B, 2])])
  t.comment(`${B} samples of two unknowns: ${(performance.now() - start).toFixed(0)} ms`)
  t.ok(found.report.mismatch.every(m => m < 1e-13))
})

t.test('the plan and the mistakes that are caught before a sweep', async t => {
  using tape = new Tape()
  const x = tape.watch(tensor([1]))
  const y = tape.record(() => square(sin(x)))
  t.equal(
    showPlan(planTargets(tape, [y], [x])),
    'local  square (1 site): rule of square\nlocal  sin (1 site): rule of sin'
  )
  const wrong: readonly [string, () => unknown, string][] = [
    ['no goal', () => targetSweep(tape, [], [x]), 'ERR_GRADIENT'],
    ['no boundary', () => targetSweep(tape, [[y, tensor([1])]], []), 'ERR_GRADIENT'],
    ['boundary twice', () => targetSweep(tape, [[y, tensor([1])]], [x, x]), 'ERR_GRADIENT'],
    ['a stranger', () => targetSweep(tape, [[tensor([1]), tensor([1])]], [x]), 'ERR_GRADIENT'],
    ['wrong way', () => planTargets(tape, [x], [y]), 'ERR_GRADIENT'],
    ['shape', () => targetSweep(tape, [[y, tensor([1, 2])]], [x]), 'ERR_SHAPE'],
    ['shape of the weight', () => targetSweep(tape, [[y, claim(tensor([1]), tensor([1, 2]))]], [x]), 'ERR_SHAPE'],
    ['dtype', () => targetSweep(tape, [[y, tensor([1], { dtype: 'f32' })]], [x]), 'ERR_DTYPE'],
    ['NaN', () => targetSweep(tape, [[y, tensor([Number.NaN])]], [x]), 'ERR_NON_FINITE'],
    ['weight', () => targetSweep(tape, [[y, claim(tensor([1]), tensor([-1]))]], [x]), 'ERR_OPTION']
  ]
  for (const [what, call, code] of wrong) t.throws(call, { code }, what)
  t.throws(
    () => localInverse(sin)(tensor([2]), tensor([1])),
    { code: 'ERR_INVERSE' },
    'localInverse throws out of reach'
  )
})

t.test('a chain of four operators on four rungs', async t => {
  const stiffen = bare('stiffen', x => add(x, mul(mul(square(x), x), 0.2)))
  const build = ([x]: readonly Tensor[]) => parabola(stiffen(diffuse(sin(x), 0.05)))
  const r = random(19)
  const x = r.uniform([2, 4, 4], 0.4, 0.8)
  const y = build([x])
  // All in reach but two entries, asked to be negative squares.
  const goal = tensor(
    y.data.map((v, i) => (i === 3 || i === 20 ? -0.1 : v * (1 + 0.02 * Math.sin(i)))),
    { shape: y.shape }
  )
  const found = run([x], build, [goal])
  const text = found.report.toString()
  t.comment(`the plan\n${found.show}\nthe report\n${text}`)
  const lines = text.split('\n')
  t.equal(lines.length, 5)
  const e = '\\d\\.\\de[-+]\\d+'
  t.match(
    lines[0],
    new RegExp(
      `^adjoint  parabola \\(1 site, \\d+ iterations\\), mismatch ${e}: parabola has no inverse rule; newton refused: no descent$`
    )
  )
  t.match(
    lines[1],
    new RegExp(`^newton  stiffen \\(1 site, \\d+ iterations\\), mismatch ${e}: stiffen has no inverse rule$`)
  )
  t.match(lines[2], new RegExp(`^regularised  diffuse \\(1 site\\), mismatch ${e}: rule of diffuse$`))
  t.match(lines[3], new RegExp(`^local  sin \\(1 site\\), mismatch ${e}: rule of sin$`))
  t.match(lines[4], new RegExp(`^end to end: mismatch ${e}, before ${e} \\(largest of 2 samples\\)$`))
  const [atAdjoint, atNewton] = found.report.rungs.map(g => Math.max(...g.mismatch))
  t.ok(atAdjoint > 0.1 && atAdjoint < Math.max(...found.report.before), 'the gradient step helps, and cannot reach')
  t.ok(atNewton < 1e-10, 'newton reaches what the gradient step asked for')
  for (const [b, m] of found.report.mismatch.entries()) t.ok(m < found.report.before[b], `sample ${b} is nearer`)
})

t.test('a gradient that is not finite is said to be that, and moves nothing', t => {
  const tape = new Tape()
  const x = tape.watch(tensor([[0], [8]]))
  const y = tape.record(() => add(cbrt(x), x))
  const { targets, report } = targetSweep(tape, [[y, tensor([[0.5], [11]])]], [x])
  t.equal(targets[0].value.data[0], 0, 'the slope of the cube root is infinite at 0')
  t.ok(
    Math.abs(Math.cbrt(targets[0].value.data[1]) + targets[0].value.data[1] - 11) < 1e-9,
    'the other sample is solved'
  )
  t.ok(report.rungs[0].refused.some(r => r.rung === 'adjoint' && r.reason === 'not finite in 1 of 2 samples'))
  t.end()
})

t.test('a target whose square is infinite, and one whose square is 0, count as out of reach too', t => {
  t.throws(() => localInverse(sigmoid)(tensor([1e200]), tensor([0.1])), { code: 'ERR_INVERSE' })
  t.throws(() => localInverse(sqrt)(tensor([-1e200]), tensor([0.1])), { code: 'ERR_INVERSE' })
  t.throws(() => localInverse(square)(tensor([-1e-200]), tensor([1e-100])), { code: 'ERR_INVERSE' })
  t.end()
})
