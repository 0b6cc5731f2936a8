import t, { type Test } from 'tap'
import {
  adjoint,
  apply,
  defineBlock,
  eye,
  full,
  localInverse,
  type Op,
  type Policy,
  random,
  Tape,
  type Tensor,
  targetSweep,
  tensor
} from '../../core/index.js'
import { isolate } from '../../core/targets/isolate.js'
import { add, stack as along, cholesky, inv, mul, reshape, sin, slice, solve, square, sum } from '../../ops/index.js'

const stack = (ts: readonly Tensor[]) => along(ts, 0)

/** A bad sample among good ones: nothing throws, it stays or is reported, and the others get what they get without it. */

function sweep(f: (x: Tensor) => Tensor, x: Tensor, target: Tensor, policy: Partial<Policy> = {}) {
  using tape = new Tape()
  tape.watch(x)
  const y = tape.record(() => f(x))
  const { targets, report } = targetSweep(tape, [[y, target]], [x], policy)
  return { value: targets[0].value, weight: targets[0].weight, report }
}

const rows = (t: Tensor, from: number, to: number): number[] => [...slice(t, 0, from, to).data]

/** Sample 0 is bad. `end` is the mismatch that it may have: nothing of it is reached. */
function good(
  test: Test,
  name: string,
  f: (x: Tensor) => Tensor,
  x: Tensor,
  target: Tensor,
  policy: Partial<Policy> = {}
) {
  const B = x.shape[0]
  const all = sweep(f, x, target, policy)
  const rest = sweep(f, slice(x, 0, 1), slice(target, 0, 1), policy)
  test.same(rows(all.value, 1, B), [...rest.value.data], `${name}: the good samples keep every bit`)
  test.same(all.report.mismatch.slice(1), rest.report.mismatch, `${name}: and their mismatch`)
  test.notOk(all.report.mismatch[0] > all.report.before[0], `${name}: the bad one is not further away`)
  test.ok(rows(all.value, 0, 1).every(Number.isFinite), `${name}: and has a finite value`)
  return all
}

const I = (n: number) => stack(Array.from({ length: n }, () => eye(2)))

t.test('a rule that refuses, an answer and a trial at which P throws', async t => {
  const ones = full([2, 2], 1)
  const two = mul(eye(2), 2)
  const refused = good(t, 'inv', inv, I(3), stack([ones, two, mul(eye(2), 4)]))
  t.match(refused.report.toString(), /singular.*in 1 of 3 samples/, 'the report says so')
  t.same(rows(refused.value, 1, 2), [0.5, 0, 0, 0.5], 'by the rule, not by a solver')

  const b = tensor([[1], [2]])
  const wish = tensor([
    [[1e200], [1]],
    [[1], [1]]
  ])
  good(t, 'solve', A => solve(A, b), I(2), wish)
  const alone = sweep(A => solve(A, tensor([1, 2])), eye(2), tensor([1e200, 1]))
  t.same([...alone.value.data], [1, 0, 0, 1], 'a batch of one: it stays')

  const L = tensor([
    [
      [1e-3, 0],
      [1e9, -1]
    ],
    [
      [2, 0],
      [0, 2]
    ]
  ])
  const c = good(t, 'cholesky', cholesky, I(2), L)
  t.match(c.report.toString(), 'no finite answer', 'why')

  // The wish that the block of inv leaves for sin is as good as singular, and sin cannot give it.
  const chain = good(t, 'a chain', x => inv(sin(x)), I(2), stack([ones, two]))
  t.same(
    chain.report.failed.map(f => f.sample),
    [0],
    'no target for sample 0'
  )
  t.same(rows(chain.value, 0, 1), [1, 0, 0, 1], 'it stays')
  t.same([...chain.weight!.data], [0, 0, 0, 0, 1, 1, 1, 1], 'and has no claim')
  t.match(chain.report.toString(), /no target for sample 0: inv .*singular/)

  // Newton, and a fixed step of plain gradient descent that lands on what throws.
  good(t, 'a block', x => add(inv(x), square(x)), I(3), stack([mul(ones, 3), mul(eye(2), 2.5), eye(2)]))
  good(t, 'a fixed step', x => inv(add(x, mul(square(x), 0))), I(2), stack([mul(eye(2), 2), mul(eye(2), 1.5)]), {
    ladder: [adjoint({ step: 1 })]
  })
})

t.test('a simulation that throws, errors of its own', async t => {
  const op: Op = defineBlock({
    name: 'fragile',
    forward: ([x]) => {
      if (x.data.some(v => Math.abs(v) > 3)) throw new RangeError('diverged')
      return sin(x)
    },
    examples: () => []
  })
  const x = tensor([[0.1], [0.2], [0.3]])
  const f = (x: Tensor) => apply(op, [mul(x, 1)])
  good(t, 'fragile', f, x, tensor([[1e30], [0.5], [0.1]]), { ladder: [adjoint({ step: 1 })] })
  const typo: Op = defineBlock({
    name: 'typo',
    forward: ([x]) => {
      if (x.data.some(v => v > 0.3)) throw new TypeError('undefined is not a function')
      return sin(x)
    },
    examples: () => []
  })
  t.throws(() => sweep(x => apply(typo, [x]), x, tensor([[0.9], [0.5], [0.1]])), TypeError, 'a mistake is not hidden')
})

t.test('NaN in a goal: no claim for that sample', async t => {
  const r = random(3)
  const x = r.uniform([3, 2], 0.1, 0.5)
  const target = r.uniform([3, 2], 0.1, 0.5)
  for (const [name, f] of [
    ['a rule', sin],
    ['a block', (x: Tensor) => add(sin(x), square(x))]
  ] as const)
    for (const bad of [Number.NaN, Infinity]) {
      const goal = tensor([bad, ...target.data.subarray(1)], { shape: [3, 2] })
      const all = sweep(f, x, goal)
      const rest = sweep(f, slice(x, 0, 1), slice(target, 0, 1))
      t.same(rows(all.value, 1, 3), [...rest.value.data], `${name}: the others keep every bit`)
      t.same(rows(all.value, 0, 1), rows(x, 0, 1), `${name}: it stays, all of it`)
      t.same([...all.weight!.data].slice(0, 2), [0, 0], `${name}: without a claim`)
      t.same(all.report.failed, [{ sample: 0, reason: 'its goal is NaN or infinity' }], name)
    }
  t.throws(() => sweep(sin, x, full([3, 2], Number.NaN)), { code: 'ERR_NON_FINITE' }, 'nothing left to ask')
  const mixed = (x: Tensor) => reshape(sum(x), [1])
  t.throws(() => sweep(mixed, x, tensor([Number.NaN])), { code: 'ERR_NON_FINITE' }, 'samples that are mixed')
})

t.test('localInverse throws', async t => {
  const chain = (x: Tensor) => inv(sin(x))
  t.throws(() => localInverse(chain, { tolerance: 10, whole: 'never' })(stack([full([2, 2], 1), eye(2)]), I(2)), {
    code: 'ERR_INVERSE',
    message: /sample 0/
  })
})

t.test('isolate: who is to blame', async t => {
  for (const bad of [[], [0], [6], [1, 2, 5], [0, 1, 2, 3, 4, 5, 6]]) {
    let runs = 0
    const { value, lost } = isolate(7, changed => {
      runs++
      if (bad.some(b => changed[b])) throw new RangeError('bad')
      return changed.map(Number)
    })
    t.same(
      lost.flatMap((l, b) => (l ? [b] : [])),
      bad,
      `${bad}`
    )
    t.same(
      value,
      lost.map(l => (l ? 0 : 1))
    )
    t.ok(runs <= 2 + 6 * bad.length, `${runs} runs`)
  }
  // Two that throw only together: nobody alone is to blame, all stay.
  const pair = isolate(4, changed => {
    if (changed[0] && changed[3]) throw new RangeError('together')
    return 0
  })
  t.same(pair.lost, [true, true, true, true])
  t.throws(
    () =>
      isolate(2, () => {
        throw new RangeError('always')
      }),
    RangeError,
    'as they were, too'
  )
})
