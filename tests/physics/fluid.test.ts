import t from 'tap'
import { grad, OptionError, random, ShapeError, Tape, type Tensor, tensor, zeros } from '../../core/index.js'
import { add, at, concat, flip, l2, mean, mul, reshape, slice, square, stack, sub, sum } from '../../ops/index.js'
import { sipBackward } from '../../optim/index.js'
import {
  divergence,
  divergenceFree,
  divergenceFreeOp,
  flow,
  flowOp,
  iterate,
  macCormack,
  randomSwirls,
  timeReversed
} from '../../physics/index.js'
import { relativeError } from '../golden.js'
import { derivatives, distance, field, largest, laws, order } from './simulators.js'

const TURN = 2 * Math.PI

/** Vortices of Taylor and Green that a wind carries along: an exact solution, damped by viscosity. [2, n, n] on 2π × 2π. */
function vortices(n: number, T: number, viscosity = 0, wind: readonly [number, number] = [1, 0.5]): Tensor {
  const dx = [TURN / n, TURN / n]
  const damped = Math.exp(-2 * viscosity * T)
  const part = (i: number, f: (x: number, y: number) => number) =>
    field([n, n], dx, (x, y) => wind[i] + damped * f(x - wind[0] * T, y - wind[1] * T))
  return stack([part(0, (x, y) => Math.sin(x) * Math.cos(y)), part(1, (x, y) => -Math.cos(x) * Math.sin(y))], 0)
}

t.test('projection: no divergence left, nothing else lost', t => {
  const r = random(1)
  for (const [shape, options] of [
    [[2, 2, 8, 9], { dx: [0.5, 0.7] }],
    [[3, 2, 7, 12], { boundary: 'neumann' }],
    [[2, 6, 5], { boundary: ['periodic', 'neumann'] }],
    [[3, 4, 5, 6], { dx: [1, 2, 1] }],
    [[3, 4, 3, 6], { dimensions: 3, boundary: 'neumann' }],
    [[1, 6], { dimensions: 1 }],
    [[2, 1, 8], {}]
  ] as const) {
    const u = r.normal(shape)
    const y = divergenceFree(u, options)
    t.ok(
      largest(divergence(y, options)) < 1e-12,
      `${shape}: divergence ${largest(divergence(y, options)).toExponential(0)}`
    )
    t.ok(relativeError(divergenceFree(y, options), y) < 1e-13, 'twice is once')
    t.ok(Math.abs(sum(mul(y, sub(u, y))).item()) < 1e-12 * u.size, 'what is taken away is perpendicular')
  }
  const gradient = stack(
    [
      field([8, 8], [1, 1], (x, y) => -Math.sin((TURN * (x + 2 * y)) / 8)),
      field([8, 8], [1, 1], (x, y) => -2 * Math.sin((TURN * (x + 2 * y)) / 8))
    ],
    0
  )
  t.ok(largest(divergenceFree(gradient)) < 1e-14, 'of a gradient nothing is left')
  const swirl = vortices(9, 0)
  t.ok(relativeError(divergenceFree(swirl), swirl) < 1e-14, 'a swirl with wind stays')
  t.end()
})

t.test('flow converges', t => {
  const error = (order: 1 | 2, viscosity: number) => (n: number) => {
    const T = 0.5
    const steps = n / 4
    const simulate = flow({ dx: TURN / n, dt: T / steps, steps, order, viscosity })
    return distance(simulate(vortices(n, 0)), vortices(n, T, viscosity))
  }
  for (const viscosity of [0, 0.1])
    for (const k of [1, 2] as const) {
      const slope = order(t, `vortices in the wind, ν = ${viscosity}, order ${k}`, [16, 32, 64], error(k, viscosity))
      t.ok(slope > k - 0.2, `dt and dx together: ${k}`)
    }
  const decay = flow({ dx: TURN / 8, dt: 0.1, steps: 7, viscosity: 0.3 })(mul(vortices(8, 0, 0, [0, 0]), 1e-9))
  t.ok(relativeError(decay, mul(vortices(8, 0.7, 0.3, [0, 0]), 1e-9)) < 1e-8, 'so slow that only viscosity acts: exact')
  const push = flow({ dx: TURN / 8, dt: 0.1, steps: 7 })(zeros([2, 8, 8]), mul(vortices(8, 0, 0, [0.3, 0]), 1e-9))
  t.ok(relativeError(push, mul(vortices(8, 0, 0, [0.3, 0]), 0.7e-9)) < 1e-8, 'or only a force: f t')
  t.end()
})

t.test('flow: divergence, mean, walls, one box in another', t => {
  const r = random(2)
  const u = r.normal([2, 2, 12, 10])
  for (const options of [
    {},
    { boundary: 'neumann' as const },
    { viscosity: 0.1, advection: 'semiLagrangian' as const }
  ]) {
    const y = flow({ dt: 0.4, steps: 5, ...options })(u)
    t.ok(
      largest(divergence(y, options.boundary ? options : {})) < 1e-10,
      `divergence ${largest(divergence(y, options.boundary ? options : {})).toExponential(0)}`
    )
  }
  // A closed box is half of a periodic one that is its own mirror image.
  const odd = (x: Tensor, axis: number) =>
    concat([x, mul(flip(x, axis), tensor([axis === -2 ? -1 : 1, axis === -1 ? -1 : 1], { shape: [2, 1, 1] }))], axis)
  const whole = flow({ dt: 0.3, steps: 4 })(odd(odd(u, -2), -1))
  const box = flow({ dt: 0.3, steps: 4, boundary: 'neumann' })(u)
  t.ok(relativeError(box, slice(slice(whole, -2, 0, 12), -1, 0, 10)) < 1e-13)
  const three = flow({ dt: 0.2, steps: 3, dimensions: 3 })(r.normal([3, 5, 4, 6]))
  t.ok(largest(divergence(three, { dimensions: 3 })) < 1e-10, 'three dimensions')
  // A plane flow stays plane in three dimensions, and is the same.
  const plane = r.normal([2, 6, 5])
  const slab = concat([plane, zeros([1, 6, 5])], 0)
  const thick = stack([slab, slab, slab], -1)
  const after = flow({ dt: 0.2, steps: 3, dimensions: 3 })(thick)
  t.ok(relativeError(slice(at(after, 1), 0, 0, 2), flow({ dt: 0.2, steps: 3 })(plane)) < 1e-13, 'a slab')
  t.end()
})

t.test('time run backwards', t => {
  const n = 32
  const u = add(vortices(n, 0), mul(flip(vortices(n, 0.4, 0, [0, 0]), -1), 0.3))
  const start = divergenceFree(u, { dx: TURN / n })
  const gap = (dt: number, k: 1 | 2, advection: 'macCormack' | 'semiLagrangian' = 'macCormack') => {
    const settings = { dx: TURN / n, steps: Math.round(1 / dt), order: k, advection }
    return distance(flow({ ...settings, dt: -dt })(flow({ ...settings, dt })(start)), start)
  }
  t.ok(order(t, 'there and back over a time of 1, order 1', [5, 10, 20], k => gap(1 / k, 1)) > 0.9, 'falls like dt')
  t.comment(`the same with order 2: ${[5, 10, 20].map(k => gap(1 / k, 2).toExponential(1)).join(', ')}`)
  t.ok(gap(0.2, 2) < 0.05 * gap(0.2, 1) && gap(0.1, 2) < 0.05 * gap(0.1, 1), 'and is far smaller with order 2')
  t.ok(gap(0.2, 2, 'semiLagrangian') > 10 * gap(0.2, 2), 'what is smoothed does not come back')
  // Diffusion on the way: held back, it brings more back than doing nothing, with noise too.
  const simulate = flow({ dx: TURN / n, dt: 0.1, steps: 5, viscosity: 0.3 })
  const rewind = flow({ dx: TURN / n, dt: -0.1, steps: 5, viscosity: 0.3 })
  const y = simulate(start)
  for (const sigma of [0, 1e-4, 1e-3]) {
    const seen = add(y, mul(random(3).normal(y.shape), sigma))
    const part = distance(rewind(seen), start) / distance(y, start)
    t.comment(`viscous, noise ${sigma}: back but for ${part.toFixed(3)} of the change`)
    t.ok(part < 0.5, `noise ${sigma}`)
  }
  t.end()
})

t.test('two lines: a simulator in the loop, trained by its inverse', t => {
  // The start that leads to a wanted end, by SIP with step 1 from a wrong guess, and nothing but the simulator's own inverse.
  const n = 16
  const truth = vortices(n, 0, 0, [0.5, 0])
  const simulate = flow({ dx: TURN / n, dt: 0.25, steps: 4 })
  const target = simulate(reshape(truth, [1, 2, n, n]))
  let x = reshape(vortices(n, 0, 0, [0.2, 0.1]), [1, 2, n, n])
  const errors = [distance(simulate(x), target)]
  for (let k = 0; k < 4; k++) {
    using tape = new Tape()
    const guess = tape.watch(x)
    const L = tape.record(() => l2(simulate(guess), target))
    const { targets, report } = sipBackward(tape, L, { boundary: [guess], wrt: guess })
    if (k === 0) t.equal(report.rungs.at(-1)?.rung, 'approximate')
    x = tensor(Float64Array.from(targets[0].value.data), { shape: x.shape })
    errors.push(distance(simulate(x), target))
  }
  t.comment(`distance to the wanted end: ${errors.map(e => e.toExponential(1)).join(', ')}`)
  t.ok(errors[4] < 1e-3 * errors[0])
  t.end()
})

t.test('combinators: time reversed, iterated with checkpoints', t => {
  const u = vortices(8, 0)
  const settings = { dx: TURN / 8, dt: 0.1, steps: 3, viscosity: 0.1 }
  t.same(timeReversed(flow(settings))(u).data, flow({ ...settings, dt: -0.1 })(u).data)
  const one = flow({ dx: TURN / 8, dt: 0.1 })
  const six = (P: (v: Tensor) => Tensor) => grad((v: Tensor) => sum(square(sub(P(v), u))))(mul(u, 0.9))
  const kept = six(flow({ dx: TURN / 8, dt: 0.1, steps: 6 }))
  t.ok(relativeError(six(iterate(one, 6, { checkpoint: true })), kept) < 1e-12)
  t.end()
})

t.test('forces: buoyancy lifts smoke, and its gradient says so', t => {
  const box = { boundary: 'neumann' as const }
  const settings = { ...box, dt: 0.5 }
  let smoke = field([16, 16], [1, 1], (x, y) => (x < 5 && y > 5 && y < 10 ? 1 : 0))
  const height = (s: Tensor) =>
    sum(
      mul(
        s,
        field([16, 16], [1, 1], x => x)
      )
    ).item() / sum(s).item()
  const before = height(smoke)
  const step = flow(settings)
  let u = zeros([2, 16, 16])
  for (let k = 0; k < 12; k++) {
    u = step(u, stack([mul(smoke, 0.2), zeros([16, 16])], 0))
    smoke = macCormack(smoke, u, { ...settings, limiter: true })
  }
  t.comment(`smoke rises from ${before.toFixed(2)} to ${height(smoke).toFixed(2)}`)
  t.ok(height(smoke) > before + 0.5)
  const g = grad((f: Tensor) => sum(square(step(vortices(6, 0), f))))(zeros([2, 6, 6]))
  t.ok(largest(divergence(g, box)) < 1e-12 && largest(g) > 0.1, 'what a force does has no divergence')
  t.end()
})

t.test('laws and derivatives', t => {
  const wind = (r: ReturnType<typeof random>) => add(mul(r.uniform([1, 2, 4, 3], -0.5, 0.5), 0.3), 0.5)
  const attrs = {
    grid: { dx: [1, 1], boundary: ['periodic', 'periodic'] },
    dt: 0.1,
    steps: 2,
    viscosity: 0.05,
    advection: 'macCormack',
    amplification: 100
  }
  laws(t, flowOp, r => ({ inputs: [wind(r)], attrs }))
  laws(t, divergenceFreeOp, r => ({ inputs: [r.normal([2, 2, 4, 3])], attrs: { dx: [1, 0.5] } }))
  const r = random(4)
  const simulate = flow({ dt: 0.03, steps: 100, viscosity: 0.02 })
  derivatives(t, 'flow, 100 steps', simulate, [
    add(mul(r.uniform([2, 4, 3], -0.5, 0.5), 0.3), 0.5),
    mul(r.normal([2, 4, 3]), 0.01)
  ])
  t.end()
})

t.test('randomSwirls: a wind, a swirl about the middle that stays where it is, a little noise', t => {
  const [n, dx] = [32, 4]
  const swirls = (options: object) => randomSwirls(random(6), 3, n, { dx, ...options })
  const all = swirls({})
  t.same(all.shape, [3, 2, n, n])
  t.same(swirls({}).data, all.data, 'the same from the same seed')
  t.ok(largest(divergence(all, { dx })) < 1e-12)
  const winds = mean(swirls({ noise: 0, spin: 0 }), [2, 3])
  t.ok(largest(sub(mean(all, [2, 3]), winds)) < 1e-12 && largest(winds) <= 16, 'swirl and noise carry nothing away')
  const still = swirls({ noise: 0, wind: 0 })
  t.ok(relativeError(flip(flip(still, -1), -2), mul(still, -1)) < 1e-12, 'a half turn of it is its opposite')
  const later = flow({ dx, dt: 0.25, steps: 8 })(still)
  t.ok(distance(later, still) < 0.01 * largest(still), 'an eddy with round streamlines is steady')
  const noise = swirls({ wind: 0, spin: 0, noise: 0.5 })
  t.ok(Math.abs(2 * mean(square(noise)).item() - 0.5 ** 2) < 0.1, 'about half of it has no divergence')
  t.throws(() => randomSwirls(random(6), 1, 8, { swirl: 2 } as object), OptionError)
  t.throws(() => swirls({ radius: 0 }), OptionError)
  t.throws(() => randomSwirls(6 as never, 1, 8), /random\(seed\)/)
  t.end()
})

t.test('wrong calls', t => {
  const r = random(5)
  const u = r.normal([2, 2, 4, 5])
  t.throws(() => flow()(r.normal([2, 3, 4, 5])), /no 2 components/)
  t.throws(() => flow({ boundary: 'dirichlet' })(u), /'neumann' for a closed box/)
  t.throws(() => flow({ viscosity: -1 }), OptionError)
  t.throws(() => flow({ amplification: 0.5 }), /1 or more/)
  t.throws(() => flow({ advection: 'upwind' as 'macCormack' }), OptionError)
  t.throws(() => flow({ steps: 0 }), OptionError)
  t.throws(() => flow({ step: 8 } as object), /an option of the name step/)
  t.throws(() => flow()(u, r.normal([2, 2, 5, 4])), /a force/)
  t.throws(() => divergenceFree(r.normal([2, 4])), ShapeError)
  t.throws(() => divergence(u, { dx: [1, 1, 1] }), ShapeError)
  t.end()
})
