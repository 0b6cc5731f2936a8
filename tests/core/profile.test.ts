import t from 'tap'
import {
  apply,
  backends,
  elementwise,
  grad,
  jvp,
  localInverse,
  OptionError,
  type Profile,
  type ProfiledRule,
  random,
  sampleJacobian,
  type Tensor,
  tensor,
  vjp,
  withBackend,
  withProfile
} from '../../core/index.js'
import { conv2d, matmul, sin, square, sum } from '../../ops/index.js'

const r = random(0)

const row = (profile: Profile, operator: string, rule: ProfiledRule) =>
  profile.rows.find(w => w.operator === operator && w.rule === rule)

t.test('calls and bytes per operator and rule, the longest first', async t => {
  const gradient = grad(x => sum(square(sin(x))))
  const x = r.normal([50, 20])
  const { value, profile } = withProfile(() => gradient(x))
  t.same(value.data, gradient(x).data, 'the value is what f returns')
  t.match(row(profile, 'sin', 'forward'), { calls: 1, bytes: 8000 })
  t.match(row(profile, 'sin', 'vjp'), { calls: 1, bytes: 8000 })
  t.match(row(profile, 'sum', 'forward'), { calls: 1, bytes: 8 })
  t.equal(row(profile, 'cos', 'forward')?.calls, 1, 'what a rule applies has a row of its own')
  const times = profile.rows.map(w => w.ms)
  t.same(
    times,
    [...times].sort((a, b) => b - a)
  )
  const own = times.reduce((a, b) => a + b, 0)
  t.ok(Math.abs(own + profile.outside - profile.ms) <= 1e-6 * profile.ms, 'own times and the rest make the whole')
})

t.test('every rule', async t => {
  const x = r.uniform([3, 2], 0.1, 1)
  const w = r.normal([2, 2])
  const { profile } = withProfile(() => {
    jvp(sin)(x, x)
    vjp(sin)(x).pullback(x)
    localInverse(sin)(x, x)
    sampleJacobian((w: Tensor) => matmul(x, w), { wrt: 0 })(w)
  })
  for (const rule of ['forward', 'jvp', 'vjp', 'inverse'] as const) t.ok(row(profile, 'sin', rule), rule)
  t.ok(row(profile, 'matmul', 'sampleVjp'), 'sampleVjp')
})

t.test('own time leaves out what a rule applies, and a block its inside', async t => {
  const slow = (name: string, ms: number, derivative: (x: Tensor) => Tensor) =>
    elementwise({
      name,
      doc: 'y = x',
      kernel: (x, y) => {
        for (const start = performance.now(); performance.now() - start < ms; );
        y.set(x)
      },
      derivative,
      noInverse: 'of no use here',
      examples: () => []
    })
  const inner = slow('inner', 40, x => x)
  const outer = slow('outer', 5, x => apply(inner, [x]))
  const x = r.normal([3])
  const { profile } = withProfile(() => vjp(x => apply(outer, [x]))(x).pullback(x))
  t.ok(row(profile, 'inner', 'forward')!.ms >= 40)
  t.ok(row(profile, 'outer', 'forward')!.ms >= 5)
  t.ok(row(profile, 'outer', 'vjp')!.ms < 40, 'its adjoint applies inner')
})

t.test('heavy kernels: backend, flops and speed', async t => {
  const a = r.normal([32, 32])
  const image = r.normal([1, 2, 16, 16])
  const w = r.normal([3, 2, 3, 3])
  for (const { name } of backends().filter(b => b.available)) {
    const { profile } = withProfile(() =>
      withBackend(name, () => {
        matmul(a, a)
        matmul(a, a)
        conv2d(image, w, { padding: 1 })
      })
    )
    const kernel = (wanted: string) => profile.kernels.find(k => k.kernel === wanted)
    t.match(kernel('matmul'), { backend: name, dtype: 'f64', calls: 2, flops: 4 * 32 ** 3 })
    t.match(kernel('conv'), { backend: name, calls: 1, flops: 2 * 3 * 2 * 9 * 256 })
    t.ok(kernel('matmul')!.ms <= row(profile, 'matmul', 'forward')!.ms, 'a part of its operator')
    t.match(profile.toText(), /kernel +backend +calls +ms +share +GFLOP\/s\n.*(plain|wasm) f64/)
  }
})

t.test('as text', async t => {
  const { profile } = withProfile(() => sum(square(tensor([1, 2]))))
  const lines = profile.toText().split('\n')
  t.match(lines[0], /^operator +rule +calls +ms +share +MB out$/)
  t.equal(lines.length, 5)
  t.match(lines[3], /^\(outside\)/)
  t.match(lines[4], /^total/)
  t.match(profile.toText(1).split('\n')[2], /^\(1 more\)/)
  t.match(withProfile(() => 1).profile.toText(), /^operator.*\n\(outside\).*\ntotal/)
})

t.test('one inside of another, errors, and wrong calls', async t => {
  const x = tensor([1, 2])
  const { value: inner, profile: outer } = withProfile(() => {
    sin(x)
    return withProfile(() => sin(x)).profile
  })
  t.equal(row(inner, 'sin', 'forward')?.calls, 1)
  t.equal(row(outer, 'sin', 'forward')?.calls, 2, 'the outer one counts both')
  t.ok(outer.outside >= 0 && outer.ms >= inner.ms)
  t.throws(
    () =>
      withProfile(() => {
        throw new RangeError('its own')
      }),
    { message: 'its own' }
  )
  t.throws(() => withProfile(() => matmul(x, r.normal([3]))), { name: 'ShapeError' })
  const { profile } = withProfile(() => 0)
  sin(x)
  t.equal(profile.rows.length, 0, 'nothing listens afterwards')
  t.throws(() => withProfile(3 as any), OptionError)
  t.throws(() => withProfile(async () => 3), /synchronous/)
})
