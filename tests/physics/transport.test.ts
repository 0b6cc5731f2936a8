import t from 'tap'
import { upstream } from '../../bench/orders.js'
import {
  grad,
  OptionError,
  random,
  ShapeError,
  Tape,
  type Tensor,
  targetSweep,
  tensor,
  zerosLike
} from '../../core/index.js'
import { add, at, mul, reshape, roll, slice, square, stack, sum } from '../../ops/index.js'
import {
  type Boundary,
  burgers,
  burgersOp,
  macCormack,
  macCormackOp,
  semiLagrangian,
  semiLagrangianOp,
  spectralShift,
  spectralShiftOp,
  timeReversed,
  wave,
  waveLimit,
  waveOp
} from '../../physics/index.js'
import { relativeError } from '../golden.js'
import { derivatives, distance, field, largest, laws, order } from './simulators.js'

const TURN = 2 * Math.PI
const total = (x: Tensor) => sum(x).item()
const squares = (x: Tensor) => sum(square(x)).item()
const times = (n: number, f: (x: Tensor) => Tensor, x: Tensor) => Array.from({ length: n }).reduce<Tensor>(y => f(y), x)

t.test('advection converges', t => {
  // A wind that is not the same everywhere, up to 1.4 cells a step.
  const wind = (x: number) => 1 + 0.4 * Math.sin(x)
  const start = (x: number) => Math.exp(Math.sin(x))
  const error = (scheme: typeof semiLagrangian) => (n: number) => {
    const dx = TURN / n
    const v = reshape(field([n], [dx], wind), [1, n])
    const step = (u: Tensor) => scheme(u, v, { dt: dx, dx, dimensions: 1 })
    const steps = n / 4
    const exact = field([n], [dx], x => start(upstream(x, wind, steps * dx)))
    return distance(times(steps, step, field([n], [dx], start)), exact)
  }
  const sizes = [64, 128, 256]
  const first = order(t, 'semi-Lagrangian', sizes, error(semiLagrangian))
  t.ok(first > 0.9 && first < 2.1, 'semi-Lagrangian: 1 to 2')
  t.ok(Math.abs(order(t, 'MacCormack', sizes, error(macCormack)) - 2) < 0.15, 'MacCormack: 2')
  const rotation = (n: number) => {
    // A blob that turns by a quarter about the centre of a closed box.
    const dx = 2 / n
    const blob = (x: number, y: number) => Math.exp(-20 * ((x - 0.3) ** 2 + y ** 2))
    const centre = 0.5 - n / 2
    const v = stack([field([n, n], [dx, dx], (_, y) => -y, centre), field([n, n], [dx, dx], x => x, centre)], 0)
    const steps = n / 2
    const dt = Math.PI / 2 / steps
    const step = (u: Tensor) => macCormack(u, v, { dt, dx, boundary: 'neumann' })
    const exact = field([n, n], [dx, dx], (x, y) => blob(y, -x), centre)
    return distance(times(steps, step, field([n, n], [dx, dx], blob, centre)), exact)
  }
  t.ok(Math.abs(order(t, 'MacCormack, a turning blob', [32, 64, 128], rotation) - 2) < 0.3, 'in two dimensions')
  t.end()
})

t.test('advection: one value everywhere stays; channels move together; the limiter', t => {
  const r = random(1)
  const v = r.normal([2, 2, 5, 6])
  const one = tensor(new Float64Array(60).fill(3), { shape: [2, 5, 6] })
  for (const boundary of ['periodic', 'neumann'] as const)
    for (const scheme of [semiLagrangian, macCormack])
      t.ok(largest(mul(add(scheme(one, v, { boundary }), -3), 1)) < 1e-14, `${scheme.name}, ${boundary}`)
  const channels = r.normal([2, 3, 5, 6])
  const all = macCormack(channels, v)
  for (let c = 0; c < 3; c++) t.same(at(all, c, 1).data, macCormack(at(channels, c, 1), v).data, `channel ${c}`)
  const box = field([40], [1], x => (x >= 10 && x < 20 ? 1 : 0))
  const wind = tensor(new Float64Array(40).fill(0.37), { shape: [1, 40] })
  const run = (limiter: boolean) => times(30, u => macCormack(u, wind, { dimensions: 1, limiter }), box).data
  t.ok(Math.max(...run(false)) > 1.02 && Math.min(...run(false)) < -0.02, 'overshoots at jumps')
  t.ok(Math.max(...run(true)) <= 1 && Math.min(...run(true)) >= 0, 'none with the limiter')
  // Where the limiter acts, next to the jump, the velocity has no say.
  const slope = (limiter: boolean) =>
    grad((w: Tensor) => sum(at(macCormack(box, w, { dimensions: 1, limiter }), 19)))(wind).data
  t.ok(slope(false).some(g => g !== 0) && slope(true).every(g => g === 0))
  t.end()
})

t.test('the spectral shift is exact', t => {
  const r = random(2)
  // Six waves on 13 cells: all that the grid has.
  const waves = (x: number) => 1 + Math.cos(x) - 2 * Math.sin(3 * x + 1) + Math.cos(6 * x)
  const dx = TURN / 13
  const moved = spectralShift(field([13], [dx], waves), tensor([0.7]), { dx, dimensions: 1 })
  t.ok(
    relativeError(
      moved,
      field([13], [dx], x => waves(x - 0.7))
    ) < 1e-14
  )
  for (const n of [1, 2, 3, 8, 12, 17]) {
    const x = r.normal([2, n])
    const by = (s: number) => spectralShift(x, tensor([s]), { dimensions: 1 })
    t.ok(relativeError(by(5), roll(x, 5, -1)) < 1e-13, `${n} cells, by whole ones`)
    const far = times(100, u => spectralShift(u, tensor([0.37]), { dimensions: 1 }), x)
    t.ok(Math.abs(total(far) - total(x)) < 1e-12 * Math.sqrt(squares(x)), `${n} cells: the mass stays`)
  }
  const x = r.normal([2, 9, 7])
  const s = tensor([0.3, -1.2])
  const back = spectralShift(spectralShift(x, s, { dx: [0.5, 1] }), mul(s, -1), { dx: [0.5, 1] })
  t.ok(relativeError(back, x) < 1e-14, 'there and back')
  t.end()
})

t.test('waves: standing waves of the grid, to rounding, and of the equation, to second order', t => {
  const [n, dx, dt, speed, steps] = [12, 0.5, 0.3, 1.1, 40]
  const shapes: Record<Boundary, { f(j: number): number; k: number }> = {
    periodic: { f: j => Math.cos((TURN * 3 * j) / n + 1), k: (TURN * 3) / n },
    dirichlet: { f: j => Math.sin((Math.PI * 5 * (j + 1)) / (n + 1)), k: (Math.PI * 5) / (n + 1) },
    neumann: { f: j => Math.cos((Math.PI * 4 * (j + 0.5)) / n), k: (Math.PI * 4) / n }
  }
  for (const [boundary, { f, k }] of Object.entries(shapes)) {
    const u = field([n], [1], f)
    const y = wave({ dt, dx, speed, steps, boundary: [boundary as Boundary] })(stack([u, zerosLike(u)], 0))
    // sin(ω dt/2) = c dt/dx sin(k/2): the leapfrog's own frequency.
    const angle = 2 * Math.asin(((speed * dt) / dx) * Math.sin(k / 2))
    t.ok(relativeError(at(y, 0, 0), mul(u, Math.cos(angle * steps))) < 1e-12, boundary)
  }
  const error = (n: number) => {
    const dx = 1 / n
    const at0 = (T: number) =>
      field([n, n], [dx, dx], (x, y) => Math.cos(TURN * x) * Math.sin(2 * TURN * y) * Math.cos(TURN * Math.sqrt(5) * T))
    const steps = 2 * n
    const y = wave({ dt: 0.35 / n, dx, steps })(stack([at0(0), zerosLike(at0(0))], 0))
    return distance(at(y, 0, 0), at0(0.35 * 2))
  }
  t.ok(Math.abs(order(t, 'leapfrog', [32, 64, 128], error) - 2) < 0.15, 'leapfrog: 2')
  t.end()
})

t.test('waves: reversal, energy, limits', t => {
  const r = random(3)
  const x = r.normal([2, 2, 9, 6])
  const boundary: readonly Boundary[] = ['dirichlet', 'neumann']
  const options = { dt: 0.5, dx: [1, 0.9], speed: 1.3, steps: 100, boundary }
  const y = wave(options)(x)
  const back = timeReversed(wave(options))(y)
  t.comment(`100 steps and back: ${relativeError(back, x).toExponential(1)}`)
  t.ok(relativeError(back, x) < 1e-8)
  t.ok(relativeError(y, x) > 0.1, 'far away in between')
  // What the leapfrog conserves exactly: ½ |v|² - ½ ⟨u, F⟩ - ⅛ dt² |F|², F = c² L u, which one step from rest shows.
  const energy = (s: Tensor) => {
    const [u, v] = [at(s, 0, 1), at(s, 1, 1)]
    const next = at(wave({ ...options, steps: 1 })(stack([u, zerosLike(u)], 1)), 0, 1)
    const force = mul(add(next, mul(u, -1)), 2 / 0.25)
    return squares(v) / 2 - sum(mul(u, force)).item() / 2 - (0.25 / 8) * squares(force)
  }
  const [before, after] = [energy(x), energy(wave({ ...options, steps: 1000 })(x))]
  t.comment(`energy after 1000 steps: ${(after / before - 1).toExponential(1)}`)
  t.ok(Math.abs(after / before - 1) < 1e-12)
  t.same(wave({ ...options, steps: 0 })(x).data, x.data, 'no step')
  const limit = waveLimit(1.3, { dx: [1, 0.9], boundary })
  t.throws(() => wave({ ...options, dt: limit * 1.001 })(x), new RegExp(limit.toPrecision(6)), 'names the limit')
  t.ok(largest(wave({ ...options, dt: limit * 0.999, steps: 2000 })(x)) < 1e3, 'bounded below it')
  t.throws(() => wave({ ...options, dt: Number.NaN })(x), OptionError)
  t.throws(() => wave({ dt: 0.1 })(r.normal([3, 4, 4])), /no pair \(u, v\)/)
  t.throws(() => wave({ dt: 0.1, dimensions: 1 })(r.normal([2, 0])), ShapeError)
  t.end()
})

/** Cole and Hopf: u = -2ν ∇φ/φ solves Burgers' equation where φ solves the heat equation; φ = 1 + a e^{-dνt} Π cos x_i. */
function coleHopf(n: number, d: number, nu: number, T: number): Tensor {
  const a = 0.8 * Math.exp(-d * nu * T)
  const cells = Array<number>(d).fill(n)
  const dx = cells.map(() => TURN / n)
  const component = (i: number) =>
    field(cells, dx, (...x) => {
      const product = x.reduce((p, v) => p * Math.cos(v), 1)
      const slope = x.reduce((p, v, j) => p * (j === i ? -Math.sin(v) : Math.cos(v)), 1)
      return (-2 * nu * a * slope) / (1 + a * product)
    })
  return d === 1
    ? component(0)
    : stack(
        cells.map((_, i) => component(i)),
        0
      )
}

t.test("Burgers' equation against the solution of Cole and Hopf", t => {
  for (const d of [1, 2]) {
    const error = (n: number) => {
      const [nu, T] = [0.5, 0.5]
      const steps = n / 4
      const y = burgers({ dimensions: d, dx: TURN / n, dt: T / steps, steps, viscosity: nu })(coleHopf(n, d, nu, 0))
      return distance(y, coleHopf(n, d, nu, T))
    }
    t.ok(Math.abs(order(t, `Burgers, ${d} dimensions`, [16, 32, 64], error) - 2) < 0.15, `${d} dimensions: 2`)
  }
  // Odd about 0 and π: half of the ring, between zeros.
  const [n, nu] = [32, 0.5]
  const settings = { dx: TURN / n, dt: 0.1, steps: 10, viscosity: nu }
  const whole = burgers({ ...settings, dimensions: 1 })(coleHopf(n, 1, nu, 0))
  const half = burgers({ ...settings, boundary: ['dirichlet'] })(slice(coleHopf(n, 1, nu, 0), -1, 1, n / 2))
  t.ok(relativeError(half, slice(whole, -1, 1, n / 2)) < 1e-14, 'between zeros')
  t.end()
})

t.test("Burgers' equation: what is kept, and the way back", t => {
  const r = random(4)
  const smooth = field([30], [TURN / 30], x => 1 + Math.sin(x) + 0.3 * Math.cos(2 * x))
  const viscous = burgers({ dimensions: 1, dx: TURN / 30, dt: 0.02, steps: 100, viscosity: 0.05 })
  t.ok(Math.abs(total(viscous(smooth)) / total(smooth) - 1) < 1e-12, 'the sum')
  const loss = (dt: number) => {
    const y = burgers({ dimensions: 1, dx: TURN / 30, dt, steps: Math.round(0.4 / dt) })(smooth)
    return Math.abs(squares(y) / squares(smooth) - 1)
  }
  t.ok(order(t, 'Σu² without viscosity', [10, 20, 40], n => loss(0.4 / n)) > 3.9, 'the sum of squares, up to RK4')
  // Back in time: without viscosity up to RK4; with it as far as the noise allows.
  const settings = { dimensions: 1, dx: TURN / 30, steps: 100 }
  const there = burgers({ ...settings, dt: 0.004 })(smooth)
  const back = relativeError(burgers({ ...settings, dt: -0.004 })(there), smooth)
  t.comment(`100 inviscid steps and back: ${back.toExponential(1)}`)
  t.ok(back < 1e-9)
  const y = burgers({ ...settings, dt: 0.004, viscosity: 0.3 })(smooth)
  const before = distance(y, smooth)
  const undo = (seen: Tensor, amplification: number) =>
    distance(burgers({ ...settings, dt: -0.004, viscosity: 0.3, amplification })(seen), smooth) / before
  for (const [sigma, most] of [
    [0, 0.05],
    [1e-6, 0.05],
    [1e-3, 0.15]
  ]) {
    const seen = add(y, mul(r.normal([30]), sigma))
    const [held, free] = [undo(seen, 100), undo(seen, Number.POSITIVE_INFINITY)]
    t.comment(
      `viscous, noise ${sigma}: back but for ${held.toExponential(1)} of the change; without a limit ${free.toExponential(1)}`
    )
    t.ok(held < most, `noise ${sigma}`)
    t.equal(free < held, sigma === 0, 'without a limit only without noise')
  }
  const fast = mul(smooth, 100)
  t.throws(() => viscous(fast), /beyond the limit of/)
  t.throws(() => burgers({ boundary: 'dirichlet' })(r.normal([2, 4, 4])), OptionError)
  t.throws(() => burgers()(r.normal([3, 4, 4])), /no 2 components/)
  t.throws(() => burgers({ viscosity: -1 }), OptionError)
  t.end()
})

t.test('the laws of each inverse at ten random points', t => {
  const one = (more: object) => ({ grid: { dx: [1], boundary: ['periodic'] as const }, ...more })
  const wind = (r: ReturnType<typeof random>, n: number) => r.uniform([2, 1, n], 0.2, 0.8)
  laws(t, semiLagrangianOp, r => ({ inputs: [r.normal([2, 7]), wind(r, 7)], attrs: one({ dt: 0.1 }) }))
  laws(t, macCormackOp, r => ({ inputs: [r.normal([2, 7]), wind(r, 7)], attrs: one({ dt: 0.1, limiter: false }) }))
  laws(t, spectralShiftOp, r => ({
    inputs: [r.normal([2, 6, 5]), r.uniform([2, 2], -0.4, 0.4)],
    attrs: { grid: { dx: [1, 0.5].map(() => 1), boundary: ['periodic', 'periodic'] } }
  }))
  laws(t, waveOp, r => ({ inputs: [r.normal([2, 2, 6])], attrs: one({ speed: 1, dt: 0.7, steps: 5 }) }))
  laws(t, burgersOp, r => ({
    inputs: [r.normal([2, 6])],
    attrs: one({ dt: 0.2, steps: 2, viscosity: 0.05, amplification: 100 })
  }))
  t.end()
})

t.test('derivatives through 100 steps', t => {
  const r = random(5)
  const wind = mul(add(r.uniform([1, 6]), 1), 0.3)
  const u = r.normal([6])
  for (const scheme of [semiLagrangian, macCormack])
    derivatives(
      t,
      `${scheme.name}, 100 steps`,
      (x, v) => times(100, y => scheme(y, v, { dt: 0.1, dimensions: 1 }), x),
      [u, wind]
    )
  derivatives(t, 'spectralShift, 100 steps', (x, s) => times(100, y => spectralShift(y, s, { dimensions: 1 }), x), [
    r.normal([5]),
    tensor([0.03])
  ])
  derivatives(t, 'wave, 100 steps', x => wave({ dt: 0.5, steps: 100, boundary: ['dirichlet'] })(x), [r.normal([2, 6])])
  derivatives(t, 'burgers, 100 steps', burgers({ dimensions: 1, dt: 0.02, steps: 100, viscosity: 0.1 }), [
    r.normal([6])
  ])
  t.end()
})

t.test('what a target sweep takes', t => {
  const r = random(6)
  const [u, v] = [field([16], [1], x => Math.sin((TURN * x) / 16)), mul(add(r.uniform([1, 16]), 1), 0.2)]
  const target = field([16], [1], x => Math.cos((TURN * x) / 16))
  for (const [active, rung] of [
    [0, 'approximate'],
    [1, 'newton']
  ] as const) {
    using tape = new Tape()
    const x = tape.watch([u, v][active])
    const y = tape.record(() => macCormack(active === 0 ? x : u, active === 1 ? x : v, { dimensions: 1 }))
    const wish = add(y, mul(add(target, mul(y, -1)), active === 0 ? 1 : 0.01))
    const { report } = targetSweep(tape, [[y, wish]], [x])
    t.equal(report.rungs[0].rung, rung, active === 0 ? 'the field by time reversal' : 'the velocity by newton')
    t.ok(report.mismatch[0] < 0.2 * report.before[0], `${report.before[0]} to ${report.mismatch[0]}`)
  }
  t.end()
})

t.test('wrong calls of advection', t => {
  const r = random(7)
  const x = r.normal([2, 4, 5])
  t.throws(() => semiLagrangian(x, r.normal([2, 2, 5, 4])), /velocities \[2, 2, 5, 4\]/)
  t.throws(() => macCormack(x, r.normal([3, 4, 5])), ShapeError)
  t.throws(() => macCormack(x, r.normal([2, 2, 4, 5]), { dt: Number.POSITIVE_INFINITY }), OptionError)
  t.throws(() => macCormack(x, r.normal([2, 2, 4, 5]), { dx: [1, 0] }), OptionError)
  t.throws(() => spectralShift(x, r.normal([2]), { boundary: 'neumann' }), /Fourier modes have no ends/)
  t.throws(
    () => semiLagrangian(x, r.normal([2, 2, 4, 5]), { limiter: true } as object),
    /an option of the name limiter/
  )
  t.throws(() => burgers({ nu: 1 } as object), OptionError)
  t.throws(() => spectralShift(x, r.normal([3])), /one of 2 components/)
  t.end()
})
