import { Matrix, SVD } from 'ml-matrix'
import t from 'tap'
import {
  apply,
  defineBlock,
  jacobian,
  type Policy,
  type Random,
  random,
  Tape,
  type TargetReport,
  type Targets,
  Tensor,
  targetSweep,
  tensor
} from '../../core/index.js'
import {
  add,
  concat,
  cos,
  div,
  exp,
  expand,
  matmul,
  mul,
  permute,
  reshape,
  sin,
  slice,
  square,
  stack,
  sub,
  sum,
  tanh
} from '../../ops/index.js'

/**
 * Random graphs: the target sweep against dense Gauss-Newton over the whole graph. Where the solution is unique both must
 * find it. Where it is not, a chain of blocks may rightly end at another solution than one large block (each block takes
 * the smallest change of its own entries, not of the boundary), and only the residual is compared.
 */

type Build = (xs: readonly Tensor[]) => Tensor

const last = (x: Tensor) => x.shape[x.rank - 1]
const constant = (r: Random, n: number, low: number, high: number) => r.uniform([n], low, high)
/** Near the identity, so that graphs of several layers stay well conditioned. */
const square0 = (r: Random, n: number, m = n) => {
  const W = r.uniform([n, m], -0.4, 0.4)
  for (let i = 0; i < Math.min(n, m); i++) W.data[i * m + i] += 1
  return W
}

/** Two leapfrog steps of springs with a cubic term: [..., q | v]. */
const spring = (s: Tensor, push?: Tensor): Tensor => {
  const n = last(s) / 2
  let [q, v] = [slice(s, -1, 0, n), slice(s, -1, n)]
  for (let k = 0; k < 2; k++) {
    const force = add(q, mul(mul(square(q), q), 0.3))
    v = sub(v, mul(push ? sub(force, push) : force, 0.2))
    q = add(q, mul(v, 0.2))
  }
  return concat([q, v], -1)
}
const examples = (r: Random) => [{ inputs: [r.normal([2, 4])] }]
const springs = defineBlock({ name: 'springs', forward: ([s]) => spring(s), examples })
const driven = defineBlock({
  name: 'driven',
  forward: ([s, u]) => spring(s, slice(u, -1, 0, last(s) / 2)),
  examples: r => [{ inputs: [r.normal([2, 4]), r.normal([2, 4])] }]
})

/** y = f(x) entry by entry, with slopes that are not small for |x| < 1.5. */
const bend: readonly ((r: Random, x: Tensor) => Tensor)[] = [
  (_, x) => sin(mul(x, 0.7)),
  (_, x) => cos(add(mul(x, 0.5), 1.5)),
  (_, x) => exp(mul(x, 0.5)),
  (_, x) => tanh(mul(x, 0.6)),
  (_, x) => mul(square(add(x, 3)), 0.15),
  (r, x) => mul(x, constant(r, last(x), 0.7, 1.4)),
  (r, x) => div(x, constant(r, last(x), 0.7, 1.4)),
  (r, x) => sub(constant(r, last(x), -0.5, 0.5), x),
  (r, x) => add(x, constant(r, last(x), -0.5, 0.5))
]
const bent = (r: Random, x: Tensor) => bend[r.integer(0, bend.length)](r, x)

/** Layers that keep the shape [..., n], n even, and are locally invertible. */
const layers: readonly ((r: Random, x: Tensor) => Tensor)[] = [
  bent,
  bent,
  (r, x) => matmul(x, square0(r, last(x))),
  (_, x) => {
    const lead = x.shape.slice(0, -1)
    const n = last(x)
    const k = lead.length
    return reshape(permute(reshape(x, [...lead, n / 2, 2]), [...lead.keys(), k + 1, k]), x.shape)
  },
  // One tensor in two places, all of it (case b), …
  (r, x) => add(bent(r, x), mul(x, 1.5)),
  (_, x) => add(x, mul(expand(sum(x, -1, true), x.shape), 0.3 / last(x))),
  (r, x) => mul(x, add(2, mul(bent(r, x), 0.2))),
  // … or parts of it: a coupling (case c), …
  (r, x) => {
    const h = last(x) / 2
    const [a, b] = [slice(x, -1, 0, h), slice(x, -1, h)]
    return concat([bent(r, a), add(b, mul(bent(r, a), 0.5))], -1)
  },
  (r, x) => {
    const h = last(x) / 2
    const [a, b] = [slice(x, -1, 0, h), slice(x, -1, h)]
    return concat([mul(b, add(2, mul(sin(a), 0.3))), bent(r, a)], -1)
  },
  // … or parts that do not meet.
  (r, x) => {
    const parts = Array.from({ length: last(x) }, (_, i) => reshape(slice(x, -1, i, i + 1), x.shape.slice(0, -1)))
    return stack(parts.map(p => bent(r, reshape(p, [...p.shape, 1]))).map(p => reshape(p, x.shape.slice(0, -1))))
  },
  // Two branches, each of which mixes entries and has a smallest change of its own: claims disagree (case d).
  (r, x) => {
    const h = last(x) / 2
    return concat([matmul(x, square0(r, last(x), h)), matmul(bent(r, x), reversed(square0(r, last(x), h)))], -1)
  },
  (r, x) => matmul(concat([bent(r, x), bent(r, x)], -1), tall(r, last(x))),
  // Simulators: blocks without a rule (case a), and one that lies open on the tape.
  (_, x) => apply(springs, [x]),
  (_, x) => spring(x),
  (r, x) => {
    const A = r.uniform([last(x), last(x)], -0.5, 0.5)
    for (let k = 0; k < 3; k++) x = add(x, mul(add(matmul(x, A), sin(x)), 0.1))
    return x
  }
]

const reversed = (W: Tensor) => {
  const [n, m] = W.shape
  return new Tensor(
    W.shape,
    W.data.map((_, i) => W.data[(n - 1 - Math.floor(i / m)) * m + (i % m)])
  )
}
/** [2n, n]: both halves near the identity. */
const tall = (r: Random, n: number) => {
  const W = r.uniform([2 * n, n], -0.3, 0.3)
  for (let i = 0; i < n; i++) {
    W.data[i * n + i] += 1
    W.data[(n + i) * n + i] += 0.5
  }
  return W
}

/** How several boundary tensors come together. */
const joins: readonly ((r: Random, xs: readonly Tensor[]) => Tensor)[] = [
  (_, xs) => xs.reduce((a, b) => add(a, b)),
  (_, xs) => xs.reduce((a, b) => sub(a, b)),
  (_, xs) => xs.reduce((a, b) => mul(add(a, 2), add(b, 2))),
  (_, xs) => apply(driven, [xs[0], xs[1]]),
  (_, xs) => concat(xs, -1),
  (_, xs) => concat(xs.map(sin), -1)
]

/** What is asked of the end: all of it (the solution is unique), or less. */
const ends: readonly ((r: Random, x: Tensor) => Tensor)[] = [
  (_, x) => x,
  (_, x) => x,
  (_, x) => slice(x, -1, 0, last(x) / 2),
  (r, x) => matmul(x, square0(r, last(x), last(x) - 1)),
  (_, x) => sum(x, -1, true)
]

/** ---- the reference: one problem, dense, minimum norm, from x ---- */

interface Reference {
  x: Float64Array
  residual: number
  /** Smallest over largest singular value of the Jacobian at the end, 0 where it has more columns than rank. */
  condition: number
}

function gaussNewton(f: (flat: Tensor) => Tensor, x0: Float64Array, goal: Tensor): Reference {
  const m = goal.size
  const n = x0.length
  const value = (x: Float64Array) => f(tensor(x)).data
  const miss = (x: Float64Array) => Math.hypot(...value(x).map((v, i) => goal.data[i] - v))
  let x = x0
  let residual = miss(x)
  let condition = 0
  for (let k = 0; k < 60; k++) {
    const J = jacobian(f)(tensor(x)).J
    const {
      leftSingularVectors: U,
      diagonal: s,
      rightSingularVectors: V
    } = new SVD(Matrix.from1DArray(m, n, Array.from(J.data)), { autoTranspose: true })
    condition = m >= n ? s[n - 1] / s[0] : 0
    const r = value(x).map((v, i) => goal.data[i] - v)
    const step = new Float64Array(n)
    s.forEach((sigma, j) => {
      if (!(sigma > 1e-10 * s[0])) return
      let c = 0
      for (let i = 0; i < m; i++) c += U.get(i, j) * r[i]
      for (let i = 0; i < n; i++) step[i] += (V.get(i, j) * c) / sigma
    })
    let a = 1
    let next = x.map((v, i) => v + a * step[i])
    while (a > 1e-6 && !(miss(next) < residual)) {
      a /= 2
      next = x.map((v, i) => v + a * step[i])
    }
    if (!(miss(next) < residual)) break
    x = next
    residual = miss(x)
  }
  return { x, residual, condition }
}

/** ---- one graph ---- */

interface Case {
  xs: Tensor[]
  build: Build
  goal: Tensor
}

const flatten = (xs: readonly Tensor[]) => Float64Array.from(xs.flatMap(x => [...x.data]))

function unflatten(flat: Tensor, like: readonly Tensor[]): Tensor[] {
  let at = 0
  return like.map(x => reshape(slice(flat, 0, at, (at += x.size)), x.shape))
}

function sweep({ xs, build, goal }: Case, policy: Partial<Policy> = {}): Targets {
  using tape = new Tape()
  tape.watch(xs)
  const y = tape.record(() => build(xs))
  return targetSweep(tape, [[y, goal]], xs, policy)
}

/** A goal in reach: the output at a point near x. */
const nearby = (r: Random, xs: readonly Tensor[], build: Build, distance: number) =>
  build(
    xs.map(
      x =>
        new Tensor(
          x.shape,
          x.data.map(v => v + distance * (2 * r.next() - 1))
        )
    )
  )

function randomCase(seed: number): Case {
  const r = random(seed)
  const lead = [[], [2], [3]][r.integer(0, 3)]
  const n = [2, 4][r.integer(0, 2)]
  const several = r.next() < 0.35
  const depth = r.integer(1, 5)
  const xs = Array.from({ length: several ? 2 : 1 }, () => r.uniform([...lead, n], -0.8, 0.8))
  // The same draws at every run of the graph.
  const build: Build = inputs => {
    const g = random(seed).split('graph')
    let x = several ? joins[g.integer(0, joins.length)](g, inputs) : inputs[0]
    for (let k = 0; k < depth; k++) x = layers[g.integer(0, layers.length)](g, x)
    return ends[g.integer(0, ends.length)](g, x)
  }
  // Near, where all operators are close to linear, and not so near.
  return { xs, build, goal: nearby(r, xs, build, seed % 2 ? 0.05 : 0.2) }
}

const sizeOf = (report: TargetReport) => Math.hypot(...report.mismatch)

const tally = { rungs: new Map<string, number>(), cases: new Map<string, number>(), blocks: 0, dropped: 0 }
const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1)
const CASES: readonly [string, RegExp][] = [
  ['a', /has no inverse rule/],
  ['b', /meet again at|uses one input twice/],
  ['c', /depend on each other/],
  ['d', /claims disagree/],
  ['choice', /independent inputs/]
]

function tallyUp({ report }: Targets): void {
  const rungs = new Set<string>()
  const cases = new Set<string>()
  for (const rung of report.rungs) {
    for (const name of rung.rung.split(' and ')) rungs.add(name)
    if (rung.kind === 'block') tally.blocks++
    if (rung.dropped) tally.dropped++
    for (const [name, pattern] of CASES) if (pattern.test(rung.reason)) cases.add(name)
  }
  for (const name of rungs) count(tally.rungs, name)
  for (const name of cases) count(tally.cases, name)
}

const GRAPHS = 500

t.test(`${GRAPHS} random graphs against dense Gauss-Newton over the whole graph`, async t => {
  const counts = { chain: 0, whole: 0, unique: 0, several: 0, samples: 0, referenceMissed: 0 }
  let worstResidual = 0
  let worstX = 0
  for (let seed = 0; seed < GRAPHS; seed++) {
    const c = randomCase(seed)
    const found = sweep(c)
    tallyUp(found)
    const targets = found.targets.map(g => g.value)
    const before = Math.hypot(...found.report.before)
    const reference = gaussNewton(flat => c.build(unflatten(flat, c.xs)), flatten(c.xs), c.goal)
    // The report's own number, by a replay of the test's.
    const y = c.build(targets)
    const residual = Math.hypot(...y.data.map((v, i) => v - c.goal.data[i]))
    if (!(Math.abs(residual - sizeOf(found.report)) <= 1e-12 + 1e-9 * residual))
      t.fail(`graph ${seed}: the report says ${sizeOf(found.report)}, a replay ${residual}`)
    if (c.xs.length > 1) counts.several++
    if (c.xs[0].rank > 1) counts.samples++
    if (!(reference.residual <= 1e-9 * before)) {
      counts.referenceMissed++
      continue
    }
    const about = `graph ${seed} (${c.xs.length} boundary tensors of ${c.xs[0].shape})`
    // Newton stops at 1e-12 of each block's own mismatch, and the layers above amplify what is left by a few tens.
    const near = (m: number) => m <= 1e-9 * before
    const unique = reference.condition > 1e-3
    if (near(residual)) {
      counts.chain++
      worstResidual = Math.max(worstResidual, residual / before)
    } else if (unique) t.fail(`${about}: unique, residual ${residual / before}\n${found.report}`)
    else {
      // The smallest change of a tensor in the middle can be out of reach from the boundary, where another one is not
      // (a sum's even spread asks a sine for more than 1). The policy says what happens then.
      const whole = sweep(c, { whole: 'missed' })
      if (near(sizeOf(whole.report))) counts.whole++
      else t.fail(`${about}: residual ${sizeOf(whole.report) / before}\n${whole.report}`)
    }
    if (unique) {
      counts.unique++
      const x = flatten(targets)
      const apart = Math.max(...x.map((v, i) => Math.abs(v - reference.x[i])))
      worstX = Math.max(worstX, apart)
      if (!(apart <= 1e-8)) t.fail(`graph ${seed}: unique, yet x̃ differs by ${apart}\n${found.report}`)
    }
  }
  const show = (map: Map<string, number>) => [...map].map(([k, n]) => `${k} ${n}`).join(', ')
  t.comment(`graphs: ${GRAPHS}, several boundary tensors ${counts.several}, with a sample axis ${counts.samples}`)
  t.comment(
    `reached by the chain ${counts.chain}, as one block ${counts.whole}, unreached by the reference ${counts.referenceMissed}; unique ${counts.unique}`
  )
  t.comment(`graphs that used each rung: ${show(tally.rungs)}`)
  t.comment(`graphs with each case: ${show(tally.cases)}; blocks ${tally.blocks}, reports dropped ${tally.dropped}`)
  t.comment(
    `largest residual ${worstResidual.toExponential(1)} of before, largest |x̃ - reference| ${worstX.toExponential(1)}`
  )
  t.ok(counts.chain + counts.whole + counts.referenceMissed === GRAPHS, 'every goal in reach was reached')
  t.ok(counts.whole < 0.02 * GRAPHS, `${counts.whole} graphs needed more than the chain`)
  t.ok(counts.unique >= 100, `${counts.unique} graphs with a unique solution`)
  for (const [name] of CASES) t.ok((tally.cases.get(name) ?? 0) >= 5, `case ${name}: ${tally.cases.get(name)}`)
  for (const name of ['exact', 'local', 'structural', 'newton'])
    t.ok((tally.rungs.get(name) ?? 0) >= 10, `rung ${name}: ${tally.rungs.get(name)}`)
})

t.test('60 linear graphs, under-determined, solved as one block: the smallest change of all', async t => {
  // x is used twice, so that the whole graph is one block back to the boundary: the smallest change of the boundary.
  let worst = 0
  for (let seed = 0; seed < 60; seed++) {
    const r = random(seed).split('linear')
    const [B, n, m] = [r.integer(1, 4), r.integer(3, 7), r.integer(1, 3)]
    const xs = Array.from({ length: r.integer(1, 3) }, () => r.normal([B, n]))
    const W = xs.flatMap(() => [r.normal([n, m]), r.normal([n, m])])
    const v = r.normal([n])
    const build: Build = inputs =>
      inputs.map((x, i) => add(matmul(x, W[2 * i]), matmul(mul(x, v), W[2 * i + 1]))).reduce((a, b) => add(a, b))
    const found = sweep({ xs, build, goal: r.normal([B, m]) })
    t.match(found.report.rungs.at(-1)?.rung, 'newton', `graph ${seed}`)
    if (xs.length > 1) {
      // The sum of two boundary tensors' outputs halves the change; then each is a block. That is another metric, so
      // only the residual can be compared, and the change within each tensor.
      t.ok(sizeOf(found.report) < 1e-11, `graph ${seed}: residual`)
      continue
    }
    // Reference: x + (goal - y) M⁺ with the pseudo-inverse of M = W + diag(v) W'.
    const M = Matrix.zeros(n, m)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++) M.set(i, j, W[0].data[i * m + j] + v.data[i] * W[1].data[i * m + j])
    const { leftSingularVectors: U, diagonal: s, rightSingularVectors: V } = new SVD(M, { autoTranspose: true })
    const y = build(xs)
    const claimed = found.targets[0].value
    const got = build([claimed])
    let apart = 0
    for (let b = 0; b < B; b++)
      for (let i = 0; i < n; i++) {
        let change = 0
        s.forEach((sigma, k) => {
          let c = 0
          for (let j = 0; j < m; j++) c += (got.data[b * m + j] - y.data[b * m + j]) * V.get(j, k)
          change += (U.get(i, k) * c) / sigma
        })
        apart = Math.max(apart, Math.abs(claimed.data[b * n + i] - xs[0].data[b * n + i] - change))
      }
    worst = Math.max(worst, apart * (s[s.length - 1] / s[0]))
    t.ok(sizeOf(found.report) < 1e-11, `graph ${seed}: residual`)
  }
  // One least-squares solve: rounding, times the condition, which is divided out above.
  t.comment(`largest difference to the pseudo-inverse ${worst.toExponential(1)}`)
  t.ok(worst < 1e-13)
})

t.test('60 chains of exact, local and structural rules keep the promises of their laws', async t => {
  const steps: readonly ((r: Random, x: Tensor) => Tensor)[] = [
    ...bend,
    (r, x) => matmul(x, square0(r, last(x))),
    (_, x) => reshape(x, [...x.shape.slice(0, -1), 2, last(x) / 2]),
    (_, x) => permute(x, [...x.shape.slice(0, -2).keys(), x.rank - 1, x.rank - 2]),
    (r, x) => concat([slice(x, -1, 1), bent(r, slice(x, -1, 0, 1))], -1)
  ]
  let worst = 0
  for (let seed = 0; seed < 60; seed++) {
    const r = random(seed).split('chain')
    const x = r.uniform([3, 4], -0.8, 0.8)
    const depth = r.integer(1, 7)
    const build: Build = ([x0]) => {
      const g = random(seed).split('steps')
      let y = x0
      for (let k = 0; k < depth; k++) {
        const step = steps[g.integer(0, steps.length)](g, y)
        // An odd last axis cannot be halved by the next reshape.
        y = last(step) % 2 === 0 ? step : bent(g, y)
      }
      return y
    }
    const { report, targets } = sweep({ xs: [x], build, goal: nearby(r, [x], build, 0.05) })
    for (const rung of report.rungs) t.equal(rung.kind, 'rule', `chain ${seed}: ${rung.ops}`)
    // Round trip P(P⁻¹(ỹ; x)) = ỹ, to the rounding of some ten operators with slopes between 0.2 and 3.
    const relative = sizeOf(report) / Math.hypot(...report.before)
    worst = Math.max(worst, relative)
    t.ok(relative < 1e-12, `chain ${seed}: round trip ${relative}\n${report}`)
    // Fixpoint P⁻¹(P(x); x) = x, to the same rounding.
    const still = sweep({ xs: [x], build, goal: build([x]) })
    const moved = Math.max(...still.targets[0].value.data.map((v, i) => Math.abs(v - x.data[i])))
    t.ok(moved < 1e-13, `chain ${seed}: fixpoint ${moved}`)
    t.ok(targets[0].weight?.data.every(w => w === 1) ?? true, `chain ${seed}: everything is claimed`)
  }
  t.comment(`largest residual ${worst.toExponential(1)} of before`)
})
