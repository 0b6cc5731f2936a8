import t from 'tap'
import { dotCheck } from '../../core/check/dotCheck.js'
import { derivativeAtZero } from '../../core/check/finiteDifference.js'
import { checkOp } from '../../core/check/index.js'
import { exponent } from '../../core/check/probe.js'
import { grad, localInverse, random, Tape, type Tensor, targetSweep, tensor, zeros } from '../../core/index.js'
import { add, complexTridiagonalSolve, div, mul, sqrt, square, sum } from '../../ops/index.js'
import { boxState, fidelity, type Simulator, schroedinger, splitStep, timeReversed } from '../../physics/index.js'
import { golden, relativeError } from '../golden.js'

interface Waves {
  re: number[][]
  im: number[][]
}
const pairs = (re: number[], im: number[]) => tensor([re.map((v, i) => [v, im[i]])])
const apart = (a: Tensor, b: Tensor): number => Math.max(...Array.from(a.data, (v, i) => Math.abs(v - b.data[i])))
const norm = (psi: Tensor): number => sum(square(psi)).item()
const wave = (seed: number, shape: number[]): Tensor => {
  const psi = random(seed).normal([...shape, 2])
  return div(psi, sqrt(sum(square(psi))))
}

t.test('the quantum dipole, step by step', async t => {
  const g = golden('quantum_dipole')
  const trajectory: Waves = g.trajectory
  const at = (k: number) => pairs(trajectory.re[k], trajectory.im[k])
  // The file's numbers are those of i ψ_t = -ψ_xx + u x ψ, although it says ½: mass ½ here.
  const settings = { points: 14, length: 2, mass: 0.5, dt: g.dt }
  const step = schroedinger({ ...settings, steps: 1 })
  let psi = at(0)
  t.ok(apart(psi, tensor([boxState(14, 1).toArray() as number[][]])) < 1e-15, 'the ground state')
  for (let k = 0; k < 20; k++) {
    psi = step(psi, tensor([[g.controls[k]]]))
    if (k % 5 === 4) t.ok(apart(psi, at(k + 1)) < 1e-14, `step ${k + 1}: ${apart(psi, at(k + 1)).toExponential(1)}`)
  }
  const whole = schroedinger({ ...settings, steps: 20 })(at(0), tensor([g.controls]))
  t.equal(apart(whole, psi), 0)
  const target = pairs(g.target.re, g.target.im)
  t.ok(Math.abs(1 - fidelity(target, whole).item() - g.loss) < 1e-14)
  for (const k of [1, 2, 3]) {
    const [re, im] = [g.eigenstates.re[k - 1], g.eigenstates.im[k - 1]]
    t.ok(Math.abs(fidelity(pairs(re, im), tensor([boxState(14, k).toArray() as number[][]])).item() - 1) < 1e-14)
  }
  const back = timeReversed(schroedinger({ ...settings, steps: 20 }))(whole, tensor([g.controls]))
  t.ok(apart(back, at(0)) < 1e-14, 'and back')
})

t.test('the norm over 10,000 steps', async t => {
  const r = random(0)
  const long = [
    ['Crank-Nicolson', schroedinger({ points: 14, dt: 0.05, steps: 1000 }), wave(1, [1, 14])],
    [
      'split-step',
      splitStep({ grid: [12], potential: r.normal([12]).data, control: r.normal([12]).data, steps: 1000 }),
      wave(1, [1, 12])
    ]
  ] as const
  for (const [name, P, start] of long) {
    let psi: Tensor = start
    let worst = 0
    for (let k = 0; k < 10; k++) {
      psi = P(psi, r.normal([1, 1000], 0, 3))
      worst = Math.max(worst, Math.abs(norm(psi) - 1))
    }
    t.ok(worst < 1e-10, `${name}: ${worst.toExponential(1)}`)
  }
})

t.test('order of convergence', async t => {
  const V = [3, 1, 0, -1, 0, 2, 1, 0, 1, 2, 0, 1]
  const slopes: [string, (steps: number) => Tensor][] = [
    [
      'Crank-Nicolson',
      n => schroedinger({ points: 12, length: 4, potential: V, controlled: false, dt: 1 / n, steps: n })(smooth)
    ],
    ['split-step', n => splitStep({ grid: [12], potential: V, dt: 1 / n, steps: n })(smooth)]
  ]
  const smooth = tensor([
    Array.from({ length: 12 }, (_, j) => [
      Math.sin((Math.PI * (j + 1)) / 13),
      0.5 * Math.sin((2 * Math.PI * (j + 1)) / 13)
    ])
  ])
  for (const [name, run] of slopes) {
    const reference = run(8192)
    const counts = [64, 128, 256, 512]
    const errors = counts.map(n => apart(run(n), reference))
    const slope = exponent(
      counts.map(n => 1 / n),
      errors
    )
    t.ok(
      Math.abs(slope - 2) < 0.05,
      `${name}: slope ${slope.toFixed(3)}, errors ${errors.map(e => e.toExponential(1)).join(' ')}`
    )
  }
})

t.test('split-step against plane waves and an oscillator', async t => {
  for (const grid of [[8], [4, 6], [3, 4, 5]]) {
    const n = grid.reduce((a, b) => a * b)
    const k = grid.map((_, i) => i + 1)
    const angle = (j: number) => {
      let [rest, sum] = [j, 0]
      for (let a = grid.length - 1; a >= 0; a--) {
        sum += (2 * Math.PI * (a === 1 ? -1 : 1) * (rest % grid[a])) / grid[a]
        rest = Math.floor(rest / grid[a])
      }
      return sum
    }
    const at = (shift: number) =>
      tensor(
        Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 ? Math.sin : Math.cos)(angle(i >> 1) - shift)),
        { shape: [1, ...grid, 2] }
      )
    const length = k.map(() => 3)
    const energy = (grid.length * ((2 * Math.PI) / 3) ** 2) / 2
    const y = splitStep({ grid, length, dt: 0.1, steps: 10 })(at(0))
    t.ok(apart(y, at(energy)) < 1e-13, `a free wave in ${grid.length} dimensions`)
  }
  // ψ = e^(-x²/2) is the ground state of V = x²/2 with energy ½: only its phase turns.
  const L = 16
  const x = Array.from({ length: 64 }, (_, j) => (L * j) / 64 - L / 2)
  const ground = (a: number) =>
    tensor([x.map(v => [Math.exp((-v * v) / 2) * Math.cos(a), -Math.exp((-v * v) / 2) * Math.sin(a)])])
  const P = splitStep({ grid: [64], length: L, potential: x.map(v => (v * v) / 2), dt: 0.002, steps: 500 })
  t.ok(apart(P(ground(0)), ground(0.5)) < 1e-6)
})

const both: [string, Simulator, Tensor][] = [
  ['Crank-Nicolson', schroedinger({ points: 6, steps: 100 }), wave(2, [2, 6])],
  ['split-step', splitStep({ grid: [2, 3], control: [1, 0, -1, 2, 1, 0], steps: 100 }), wave(2, [2, 2, 3])]
]
const u = random(3).normal([2, 100])

t.test('adjoints, and gradients through 100 steps', async t => {
  for (const [name, P, psi] of both) {
    const error = Math.max(...dotCheck(P.op, { inputs: [psi, u], attrs: P.attrs }, random(4)).map(r => r.error))
    t.ok(error < 1e-12, `${name}: dot test ${error.toExponential(1)}`)
    const target = wave(5, psi.shape.slice(0, -1))
    const L = (v: Tensor) => sum(fidelity(target, P(psi, v)))
    const d = random(6).normal(u.shape, 0, 0.1)
    const g = sum(mul(grad(L)(u), d)).item()
    const [f] = derivativeAtZero(e => [L(add(u, mul(d, e))).item()])
    t.ok(Math.abs(g - f) < 1e-8 * Math.max(0.1, Math.abs(f)), `${name}: ${(g / f - 1).toExponential(1)}`)
  }
})

t.test('inverses: laws at ten random points, 100 steps back, and controls', async t => {
  for (const [name, P, psi] of both) {
    let laws = 0
    for (let seed = 0; seed < 10; seed++) {
      const { rows } = checkOp(P.op, { only: ['inverse'], random: random(seed) })
      const bad = rows.filter(row => !row.passed)
      if (bad.length > 0) t.fail(`${name}, seed ${seed}`, { bad })
      laws += rows.filter(row => row.tolerance > 0).length
    }
    t.ok(laws >= 100, `${name}: ${laws} laws`)
    using tape = new Tape()
    const start = tape.watch(psi)
    const y = tape.record(() => P(start, u))
    const wanted = P(wave(7, psi.shape.slice(0, -1)), u)
    const { targets, report } = targetSweep(tape, [[y, wanted]], [start])
    t.equal(report.rungs[0].rung, 'exact')
    t.ok(apart(targets[0].value, wave(7, psi.shape.slice(0, -1))) < 1e-13)
    const goal = P(psi, add(u, random(8).normal(u.shape, 0, 0.05)))
    const found = localInverse((v: Tensor) => P(psi, v))(goal, u)
    t.ok(apart(P(psi, found), goal) < 1e-9, `${name}: a control that leads there`)
  }
})

t.test('tridiagonal systems against dense elimination', async t => {
  const r = random(9)
  for (const n of [1, 2, 3, 7, 40]) {
    const [a, b, c, x] = [n - 1, n, n - 1, n].map(m => r.normal([3, m, 2]))
    const entry = (z: Tensor, k: number, i: number) => [
      z.data[2 * (k * z.shape[1] + i)],
      z.data[2 * (k * z.shape[1] + i) + 1]
    ]
    const d = zeros([3, n, 2])
    for (let k = 0; k < 3; k++)
      for (let i = 0; i < n; i++)
        for (const [z, zi, xi] of [
          [a, i - 1, i - 1],
          [b, i, i],
          [c, i, i + 1]
        ] as const) {
          if (xi < 0 || xi >= n) continue
          const [p, q] = entry(z, k, zi)
          const [u, v] = entry(x, k, xi)
          d.data[2 * (k * n + i)] += p * u - q * v
          d.data[2 * (k * n + i) + 1] += p * v + q * u
        }
    const error = relativeError(complexTridiagonalSolve(a, b, c, d), x)
    t.ok(error < 1e-10, `n = ${n}: ${error.toExponential(1)}`)
  }
  const zero = zeros([2, 2])
  t.throws(() => complexTridiagonalSolve(zeros([1, 2]), zero, zeros([1, 2]), zero), {
    code: 'ERR_INVERSE',
    message: /singular/
  })
  t.throws(() => complexTridiagonalSolve(zero, zero, zero, zero), { code: 'ERR_SHAPE' })
  t.throws(() => complexTridiagonalSolve(zero, zero, zero, zeros([3])), { code: 'ERR_SHAPE', message: /complex/ })
})

t.test('wrong calls', async t => {
  const P = schroedinger({ points: 4, steps: 3 })
  t.throws(() => P(zeros([2, 4, 2])), { code: 'ERR_SHAPE', message: /u \[B, 3\]/ })
  t.throws(() => P(zeros([2, 5, 2]), zeros([2, 3])), { code: 'ERR_SHAPE' })
  t.throws(() => P(zeros([2, 4]), zeros([2, 3])), { code: 'ERR_SHAPE', message: /pairs/ })
  t.throws(() => P(zeros([2, 4, 2]), zeros([3])), { code: 'ERR_SHAPE' })
  t.throws(() => splitStep()(zeros([1, 16, 2]), zeros([1, 1])), { code: 'ERR_SHAPE', message: /no control/ })
  t.throws(() => schroedinger({ potential: [1, 2] }), { code: 'ERR_OPTION', message: /2 numbers for 14/ })
  t.throws(() => schroedinger({ length: 0 }), { code: 'ERR_OPTION' })
  t.throws(() => schroedinger({ point: 3 } as object), { code: 'ERR_OPTION', message: /point/ })
  t.throws(() => splitStep({ grid: [] }), { code: 'ERR_OPTION' })
  t.throws(() => splitStep({ grid: [2.5] }), { code: 'ERR_OPTION' })
  t.throws(() => splitStep({ grid: [4, 4], length: [1] }), { code: 'ERR_OPTION', message: /length/ })
  t.throws(() => fidelity(zeros([1, 4, 2]), zeros([1, 5, 2])), { code: 'ERR_SHAPE' })
  t.throws(() => boxState(4, 0), { code: 'ERR_OPTION' })
})
