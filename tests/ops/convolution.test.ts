import t from 'tap'
import {
  type ConvGeometry,
  conv,
  convInput,
  convOutputSize,
  convWeight,
  convWeightPerSample
} from '../../core/backends/plain/convolution.js'
import { type Data, sizeOf } from '../../core/backends/plain/data.js'
import { gatherPlanes, maxPool, poolOutputSize, scatterPlanes } from '../../core/backends/plain/pool.js'
import {
  type DType,
  DTypeError,
  localInverse,
  OptionError,
  random,
  ShapeError,
  type Tensor,
  tensor,
  vjp
} from '../../core/index.js'
import * as ops from '../../ops/index.js'

// Every operator of the folder against loops that follow its definition entry by entry.

const r = random(0).split('convolution')
const int = (low: number, high: number): number => low + Math.floor(r.next() * (high - low + 1))
const ints = (n: number, low: number, high: number): number[] => Array.from({ length: n }, () => int(low, high))
const TOLERANCE: Record<DType, number> = { f64: 1e-13, f32: 1e-5 }
const DTYPES = ['f64', 'f32'] as const
const AXES = [1, 2, 3]

const zeros = (n: number, dtype: DType): Data => (dtype === 'f64' ? new Float64Array(n) : new Float32Array(n))
const noise = (n: number, dtype: DType): Data => zeros(n, dtype).map(() => 2 * r.next() - 1) as Data

function* indices(shape: readonly number[]): Generator<number[]> {
  const n = sizeOf(shape)
  for (let flat = 0; flat < n; flat++) {
    const index = new Array<number>(shape.length)
    for (let d = shape.length - 1, rest = flat; d >= 0; d--) {
      index[d] = rest % shape[d]
      rest = Math.floor(rest / shape[d])
    }
    yield index
  }
}
const flat = (shape: readonly number[], index: readonly number[]): number =>
  shape.reduce((at, size, d) => at * size + index[d], 0)

/** Largest difference relative to the largest reference value. */
function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  let most = 0
  let scale = 0
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue
    if (!Number.isFinite(actual[i] - expected[i])) return Number.POSITIVE_INFINITY
    most = Math.max(most, Math.abs(actual[i] - expected[i]))
    scale = Math.max(scale, Math.abs(expected[i]))
  }
  return most === 0 ? 0 : most / scale
}
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let s = 0
  for (let i = 0; i < a.length; i++) s += a[i] * b[i]
  return s
}
const relative = (a: number, b: number): number => Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b), 1e-3)

// --- convolution ---

/** Any geometry over n axes whose output is not empty. */
function anyGeometry(n: number): ConvGeometry {
  const few = n === 3 ? 2 : 4
  const [groups, kernel, stride, dilation, padding] = [
    int(1, 3),
    ints(n, 1, 4),
    ints(n, 1, 3),
    ints(n, 1, 3),
    ints(n, 0, 3)
  ]
  const least = kernel.map((k, d) => Math.max(1, dilation[d] * (k - 1) + 1 - 2 * padding[d]))
  return {
    batch: int(0, 3),
    inChannels: groups * int(1, few),
    outChannels: groups * int(1, few + 1),
    groups,
    size: least.map(m => m + int(0, n === 3 ? 3 : 8)),
    kernel,
    stride,
    dilation,
    padding
  }
}

const sizes = (g: ConvGeometry) => ({
  x: g.batch * g.inChannels * sizeOf(g.size),
  w: (g.outChannels * g.inChannels * sizeOf(g.kernel)) / g.groups,
  y: g.batch * g.outChannels * sizeOf(convOutputSize(g))
})

/** Visits every product of a convolution: positions in x, w and y. Outside of the image `wrap` says what is read. */
function eachProduct(g: ConvGeometry, visit: (x: number, w: number, y: number) => void, wrap = false): void {
  const out = convOutputSize(g)
  const [C, O] = [g.inChannels / g.groups, g.outChannels / g.groups]
  for (const [b, o, c, ...rest] of indices([g.batch, g.outChannels, C, ...out, ...g.kernel])) {
    const q = rest.slice(0, out.length)
    const tap = rest.slice(out.length)
    const at = q.map((Y, d) => Y * g.stride[d] + tap[d] * g.dilation[d] - g.padding[d])
    const place = wrap ? at.map((p, d) => ((p % g.size[d]) + g.size[d]) % g.size[d]) : at
    if (place.some((p, d) => p < 0 || p >= g.size[d])) continue
    const channel = Math.floor(o / O) * C + c
    visit(
      flat([g.batch, g.inChannels, ...g.size], [b, channel, ...place]),
      flat([g.outChannels, C, ...g.kernel], [o, c, ...tap]),
      flat([g.batch, g.outChannels, ...out], [b, o, ...q])
    )
  }
}

/** Worst error of the four kernels at one geometry. */
function kernelError(g: ConvGeometry, dtype: DType, cotangents: number): number {
  const size = sizes(g)
  const [x, w, ct] = [noise(size.x, dtype), noise(size.w, dtype), noise(cotangents * size.y, dtype)]
  const [y, dx, dw] = [new Float64Array(size.y), new Float64Array(size.x), new Float64Array(size.w)]
  const each = new Float64Array(cotangents * g.batch * size.w)
  eachProduct(g, (i, j, o) => {
    y[o] += x[i] * w[j]
    dx[i] += ct[o] * w[j]
    dw[j] += ct[o] * x[i]
    const sample = Math.floor((o * g.batch) / size.y)
    for (let k = 0; k < cotangents; k++) each[(k * g.batch + sample) * size.w + j] += ct[k * size.y + o] * x[i]
  })
  // Outputs start as garbage: the kernels overwrite.
  const got = [y, dx, dw, each].map(v => noise(v.length, dtype))
  conv(x, w, got[0], g)
  convInput(ct, w, got[1], g)
  convWeight(x, ct, got[2], g)
  convWeightPerSample(x, ct, got[3], g, cotangents)
  return Math.max(...[y, dx, dw, each].map((v, k) => difference(got[k], v)))
}

for (const n of AXES)
  for (const dtype of DTYPES)
    t.test(`conv${n}d ${dtype}: forward, adjoints and per-sample weights against the definition`, async t => {
      let most = 0
      for (let trial = 0; trial < 150; trial++) {
        const error = kernelError(anyGeometry(n), dtype, int(1, 3))
        if (error > most) most = error
      }
      t.ok(most < TOLERANCE[dtype], `error ${most}`)
    })

t.test('convolution: contractions and rows longer than one block', async t => {
  const base = { batch: 2, groups: 1, stride: [1, 1], dilation: [1, 1], padding: [1, 0] }
  const long = { ...base, inChannels: 130, outChannels: 5, size: [5, 4], kernel: [2, 2] }
  const image = { ...base, inChannels: 2, outChannels: 3, size: [40, 17], kernel: [1, 2], batch: 1 }
  for (const dtype of DTYPES) {
    t.ok(kernelError(long, dtype, 1) < TOLERANCE[dtype], `${dtype}: 520 taps`)
    t.ok(
      kernelError({ ...long, inChannels: 260, outChannels: 10, groups: 2 }, dtype, 2) < TOLERANCE[dtype],
      'by groups'
    )
    t.ok(kernelError(image, dtype, 90) < TOLERANCE[dtype], `${dtype}: 270 rows of 656 pixels`)
  }
})

/** The operators' function, and its counterparts, over n axes. */
const convOf = [ops.conv1d, ops.conv2d, ops.conv3d]
const transposedOf = [ops.convTranspose1d, ops.convTranspose2d, ops.convTranspose3d]
const shapes = (g: ConvGeometry) => ({
  x: [g.batch, g.inChannels, ...g.size],
  w: [g.outChannels, g.inChannels / g.groups, ...g.kernel],
  y: [g.batch, g.outChannels, ...convOutputSize(g)]
})

for (const n of AXES)
  t.test(`conv${n}d: options, periodic padding and the transposed convolution against the definition`, async t => {
    let [most, adjoint] = [0, 0]
    for (let trial = 0; trial < 80; trial++) {
      const g = anyGeometry(n)
      const { stride, padding, dilation, groups } = g
      const shape = shapes(g)
      const [x, w, ct] = [r.normal(shape.x), r.normal(shape.w), r.normal(shape.y)]
      const zero = new Float64Array(ct.size)
      const periodic = new Float64Array(ct.size)
      eachProduct(g, (i, j, o) => {
        zero[o] += x.data[i] * w.data[j]
      })
      eachProduct(
        g,
        (i, j, o) => {
          periodic[o] += x.data[i] * w.data[j]
        },
        true
      )
      const options = { stride, padding, dilation, groups }
      const y = convOf[n - 1](x, w, options)
      t.same(y.shape, shape.y)
      most = Math.max(most, difference(y.data, zero))
      most = Math.max(most, difference(convOf[n - 1](x, w, { ...options, mode: 'periodic' }).data, periodic))
      // The transposed convolution back to the size of x: what the stride leaves over is outputPadding.
      const covered = shape.y
        .slice(2)
        .map((m, d) => (m - 1) * stride[d] - 2 * padding[d] + dilation[d] * (g.kernel[d] - 1) + 1)
      const outputPadding = covered.map((m, d) => g.size[d] - m)
      const back = transposedOf[n - 1](ct, w, { ...options, outputPadding })
      t.same(back.shape, shape.x)
      adjoint = Math.max(adjoint, relative(dot(y.data, ct.data), dot(back.data, x.data)))
    }
    t.ok(most < 1e-13, `error ${most}`)
    t.ok(adjoint < 1e-12, `⟨conv(x, w), ct⟩ - ⟨x, convTranspose(ct, w)⟩: ${adjoint}`)
  })

t.test('convTranspose: each entry puts the kernel at its place; outputPadding beyond the stride', async t => {
  let most = 0
  for (let trial = 0; trial < 200; trial++) {
    const [groups, m, k, stride, dilation, padding] = [int(1, 2), int(1, 5), int(1, 3), int(1, 3), int(1, 4), int(0, 1)]
    const extra = int(0, Math.max(stride, dilation) - 1)
    const length = (m - 1) * stride - 2 * padding + dilation * (k - 1) + extra + 1
    if (length < 1) continue
    const [C, O] = [2 * groups, 3]
    const [x, w] = [r.normal([2, C, m]), r.normal([C, O, k])]
    const want = new Float64Array(2 * O * groups * length)
    for (const [b, c, o, i, j] of indices([2, C, O, m, k])) {
      const at = i * stride + j * dilation - padding
      const channel = Math.floor(c / 2) * O + o
      if (at >= 0 && at < length)
        want[flat([2, O * groups, length], [b, channel, at])] +=
          x.data[flat(x.shape, [b, c, i])] * w.data[flat(w.shape, [c, o, j])]
    }
    const y = ops.convTranspose1d(x, w, { stride, dilation, padding, groups, outputPadding: extra })
    t.same(y.shape, [2, O * groups, length])
    most = Math.max(most, difference(y.data, want))
  }
  t.ok(most < 1e-13, `error ${most}`)
})

t.test('convolution: special cases are each other', async t => {
  const [x, w] = [r.normal([2, 3, 7]), r.normal([4, 3, 3])]
  const flatImage = ops.conv2d(ops.reshape(x, [2, 3, 1, 7]), ops.reshape(w, [4, 3, 1, 3]), {
    padding: [0, 1],
    stride: [1, 2]
  })
  t.same(ops.conv1d(x, w, { padding: 1, stride: 2 }).data, flatImage.data, 'one axis is two with height 1')
  const image = r.normal([2, 3, 4, 5])
  const kernel = r.normal([3, 1, 3, 3])
  const depthwise = ops.conv2d(image, kernel, { padding: 'same', groups: 3 })
  const apart = [0, 1, 2].map(c =>
    ops.conv2d(ops.slice(image, 1, c, c + 1), ops.slice(kernel, 0, c, c + 1), { padding: 1 })
  )
  t.same(depthwise.data, ops.concat(apart, 1).data, 'depthwise: each channel by itself')
  const own = r.normal([2, 4, 3, 3])
  const perSample = ops.conv1d(x, own)
  const one = [0, 1].map(b => ops.conv1d(ops.at(x, b, 0), ops.at(own, b, 0)))
  t.same(perSample.data, ops.stack(one, 0).data, 'a weight per sample: each sample by itself')
  t.same(ops.conv1d(ops.at(x, 0, 0), w).shape, [4, 5], 'a single image has no sample axis')
  const mean = ops.conv2d(image, tensor(Array(3 * 4).fill(0.25), { shape: [3, 1, 2, 2] }), { stride: 2, groups: 3 })
  t.ok(difference(ops.avgPool2d(image, 2).data, mean.data) < 1e-15, 'average pooling is a convolution')
  const shift = tensor([[[0, 0, 1]]])
  t.same(ops.conv1d(tensor([[1, 2, 3]]), shift, { padding: 'same', mode: 'periodic' }).data, [2, 3, 1], 'a shift')
  t.same(ops.conv1d(tensor([[1, 2, 3]]), shift, { padding: 'same' }).data, [2, 3, 0])
})

// --- pooling ---

for (const n of AXES)
  t.test(`maxPool${n}d: values, first positions of ties, NaN, tangent and adjoint`, async t => {
    const failures: string[] = []
    for (let trial = 0; trial < 100; trial++) {
      const dtype = DTYPES[trial % 2]
      const [planes, window, stride] = [int(1, 4), ints(n, 1, 3), ints(n, 1, 3)]
      const size = window.map(m => m + int(0, n === 3 ? 3 : 6))
      const g = { size, window, stride }
      const out = poolOutputSize(g)
      const [inSize, outSize] = [sizeOf(size), sizeOf(out)]
      // Few distinct values, so that windows tie.
      const x = zeros(planes * inSize, dtype).map(() => (r.next() < 0.05 ? Number.NaN : int(-2, 2))) as Data
      const y = zeros(planes * outSize, dtype)
      const argmax = new Int32Array(y.length)
      maxPool(x, y, argmax, planes, g)
      let o = 0
      for (const [p, ...q] of indices([planes, ...out])) {
        let where = -1
        for (const i of indices(window)) {
          const at = flat(
            size,
            i.map((v, d) => q[d] * stride[d] + v)
          )
          const value = x[p * inSize + at]
          const best = x[p * inSize + where]
          if (where < 0 || value > best || (Number.isNaN(value) && !Number.isNaN(best))) where = at
        }
        if (argmax[o] !== where || !Object.is(y[o], x[p * inSize + where])) failures.push(`window ${p} ${q}`)
        o++
      }
      // A stack of three tangents and cotangents over one index.
      const [dx, ct] = [noise(3 * x.length, 'f64'), noise(3 * y.length, 'f64')]
      const [dy, back] = [new Float64Array(ct.length), new Float64Array(dx.length)]
      gatherPlanes(dx, argmax, dy, 3 * planes, inSize, outSize)
      scatterPlanes(ct, argmax, back, 3 * planes, inSize, outSize)
      if (dy.some((v, i) => v !== dx[Math.floor(i / outSize) * inSize + argmax[i % argmax.length]]))
        failures.push('take')
      if (relative(dot(dy, ct), dot(dx, back)) > 1e-12) failures.push('dot test')
    }
    t.same(failures, [])
  })

const maxOf = [ops.maxPool1d, ops.maxPool2d, ops.maxPool3d]
const meanOf = [ops.avgPool1d, ops.avgPool2d, ops.avgPool3d]
for (const n of AXES)
  t.test(`avgPool${n}d and maxPool${n}d against the definition, with leading axes`, async t => {
    let most = 0
    for (let trial = 0; trial < 60; trial++) {
      const [window, stride] = [ints(n, 1, 3), ints(n, 1, 3)]
      const x = r.normal([2, int(0, 2), ...window.map(m => m + int(0, 3))])
      const out = poolOutputSize({ size: x.shape.slice(2), window, stride })
      const means: number[] = []
      const maxima: number[] = []
      for (const [a, b, ...q] of indices([...x.shape.slice(0, 2), ...out])) {
        const values = [...indices(window)].map(
          i => x.data[flat(x.shape, [a, b, ...i.map((v, d) => q[d] * stride[d] + v)])]
        )
        means.push(values.reduce((s, v) => s + v) / values.length)
        maxima.push(Math.max(...values))
      }
      const y = meanOf[n - 1](x, window, stride)
      t.same(y.shape, [...x.shape.slice(0, 2), ...out])
      most = Math.max(most, difference(y.data, means))
      t.equal(difference(maxOf[n - 1](x, window, stride).data, maxima), 0)
    }
    t.ok(most < 1e-13, `error ${most}`)
  })

t.test('pooling: the smallest change that reaches a target', async t => {
  const x = tensor([1, 5, 3, 2, 0, 4, 4, 7])
  const solve = (target: number[], f: (x: Tensor) => Tensor) => [...localInverse(f)(tensor(target), x).data]
  const max = (x: Tensor) => ops.maxPool1d(x, 3)
  t.same(solve([5, 4], max), [1, 5, 3, 2, 0, 4, 4, 7], 'already there; the last two entries are in no window')
  t.same(solve([2, 6], max), [1, 2, 2, 2, 0, 6, 4, 7], 'lowered to 2, raised to 6')
  const tied = tensor([1, 1, 0])
  t.same([...localInverse(max)(tensor([2]), tied).data], [2, 1, 0], 'of equal ones the first is raised')
  const mean = solve([4, 2], x => ops.avgPool1d(x, 3))
  t.ok(difference(mean, [2, 6, 4, 2, 0, 4, 4, 7]) < 1e-12, 'the difference, added to each entry of the window')
  const copies = solve([1, 1, 3, 3, 0, 0, 0, 0, 5, 5, 0, 0, 0, 0, 2, 2], x => ops.upsampleNearest1d(x, 2))
  t.same(copies, [1, 3, 0, 0, 5, 0, 0, 2], 'copies go back')
})

// --- upsampling ---

const nearestOf = [ops.upsampleNearest1d, ops.upsampleNearest2d, ops.upsampleNearest3d]
const linearOf = [ops.upsampleLinear1d, ops.upsampleBilinear2d, ops.upsampleTrilinear3d]

/** Places that output entry i reads along an axis, with their weights. */
function read(i: number, length: number, factor: number, alignCorners: boolean): [number, number][] {
  const last = length * factor - 1
  const s = alignCorners ? (last === 0 ? 0 : (i * (length - 1)) / last) : Math.max(0, (i + 0.5) / factor - 0.5)
  const low = Math.floor(s)
  return [
    [low, 1 - (s - low)],
    [Math.min(low + 1, length - 1), s - low]
  ]
}

for (const n of AXES)
  t.test(`upsampling over ${n} axes against the definition, and its adjoint`, async t => {
    const most = { f64: 0, f32: 0 }
    let adjoint = 0
    for (let trial = 0; trial < 60; trial++) {
      const dtype = DTYPES[trial % 2]
      const factor = trial % 3 === 0 ? Array<number>(n).fill(2) : ints(n, 1, 3)
      const alignCorners = trial % 5 === 0
      const x = r.normal([int(1, 9), ...ints(n, 1, n === 3 ? 3 : 5)], 0, 1, { dtype })
      const out = [x.shape[0], ...factor.map((f, d) => x.shape[d + 1] * f)]
      const nearest: number[] = []
      const linear: number[] = []
      for (const [p, ...q] of indices(out)) {
        nearest.push(x.data[flat(x.shape, [p, ...q.map((Y, d) => Math.floor(Y / factor[d]))])])
        const axes = q.map((Y, d) => read(Y, x.shape[d + 1], factor[d], alignCorners))
        let sum = 0
        for (const corner of indices(axes.map(() => 2))) {
          const at = corner.map((k, d) => axes[d][k][0])
          sum += corner.reduce((w, k, d) => w * axes[d][k][1], 1) * x.data[flat(x.shape, [p, ...at])]
        }
        linear.push(sum)
      }
      const copied = nearestOf[n - 1](x, factor)
      t.same(copied.shape, out)
      t.equal(difference(copied.data, nearest), 0)
      const f = (x: Tensor) => linearOf[n - 1](x, factor, { alignCorners })
      const { value, pullback } = vjp(f)(x)
      t.same(value.shape, out)
      most[dtype] = Math.max(most[dtype], difference(value.data, linear))
      const ct = r.normal(out, 0, 1, { dtype })
      if (dtype === 'f64')
        adjoint = Math.max(adjoint, relative(dot(value.data, ct.data), dot(x.data, pullback(ct).data)))
    }
    t.ok(most.f64 < 1e-13, `f64 error ${most.f64}`)
    t.ok(most.f32 < 1e-5, `f32 error ${most.f32}`)
    t.ok(adjoint < 1e-12, `adjoint ${adjoint}`)
  })

t.test('upsampling: corners', async t => {
  const x = tensor([0, 3])
  t.same([...ops.upsampleLinear1d(x, 2).data], [0, 0.75, 2.25, 3])
  t.same([...ops.upsampleLinear1d(x, 2, { alignCorners: true }).data], [0, 1, 2, 3])
  t.same([...ops.upsampleLinear1d(tensor([5]), 3, { alignCorners: true }).data], [5, 5, 5])
  const far = tensor([1, Number.POSITIVE_INFINITY, -0])
  t.same([...ops.upsampleNearest1d(far, 1).data], [1, Number.POSITIVE_INFINITY, -0])
  t.ok(Object.is(ops.upsampleNearest1d(far, 2).data[4], -0), 'copies keep the sign of zero')
})

// --- wrong calls ---

const wrong = (v: unknown) => v as never
const image = r.normal([2, 4, 5, 5])
const w = r.normal([6, 4, 3, 3])
const line = r.normal([2, 4, 5])
const calls: [string, () => unknown, new (...args: never[]) => Error, RegExp][] = [
  ['other channels', () => ops.conv2d(image, r.normal([6, 3, 3, 3])), ShapeError, /4 channels/],
  ['groups that do not divide', () => ops.conv2d(image, w, { groups: 3 }), ShapeError, /3 groups/],
  [
    'outputs that groups do not divide',
    () => ops.conv2d(image, r.normal([3, 2, 3, 3]), { groups: 2 }),
    ShapeError,
    /3 of y/
  ],
  ['no groups', () => ops.conv2d(image, w, { groups: 0 }), ShapeError, /groups is 0/],
  ['half a stride', () => ops.conv2d(image, w, { stride: 1.5 }), ShapeError, /stride is 1.5/],
  ['one stride of two', () => ops.conv2d(image, w, { stride: [1] }), ShapeError, /stride is \[1\]/],
  ['no dilation', () => ops.conv2d(image, w, { dilation: 0 }), ShapeError, /dilation is 0/],
  ['negative padding', () => ops.conv2d(image, w, { padding: [0, -1] }), ShapeError, /padding/],
  ['an unknown padding', () => ops.conv2d(image, w, { padding: wrong('valid') }), ShapeError, /padding/],
  ['an unknown mode', () => ops.conv2d(image, w, { mode: wrong('reflect') }), OptionError, /'zeros' or 'periodic'/],
  ['options that are none', () => ops.conv2d(image, w, wrong(2)), OptionError, /options/],
  ['null options', () => ops.conv2d(image, w, wrong(null)), OptionError, /options/],
  ["'same' with a stride", () => ops.conv2d(image, w, { padding: 'same', stride: 2 }), ShapeError, /stride 1/],
  ["'same' with an even kernel", () => ops.conv1d(line, r.normal([1, 4, 2]), { padding: 'same' }), ShapeError, /even/],
  ['a kernel too large', () => ops.conv2d(image, w, { dilation: 3 }), ShapeError, /larger than the padded image/],
  ['an empty kernel', () => ops.conv2d(image, r.normal([6, 4, 0, 3])), ShapeError, /empty kernel/],
  ['a matrix', () => ops.conv1d(line, r.normal([4, 3])), ShapeError, /ranks 3 and 2/],
  ['another number of axes', () => ops.conv3d(r.normal([4, 5, 5]), r.normal([6, 4, 1, 3, 3])), ShapeError, /spatial/],
  ['no tensor', () => ops.conv1d(wrong([1, 2]), line), DTypeError, /tensor/],
  [
    'periodic padding of nothing',
    () => ops.conv1d(r.normal([1, 0]), r.normal([1, 1, 1]), { padding: 1, mode: 'periodic' }),
    ShapeError,
    /length 0/
  ],
  ['transposed: other channels', () => ops.convTranspose2d(image, w), ShapeError, /4 channels/],
  ['transposed: groups', () => ops.convTranspose2d(image, r.normal([4, 1, 2, 2]), { groups: 3 }), ShapeError, /groups/],
  [
    'transposed: too much outputPadding',
    () => ops.convTranspose1d(line, r.normal([4, 1, 2]), { stride: 2, outputPadding: 2 }),
    ShapeError,
    /smaller than the stride/
  ],
  [
    'transposed: all padded away',
    () => ops.convTranspose1d(line, r.normal([4, 1, 1]), { padding: 3 }),
    ShapeError,
    /less padding/
  ],
  ['a window of 0', () => ops.avgPool2d(image, 0), ShapeError, /window is 0/],
  ['half a window', () => ops.maxPool3d(image, 1.5), ShapeError, /window is 1.5/],
  ['a window larger than the axis', () => ops.avgPool2d(image, [2, 6]), ShapeError, /larger than the image/],
  ['a stride of NaN', () => ops.maxPool1d(line, 2, Number.NaN), ShapeError, /stride is NaN/],
  ['too few axes', () => ops.maxPool3d(r.normal([2, 2]), 1), ShapeError, /fewer than 3 axes/],
  ['too few axes to upsample', () => ops.upsampleNearest2d(r.normal([2]), 2), ShapeError, /fewer than 2 axes/],
  ['half a factor', () => ops.upsampleLinear1d(line, 0.5), ShapeError, /factor is 0.5/],
  ['corners', () => ops.upsampleTrilinear3d(image, 2, { alignCorners: wrong('yes') }), OptionError, /alignCorners/]
]
t.test('wrong calls say what was asked, found and is to be done', async t => {
  for (const [name, call, kind, text] of calls) {
    try {
      call()
      t.fail(`${name}: no error`)
    } catch (e) {
      t.ok(e instanceof kind && text.test((e as Error).message), `${name}: ${e}`)
    }
  }
})
