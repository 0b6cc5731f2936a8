import t, { type Test } from 'tap'
import { dotCheck, gradCheck, sampleJacobianCheck } from '../../core/check/index.js'
import { grad, hessian, jacobian, localInverse, random, sampleJacobian, vjp } from '../../core/index.js'
import type { Nested } from '../../core/nested.js'
import type { Op, Site } from '../../core/op.js'
import { runInverse } from '../../core/targets/answer.js'
import { type Tensor, tensor, zeros } from '../../core/tensor.js'
import { abs2Op } from '../../ops/fourier/abs2.js'
import { complexAbsOp } from '../../ops/fourier/complexAbs.js'
import { complexExpOp } from '../../ops/fourier/complexExp.js'
import { complexMulOp } from '../../ops/fourier/complexMul.js'
import { rfftOp } from '../../ops/fourier/rfft.js'
import { spectralFilterOp } from '../../ops/fourier/spectralFilter.js'
import * as ops from '../../ops/index.js'
import { diffuse, diffusionFactors, gridOf, modesOf, wholeSpectrum } from '../../physics/index.js'
import { golden, relativeError } from '../golden.js'

/** Relative to the largest entry: 450 units of rounding; Bluestein does three transforms whose error grows like log n. */
const TOLERANCE = 1e-13

const { abs2, complex, complexAbs, complexDiv, complexExp, complexMul, conj, fft, ifft, imag, irfft, real, rfft, sum } =
  ops

type Pair = [number, number]
const times = ([a, b]: Pair, [c, d]: Pair): Pair => [a * c - b * d, a * d + b * c]
/** e^(2πi turns) */
const turn = (turns: number): Pair => [Math.cos(2 * Math.PI * turns), Math.sin(2 * Math.PI * turns)]
const near = (t: Test, got: Tensor | Nested, want: Tensor | Nested, what: string, tolerance = TOLERANCE) => {
  const error = relativeError(got, want)
  t.ok(error <= tolerance, `${what}: ${error}`)
}
const pairs = ({ re, im }: { re: Nested; im: Nested }) => complex(tensor(re), tensor(im))

/** The transform of one vector [n, 2], by its sum. */
function naive(z: Tensor, sign: 1 | -1): Tensor {
  const n = z.shape[0]
  const out: Pair[] = Array.from({ length: n }, (_, k) => {
    let [re, im] = [0, 0]
    for (let j = 0; j < n; j++) {
      const [a, b] = times([z.data[2 * j], z.data[2 * j + 1]], turn((sign * ((j * k) % n)) / n))
      re += a
      im += b
    }
    return sign === 1 ? [re / n, im / n] : [re, im]
  })
  return tensor(out)
}

const identity = (n: number) =>
  tensor(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))))

/** x̃ of one site. */
function back(op: Op, inputs: Tensor[], target: Tensor, attrs?: unknown, i = 0): Tensor {
  const shape = op.outShape!(
    inputs.map(x => x.shape),
    attrs
  )
  const site: Site = { op, inputs, out: op.forward(inputs, attrs, shape, {}), attrs, saved: {} }
  const answer = runInverse(
    site,
    { value: target, weight: null },
    inputs.map((_, k) => k === i)
  )
  if ('refuse' in answer) throw new Error(answer.refuse)
  return answer[i]!.value
}

t.test("NumPy's numbers", t => {
  const g = golden('fft')
  for (const { n, input, fft: forward, ifft: inverse } of g.cases) {
    near(t, fft(pairs(input)), pairs(forward), `fft ${n}`)
    near(t, ifft(pairs(input)), pairs(inverse), `ifft ${n}`)
  }
  near(t, ops.fft2(pairs(g.fft2.input)), pairs(g.fft2.fft2), 'fft2')
  near(t, ops.ifft2(pairs(g.fft2.input)), pairs(g.fft2.ifft2), 'ifft2')
  near(t, ops.fftn(pairs(g.fft2.input)), pairs(g.fft2.fft2), 'fftn')
  const x = tensor(g.real2d.input)
  near(t, ops.fft2(complex(x, 0)), pairs(g.real2d.fft2), 'fft2 of real numbers')
  near(t, ops.rfft2(x), pairs(g.real2d.rfft2), 'rfft2')
  near(t, ops.irfft2(pairs(g.real2d.rfft2)), x, 'irfft2')
  for (const [n, want] of Object.entries(g.fftfreq)) near(t, ops.fftfreq(Number(n)), want as number[], `fftfreq ${n}`)
  t.end()
})

t.test('every length: the sum itself, Parseval, the real half, there and back', t => {
  const r = random(0)
  for (const n of [...Array.from({ length: 17 }, (_, i) => i + 1), 64, 100]) {
    const z = r.normal([n, 2])
    const x = r.normal([n])
    const m = Math.floor(n / 2) + 1
    const Z = fft(z)
    near(t, Z, naive(z, -1), `fft ${n}`)
    near(t, ifft(z), naive(z, 1), `ifft ${n}`)
    near(t, ifft(Z), z, `ifft fft ${n}`)
    near(t, sum(abs2(Z)), ops.mul(sum(abs2(z)), n), `Parseval ${n}`)
    const X = rfft(x)
    t.same(X.shape, [m, 2])
    near(t, X, ops.slice(naive(complex(x, 0), -1), 0, 0, m), `rfft ${n}`)
    t.ok(X.data[1] === 0 && (n % 2 === 1 || X.data[2 * m - 1] === 0), 'bin 0 and the Nyquist bin are real')
    near(t, irfft(X, n), x, `irfft rfft ${n}`)
    // Any half spectrum, completed by the conjugates and with those two imaginary parts dropped.
    const h = r.normal([m, 2])
    const whole = Array.from({ length: n }, (_, k): Pair => {
      const j = Math.min(k, n - k)
      const b = j === 0 || 2 * j === n ? 0 : h.data[2 * j + 1]
      return [h.data[2 * j], k === j ? b : -b]
    })
    near(t, irfft(h, n), real(naive(tensor(whole), 1)), `irfft ${n}`)
  }
  t.end()
})

t.test('axes are counted without the pair axis', t => {
  const r = random(1)
  const z = r.normal([3, 4, 5, 2])
  const moved = (axes: number[], f: (x: Tensor) => Tensor) => ops.permute(f(ops.permute(z, axes)), axes)
  near(
    t,
    fft(z, 0),
    moved([2, 1, 0, 3], x => fft(x)),
    'axis 0'
  )
  near(t, fft(z, -2), fft(z, 1), 'from the end')
  near(t, ops.fftn(z), fft(fft(fft(z, 0), 1), 2), 'all')
  near(t, ops.fft2(z), ops.fftn(z, [1, 2]), 'the last two')
  near(t, ops.ifftn(ops.fftn(z, [0, 2]), [2, 0]), z, 'two of three, there and back')
  const x = r.normal([4, 5, 3])
  near(t, rfft(x, 1), ops.slice(fft(complex(x, 0), 1), 1, 0, 3), 'rfft')
  near(t, irfft(rfft(x, 0), 4, 0), x, 'irfft along axis 0')
  near(t, irfft(rfft(x, -2), 5, -2), x, 'irfft of odd length')
  near(t, ops.irfft2(ops.rfft2(x), 3), x, 'a field of odd width')
  t.end()
})

t.test('adjoints: the conjugate transpose, and what the half spectrum stands for', t => {
  const r = random(2)
  const dot = (a: Tensor, b: Tensor) => sum(ops.mul(a, b)).item()
  for (const n of [1, 2, 5, 6, 8]) {
    const [z, Z] = [r.normal([n, 2]), r.normal([n, 2])]
    near(t, dot(fft(z), Z), dot(z, ops.mul(ifft(Z), n)), `⟨F z, Z⟩ = ⟨z, n F⁻¹ Z⟩, ${n}`, 1e-12)
    near(t, vjp((v: Tensor) => fft(v))(z).pullback(Z), ops.mul(ifft(Z), n), `adjoint of fft ${n}`)
    near(t, vjp((v: Tensor) => ifft(v))(z).pullback(Z), ops.mul(fft(Z), 1 / n), `adjoint of ifft ${n}`)
    const m = Math.floor(n / 2) + 1
    const [x, X] = [r.normal([n]), r.normal([m, 2])]
    const R = ops.reshape(jacobian((v: Tensor) => rfft(v))(x).J, [2 * m, n])
    const S = ops.reshape(jacobian((v: Tensor) => irfft(v, n))(X).J, [n, 2 * m])
    near(t, dot(rfft(x), X), dot(x, vjp((v: Tensor) => rfft(v))(x).pullback(X) as Tensor), `rfft ${n}`, 1e-12)
    near(t, ops.matmul(S, R), identity(n), `S R = 1, ${n}`)
    const RS = ops.matmul(R, S)
    near(t, RS, ops.swapAxes(RS), `R S is symmetric, so S = R⁺, ${n}`)
  }
  t.end()
})

t.test('inverses', t => {
  const r = random(3)
  const [z, x] = [r.normal([2, 6, 2]), r.normal([2, 6])]
  const target = r.normal([2, 6, 2])
  near(t, localInverse((v: Tensor) => fft(v))(target, z), ifft(target), 'fft')
  near(t, localInverse((v: Tensor) => ops.ifftn(v))(target, z), ops.fftn(target), 'ifftn')
  const wish = r.normal([2, 6])
  const X = r.normal([2, 4, 2])
  const moved = localInverse((v: Tensor) => irfft(v, 6))(wish, X)
  near(t, irfft(moved, 6), wish, 'irfft')
  for (const b of [0, 1])
    for (const k of [0, 3]) t.equal(moved.data[b * 8 + 2 * k + 1], X.data[b * 8 + 2 * k + 1], 'what is not read stays')
  const spectrum = r.normal([2, 4, 2])
  near(t, back(rfftOp, [x], spectrum, { axis: -1 }), irfft(spectrum, 6), 'a spectrum that no real x has: least squares')
  t.end()
})

t.test('gradients, and gradients of gradients', t => {
  const r = random(4)
  const z = r.normal([5, 2])
  near(t, grad((v: Tensor) => sum(abs2(fft(v))))(z), ops.mul(z, 10), '∇ Σ|F z|² = 2 n z')
  near(t, ops.reshape(hessian((v: Tensor) => sum(abs2(fft(v))))(z), [10, 10]), ops.mul(identity(10), 10), 'its Hessian')
  const x = r.normal([6])
  const energy = (v: Tensor) => sum(ops.square(irfft(complexMul(rfft(v), rfft(v)), 6)))
  // irfft(X²) is the cyclic convolution x * x: its energy by that sum.
  const conv = (v: Tensor) =>
    Array.from({ length: 6 }, (_, k) => {
      let s = 0
      for (let j = 0; j < 6; j++) s += v.data[j] * v.data[(k - j + 6) % 6]
      return s
    })
  near(
    t,
    energy(x),
    conv(x).reduce((s, c) => s + c * c, 0),
    'energy of x * x'
  )
  const c = conv(x)
  const slope = Array.from({ length: 6 }, (_, i) => c.reduce((s, v, k) => s + 4 * v * x.data[(k - i + 6) % 6], 0))
  near(t, grad(energy)(x), slope, 'its gradient')
  const H = Array.from({ length: 6 }, (_, i) =>
    Array.from({ length: 6 }, (_, j) =>
      c.reduce(
        (s, v, k) => s + 8 * x.data[(k - i + 6) % 6] * x.data[(k - j + 6) % 6] + ((k - i - j + 12) % 6 ? 0 : 4 * v),
        0
      )
    )
  )
  near(t, hessian(energy)(x), H, 'its Hessian')
  for (const f of [
    (v: Tensor) => complexAbs(ops.fft2(v)),
    (v: Tensor) => complexExp(ifft(v)),
    (v: Tensor) => ops.rfft2(ops.irfft2(v)),
    (v: Tensor) => sum(abs2(ops.rfft2(abs2(v)))),
    (v: Tensor) => abs2(conj(v))
  ])
    for (const row of [
      ...gradCheck(f, { inputs: [r.normal([2, 3, 2])] }, r),
      ...dotCheck(f, { inputs: [r.normal([3, 4, 2])] }, r)
    ])
      t.ok(row.passed, `${row.check} ${row.error}`)
  t.end()
})

t.test('complex numbers', t => {
  const [a, b]: Pair[] = [
    [1.5, -2],
    [-0.5, 0.25]
  ]
  const [A, B] = [tensor(a), tensor(b)]
  near(
    t,
    complex(tensor([1, 2]), 3),
    [
      [1, 3],
      [2, 3]
    ],
    'complex'
  )
  near(
    t,
    complex(tensor([[1], [2]]), tensor([3, 4])),
    [
      [
        [1, 3],
        [1, 4]
      ],
      [
        [2, 3],
        [2, 4]
      ]
    ],
    'broadcast'
  )
  t.same([real(A).item(), imag(A).item(), conj(A).toArray()], [1.5, -2, [1.5, 2]])
  near(t, complexMul(A, B), [-0.25, 1.375], 'product')
  near(t, complexMul(complexDiv(A, B), B), a, 'quotient')
  t.equal(abs2(A).item(), 6.25)
  t.equal(complexAbs(A).item(), 2.5)
  near(t, complexExp(A), [Math.exp(1.5) * Math.cos(-2), Math.exp(1.5) * Math.sin(-2)], 'e^z')
  near(t, complexDiv(tensor([3e300, 1e300]), tensor([1e300, -2e300])), [0.2, 1.4], 'no overflow')
  near(t, complexDiv(tensor([3e-300, 1e-300]), tensor([1e-300, -2e-300])), [0.2, 1.4], 'no underflow')
  near(t, complexAbs(tensor([3e300, -4e300])), 5e300, '|z| of large numbers')
  t.ok([...complexDiv(A, tensor([0, 0])).data].every(Number.isNaN), 'a / 0')
  t.same(
    grad((z: Tensor) => sum(complexAbs(z)))(
      tensor([
        [0, 0],
        [3, 4]
      ])
    ).toArray(),
    [
      [0, 0],
      [0.6, 0.8]
    ]
  )
  t.same(ops.cast(complexMul(ops.cast(A, 'f32'), ops.cast(B, 'f32')), 'f64').toArray(), [-0.25, 1.375])
  t.end()
})

t.test('complex numbers: targets', t => {
  near(t, back(complexExpOp, [tensor([0.1, 13])], tensor([0, 2])), [Math.log(2), 4.5 * Math.PI], 'the nearest branch')
  t.ok(Number.isNaN(back(complexExpOp, [tensor([0, 0])], tensor([0, 0])).data[0]), 'no logarithm of 0')
  t.same(back(abs2Op, [tensor([0, 0])], tensor(9)).toArray(), [3, 0])
  t.same(back(abs2Op, [tensor([3, -4])], tensor(100)).toArray(), [6, -8])
  t.same(back(abs2Op, [tensor([3, 4])], tensor(-1)).toArray(), [0, 0])
  t.same(back(complexAbsOp, [tensor([0, 0])], tensor(2)).toArray(), [2, 0])
  t.same(back(complexAbsOp, [tensor([0, -2])], tensor(5)).toArray(), [0, -5])
  t.same(back(complexMulOp, [tensor([3, 4]), tensor([0, 0])], tensor([0, 0])).toArray(), [3, 4])
  t.ok(Number.isNaN(back(complexMulOp, [tensor([3, 4]), tensor([0, 0])], tensor([1, 0])).data[0]), '0 x is not 1')
  // One factor for two products, (1 + i) and 2 i times x: least squares, conj(b) ỹ over Σ|b|².
  const [b, y] = [
    tensor([
      [1, 1],
      [0, 2]
    ]),
    tensor([
      [2, 0],
      [0, 0]
    ])
  ]
  near(t, back(complexMulOp, [tensor([1, 0]), b], y), [2 / 6, -2 / 6], 'a broadcast factor')
  t.end()
})

t.test('frequencies and their order', t => {
  t.same(ops.fftfreq(5, 0.5).toArray(), [0, 0.4, 0.8, -0.8, -0.4])
  t.same(ops.rfftfreq(5, 0.5).toArray(), [0, 0.4, 0.8])
  t.same(ops.rfftfreq(4, 1, 'f32').toArray(), [0, 0.25, 0.5])
  t.same(ops.rfftfreq(4, 1, 'f32').dtype, 'f32')
  t.same(ops.fftshift(ops.fftfreq(4, 0.25), -1, 'real').toArray(), [-2, -1, 0, 1])
  t.same(ops.fftshift(ops.fftfreq(5, 0.2), -1, 'real').toArray().toString(), '-2,-1,0,1,2')
  const z = random(5).normal([3, 4, 2])
  near(t, ops.ifftshift(ops.fftshift(z)), z, 'there and back')
  near(t, ops.fftshift(z, 0), ops.concat([ops.slice(z, 0, 2), ops.slice(z, 0, 0, 2)], 0), 'one axis of pairs')
  t.end()
})

/** The Fourier layer's map by its definition: y = 1/N Σ_k w_k Re(Σ_i W X e^(i k x)) over the kept frequencies. */
function naiveConv(x: Tensor, w: Tensor): Tensor {
  const [B, C, ...grid] = x.shape
  const [, , O, ...rest] = w.shape
  const modes = rest.slice(0, -1)
  const [N, M] = [grid, modes].map(s => s.reduce((p, d) => p * d, 1))
  const unravel = (i: number, s: readonly number[]) =>
    s.map((d, k) => Math.floor(i / s.slice(k + 1).reduce((p, v) => p * v, 1)) % d)
  const turns = (k: number[], j: number[]) => k.reduce((s, f, a) => s + (f * j[a]) / grid[a], 0)
  const y = new Float64Array(B * O * N)
  for (let block = 0; block < w.shape[0]; block++)
    for (let m = 0; m < M; m++) {
      const k = unravel(m, modes).map((f, a) => ((block >> a) & 1 && a < grid.length - 1 ? f - modes[a] : f))
      const last = k[k.length - 1]
      const copies = last === 0 || 2 * last === grid[grid.length - 1] ? 1 : 2
      for (let b = 0; b < B; b++)
        for (let o = 0; o < O; o++) {
          let Y: Pair = [0, 0]
          for (let i = 0; i < C; i++) {
            let X: Pair = [0, 0]
            for (let j = 0; j < N; j++) {
              const [p, q] = turn(-turns(k, unravel(j, grid)))
              const v = x.data[(b * C + i) * N + j]
              X = [X[0] + p * v, X[1] + q * v]
            }
            const at = 2 * (((block * C + i) * O + o) * M + m)
            const [p, q] = times(X, [w.data[at], w.data[at + 1]])
            Y = [Y[0] + p, Y[1] + q]
          }
          for (let j = 0; j < N; j++)
            y[(b * O + o) * N + j] += (copies / N) * times(Y, turn(turns(k, unravel(j, grid))))[0]
        }
    }
  return tensor(y, { shape: [B, O, ...grid] })
}

const convs = [ops.spectralConv1d, ops.spectralConv2d, ops.spectralConv3d]

t.test('spectral convolution: its definition, in one to three dimensions', t => {
  const r = random(6)
  const cases: [number[], number[]][] = [
    [[6], [4]],
    [[5], [2]],
    [
      [6, 5],
      [2, 3]
    ],
    [
      [4, 6],
      [2, 4]
    ],
    [
      [3, 4, 5],
      [1, 2, 2]
    ],
    [
      [4, 2, 1],
      [2, 1, 1]
    ]
  ]
  for (const [grid, modes] of cases) {
    const x = r.normal([2, 3, ...grid])
    const w = r.normal(ops.spectralWeightShape(3, 2, modes))
    const conv = convs[grid.length - 1]
    near(t, conv(x, w), naiveConv(x, w), `grid ${grid}, modes ${modes}`)
  }
  const x = r.normal([2, 3, 6, 5], 0, 1, { dtype: 'f32' })
  const w = r.normal(ops.spectralWeightShape(3, 2, [2, 3]), 0, 1, { dtype: 'f32' })
  near(t, ops.spectralConv2d(x, w), naiveConv(tensor(x, { dtype: 'f64' }), tensor(w, { dtype: 'f64' })), 'f32', 1e-6)
  t.equal(ops.spectralConv2d(x, w).dtype, 'f32')
  t.end()
})

t.test('spectral convolution: derivatives, and rows per sample', t => {
  const r = random(7)
  for (const [grid, modes] of [
    [[5], [3]],
    [
      [4, 4],
      [1, 3]
    ],
    [
      [2, 3, 2],
      [1, 1, 2]
    ]
  ]) {
    const conv = convs[grid.length - 1]
    const inputs = [r.normal([2, 2, ...grid]), r.normal(ops.spectralWeightShape(2, 1, modes))]
    const f = (x: Tensor, w: Tensor) => conv(x, w)
    const rows = [gradCheck, dotCheck, sampleJacobianCheck].flatMap(check => check(f, { inputs }, r))
    for (const row of rows) t.ok(row.passed, `${grid}: ${row.check} ${row.error} ${row.note}`)
    t.ok(rows.filter(row => row.check.startsWith('sample-Jacobian') && !row.note).length > 1, 'rows were compared')
  }
  const [x, w] = [r.normal([3, 2, 4, 3]), r.normal(ops.spectralWeightShape(2, 2, [2, 2]))]
  const J = sampleJacobian((v: Tensor) => ops.spectralConv2d(x, v))(w).J
  const loop = [0, 1, 2].map(b => jacobian((v: Tensor) => ops.spectralConv2d(ops.slice(x, 0, b, b + 1), v))(w).J)
  near(t, ops.reshape(J, [-1]), ops.reshape(ops.concat(loop, 0), [-1]), 'a loop over single samples')
  t.end()
})

t.test('spectral convolution: one plane wave, and the parameters of the published network', t => {
  // Only the frequency (-1, 2) has a weight, i: a wave of that frequency is moved by a quarter turn, others vanish.
  const w = zeros([2, 1, 1, 2, 3, 2])
  w.data[2 * (6 + 3 + 2) + 1] = 1
  const wave = (f: (turns: number) => number, k1 = -1) =>
    tensor(
      Array.from({ length: 8 }, (_, i) => Array.from({ length: 8 }, (_, j) => f((k1 * i + 2 * j) / 8))),
      {
        shape: [1, 8, 8]
      }
    )
  const [cos, sin] = [(v: number) => turn(v)[0], (v: number) => turn(v)[1]]
  near(t, ops.spectralConv2d(wave(cos), w), ops.mul(wave(sin), -1), 'a quarter turn')
  near(
    t,
    ops.spectralConv2d(wave(cos, 1), w),
    wave(() => 0),
    'another frequency',
    1e-14
  )
  const [layers, width] = [4, 32]
  const size = (s: readonly number[]) => s.reduce((p, d) => p * d, 1)
  const dense = (i: number, o: number) => i * o + o
  const spectral = size(ops.spectralWeightShape(width, width, [12, 12])) / 2
  t.equal(dense(3, width) + layers * (spectral + dense(width, width)) + dense(width, 128) + dense(128, 1), 1188353)
  t.end()
})

t.test('spectral convolution: which field has this image?', t => {
  // All modes kept, one weight per mode for two channels to two: real for bin 0, as real fields need.
  const r = random(9)
  const w = r.normal(ops.spectralWeightShape(2, 2, [3]))
  for (let i = 0; i < 4; i++) w.data[6 * i + 1] = 0
  const [x, wish] = [r.normal([3, 2, 5]), r.normal([3, 2, 5])]
  const f = (v: Tensor) => ops.spectralConv1d(v, w)
  near(t, localInverse(f)(f(wish), x), wish, 'that one', 1e-11)
  t.end()
})

t.test('spectral filters', t => {
  const r = random(8)
  const x = r.normal([2, 5, 4])
  const modes = modesOf([5, 4], gridOf({}, 'a test'))
  const transfer = tensor(wholeSpectrum(diffusionFactors(modes, 0.3), modes), { shape: [5, 4] })
  near(t, ops.spectralFilter(x, transfer), diffuse(x, 0.3), 'diffusion')
  near(
    t,
    localInverse((v: Tensor) => ops.spectralFilter(v, transfer))(diffuse(x, 0.3), r.normal([2, 5, 4])),
    x,
    'undone',
    1e-11
  )
  // -k² of the second difference: x_{j-1} - 2 x_j + x_{j+1}, periodic.
  const n = 6
  const laplace = tensor(Array.from({ length: n }, (_, k) => 2 * Math.cos((2 * Math.PI * k) / n) - 2))
  const v = r.normal([3, n])
  const at = (b: number, j: number) => v.data[b * n + ((j + n) % n)]
  const second = [0, 1, 2].map(b => Array.from({ length: n }, (_, j) => at(b, j - 1) - 2 * at(b, j) + at(b, j + 1)))
  near(t, ops.spectralFilter(v, laplace), second, 'second difference')
  const poisson = back(spectralFilterOp, [v], r.normal([3, n]), { transfer: laplace })
  near(t, ops.mean(poisson, -1), ops.mean(v, -1), 'the mean is not seen, and stays')
  near(t, ops.spectralFilter(ops.cast(v, 'f32'), ops.cast(laplace, 'f32')), second, 'f32', 1e-6)
  t.end()
})

t.test('wrong calls say what was asked, what was found, what to do', t => {
  const z = tensor(new Float64Array(12), { shape: [2, 3, 2] })
  const x = tensor([[1, 2, 3]])
  const w = tensor(new Float64Array(8), { shape: [2, 1, 1, 1, 2, 2] })
  const calls: [() => unknown, string, RegExp][] = [
    [() => fft(x), 'ERR_SHAPE', /last axis of length 2/],
    [() => fft(tensor(1)), 'ERR_SHAPE', /no complex numbers/],
    [() => fft(1 as never), 'ERR_DTYPE', /a number/],
    [() => fft(z, 2), 'ERR_SHAPE', /rank 2/],
    [() => fft(z, 0.5), 'ERR_SHAPE', /axis 0.5/],
    [() => fft(tensor(new Float64Array(0), { shape: [0, 2] })), 'ERR_SHAPE', /length 0/],
    [() => ops.fftn(z, [0, -2]), 'ERR_SHAPE', /twice/],
    [() => ops.ifft2(tensor([1, 2])), 'ERR_SHAPE', /rank 0/],
    [() => rfft(tensor([])), 'ERR_SHAPE', /at least one/],
    [() => rfft(x, 2), 'ERR_SHAPE', /rank 2/],
    [() => ops.rfft2(tensor([1, 2])), 'ERR_SHAPE', /fewer than two/],
    [() => irfft(z, 3), 'ERR_SHAPE', /3 bins/],
    [() => irfft(z, 2.5), 'ERR_OPTION', /n is 2.5/],
    [() => irfft(tensor([[1, 0]])), 'ERR_SHAPE', /0 numbers/],
    [() => ops.irfft2(tensor([[1, 0]])), 'ERR_SHAPE', /fewer than two/],
    [() => conj(x), 'ERR_SHAPE', /conj/],
    [() => real(x), 'ERR_SHAPE', /real/],
    [() => complex(x, tensor([1, 2])), 'ERR_SHAPE', /axis -1/],
    [() => complex('1' as never, 2), 'ERR_DTYPE', /a string/],
    [() => complexMul(z, x), 'ERR_SHAPE', /second input/],
    [
      () =>
        complexMul(
          z,
          tensor([
            [1, 2],
            [1, 2]
          ])
        ),
      'ERR_SHAPE',
      /axis -1 is 3/
    ],
    [() => complexDiv(3 as never, z), 'ERR_DTYPE', /first input/],
    [() => complexMul(z, ops.cast(z, 'f32')), 'ERR_DTYPE', /cast/],
    [() => ops.fftfreq(0), 'ERR_OPTION', /n is 0/],
    [() => ops.rfftfreq(4, 0), 'ERR_OPTION', /d is 0/],
    [() => ops.fftshift(x), 'ERR_SHAPE', /pairs/],
    [() => ops.fftshift(x, 0, 'imaginary' as never), 'ERR_OPTION', /'imaginary'/],
    [() => ops.spectralConv2d(x, w), 'ERR_SHAPE', /2 axes/],
    [() => ops.spectralConv1d(x, w), 'ERR_SHAPE', /1 blocks/],
    [() => ops.spectralConv2d(tensor(new Float64Array(8), { shape: [2, 2, 2] }), w), 'ERR_SHAPE', /2 channels/],
    [
      () => ops.spectralConv2d(tensor(new Float64Array(4), { shape: [1, 1, 4] }), w),
      'ERR_SHAPE',
      /1 modes along grid axis 0/
    ],
    [
      () => ops.spectralConv2d(tensor(new Float64Array(2), { shape: [1, 2, 1] }), w),
      'ERR_SHAPE',
      /2 modes along grid axis 1/
    ],
    [() => ops.spectralWeightShape(1, 1, []), 'ERR_SHAPE', /0 numbers/],
    [() => ops.spectralWeightShape(1, 0, [2]), 'ERR_OPTION', /outChannels/],
    [() => ops.spectralFilter(x, tensor([1, 2])), 'ERR_SHAPE', /last axes/],
    [() => ops.spectralFilter(x, tensor([1, 2, 3])), 'ERR_OPTION', /even function/],
    [() => ops.spectralFilter(x, tensor([1, Number.NaN, 3])), 'ERR_NON_FINITE', /finite/],
    [() => ops.spectralFilter(x, tensor(2)), 'ERR_SHAPE', /every bin/]
  ]
  for (const [call, code, message] of calls) t.throws(call, { code, message })
  t.end()
})
