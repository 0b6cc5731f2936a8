import t from 'tap'
import { Tape, targetSweep, tensor } from '../../core/index.js'
import { random } from '../../core/random.js'
import { l2, sum } from '../../ops/index.js'
import { sipBackward } from '../../optim/index.js'
import {
  diffuse,
  diffusionFactors,
  drawRectangles,
  eigenvaluesOf,
  gridOf,
  modesOf,
  noiseLevel,
  type Rectangle,
  randomRectangles,
  stabilisedInverse,
  wholeSpectrum
} from '../../physics/index.js'
import { golden, relativeError } from '../golden.js'

t.test('diffuse against PhiFlow', async t => {
  const g = golden('diffuse_fourier')
  // Two FFTs of 64×64 entries of size 1 lose about ten units in the last place.
  for (const [name, c] of Object.entries<{ input: number[][]; output: number[][] }>(g.cases))
    t.ok(relativeError(diffuse(tensor(c.input), g.amount), c.output) < 1e-14, name)
  const o = g.other_amounts
  t.ok(relativeError(diffuse(tensor(o.input), 0.5), o.output_amount_0p5) < 1e-14)
  t.ok(relativeError(diffuse(tensor(o.input), 2), o.output_amount_2) < 1e-14)
})

t.test('rectangles against PhiFlow', async t => {
  const g = golden('heat_rectangles')
  const rectangles: Rectangle[] = g.rects.map(([cx, cy, halfX, halfY, strength]: number[]) => ({
    cx,
    cy,
    halfX,
    halfY,
    strength
  }))
  const u = drawRectangles(g.n, rectangles)
  t.ok(relativeError(tensor(u, { shape: [g.n, g.n] }), g.u) < 1e-15)
})

t.test('random rectangles stay in the domain and depend on the seed alone', async t => {
  const u = randomRectangles(random(1).split('data'), 3, 64)
  t.same(u.shape, [3, 64, 64])
  t.same(u.data, randomRectangles(random(1).split('data'), 3, 64).data)
  t.ok(u.data.every(v => v >= 0 && v <= 10))
  // The batch is what the numbers say: a mean heat between nothing and all cells hot.
  const mean = sum(u).item() / u.size
  t.ok(mean > 0.05 && mean < 3, `mean ${mean}`)
})

t.test('the stabilised inverse against the notebook', async t => {
  const g = golden('inv_diffuse_16')
  const x = tensor(g.x_pred)
  const y = diffuse(x, 8)
  t.ok(relativeError(y, g.y) < 1e-14)
  const dy = tensor(g.dy)
  const modes = modesOf([16, 16], gridOf({}, 'a test'))
  const factors = diffusionFactors(modes, 8)
  const noise = noiseLevel(dy.data as Float64Array, 1e-6, 0)
  const r = stabilisedInverse(dy.data, noise, factors, modes)
  t.ok(Math.abs(noise - g.f_uncertainty) < 1e-14 * noise, 'noise level')
  const shape = { shape: [16, 16] }
  // Bins at rounding level have a kernel that depends on the FFT's rounding; dx does not (the file says < 1e-11).
  const seen = tensor(g.amp_abs).data.map(a => (a > 1e-9 ? 1 : 0))
  const masked = (v: ArrayLike<number>) =>
    tensor(
      Float64Array.from(v, (a, i) => (seen[i] ? a : 0)),
      shape
    )
  const whole = (held: Float64Array) => masked(wholeSpectrum(held, modes))
  t.ok(relativeError(whole(r.amplitude), masked(tensor(g.amp_abs).data)) < 1e-13)
  t.ok(relativeError(whole(r.signal), masked(tensor(g.sig_prob).data)) < 1e-9, 'signal probability')
  t.ok(relativeError(whole(r.kernel), masked(tensor(g.kernel).data)) < 1e-9, 'kernel')
  t.ok(relativeError(tensor(r.dx, shape), g.dx) < 1e-10, 'dx')
  t.ok(Math.abs(r.uncertainty - g.uncertainty_out) < 1e-9 * g.uncertainty_out, 'uncertainty')
  const exponents = eigenvaluesOf(modes, 'spectral').map(k2 => 8 * k2)
  t.ok(relativeError(tensor(wholeSpectrum(exponents, modes), shape), g.log_kernel) < 1e-15)
})

t.test('SIP and GD through the operator against the notebook', async t => {
  const g = golden('inv_diffuse_16')
  const target = tensor([g.y_target])
  using tape = new Tape()
  const x = tape.watch(tensor([g.x_pred]))
  const L = tape.record(() => l2(diffuse(x, 8), target))
  t.ok(relativeError(L, [g.y_l2]) < 1e-13)
  const sip = sipBackward(tape, L, { boundary: [x], wrt: x })
  t.equal(sip.report.rungs[0].rung, 'regularised')
  t.ok(relativeError(sip.targets[0].value, [g.correction]) < 1e-10)
  t.ok(relativeError(sip.grad, [g.grad_proxy_wrt_pred]) < 1e-10)
  const swept = targetSweep(tape, [[L, tensor([0])]], [x])
  t.ok(swept.report.mismatch[0] < swept.report.before[0], 'a goal on the loss itself goes through the ladder')
})
