import t from 'tap'
import {
  DTypeError,
  equalTensors,
  grad,
  OptionError,
  random,
  type Shape,
  ShapeError,
  Tape,
  type Tensor,
  tensor
} from '../../core/index.js'
import {
  batchNormLayer,
  cast,
  convLayer,
  countParameters,
  dense,
  dropout,
  fanIn,
  fno,
  fnoBlock,
  glorot,
  glorotNormal,
  groupNorm,
  groupNormLayer,
  heNormal,
  heUniform,
  type Initialiser,
  layerNorm,
  layerNormLayer,
  matmul,
  mlp,
  network,
  orthogonal,
  permute,
  relu,
  resNetBlock,
  runningStatistics,
  type Statistics,
  sequential,
  slice,
  spectralConvLayer,
  square,
  sum,
  tanh,
  uNet,
  withCoordinates
} from '../../ops/index.js'
import { golden, relativeError } from '../golden.js'

const ROUNDING = 1e-14

t.test('parameters: counts, names, order', async t => {
  const operator = fno()
  t.same(countParameters(operator), { numbers: 2368001, weights: 1188353 })
  t.equal(operator.size, 2368001)
  t.same(countParameters(fno({ dimensions: 1, modes: 16, width: 64, inChannels: 2 })), {
    // lift 192, blocks 4 (64 · 64 · 16 complex + 4160), projections 8320 + 129
    numbers: 192 + 4 * (2 * 65536 + 4160) + 8320 + 129,
    weights: 192 + 4 * (65536 + 4160) + 8320 + 129
  })
  t.same(countParameters(uNet()), { numbers: 37697, weights: 37697 })
  t.equal(uNet({ norm: 'group' }).size, 37697)
  // 12 norms of 32 numbers less.
  t.equal(uNet({ norm: 'none' }).size, 37697 - 14 * 32)
  t.equal(resNetBlock(3, 8).size, 8 * 3 * 9 + 8 + 16 + 8 * 8 * 9 + 8 + 16 + 8 * 3 + 8 + 16)
  t.equal(resNetBlock(8, 8, { norm: 'none' }).size, 2 * (8 * 8 * 9 + 8))
  t.same(
    mlp([2, 3, 1]).parameters.map(p => [p.name, p.shape, p.start]),
    [
      ['dense0.weight', [2, 3], 0],
      ['dense0.bias', [3], 6],
      ['dense1.weight', [3, 1], 9],
      ['dense1.bias', [1], 12]
    ]
  )
  const nested = sequential([mlp([1, 2]), relu, sequential({ norm: layerNormLayer(2), out: dense(2, 1) })])
  t.same(Object.keys(nested.views(nested.init(random(0)))), [
    '0.dense0.weight',
    '0.dense0.bias',
    '2.norm.weight',
    '2.norm.bias',
    '2.out.weight',
    '2.out.bias'
  ])
  t.same(
    fnoBlock(2, { modes: 1 }).parameters.map(p => [p.name, p.complex ?? false]),
    [
      ['spectral.weight', true],
      ['local.weight', false],
      ['local.bias', false]
    ]
  )
})

t.test('however deep a layer lies, it reads θ itself, in one slice', async t => {
  const net = uNet({ levels: 2, filters: 2 })
  using tape = new Tape()
  const th = tape.watch(net.init(random(0)))
  tape.record(() => net(th, random(1).normal([2, 1, 4, 4])))
  const slices = tape.sites.filter(s => s.op.name === 'slice')
  t.equal(slices.length, net.parameters.length)
  t.ok(slices.every(s => s.inputs[0] === th && s.op.reads?.(s)))
})

t.test('a network is the same alone and as a part of another', async t => {
  const block = resNetBlock(1, 2, { norm: 'group', groups: 1, dimensions: 1 })
  const outer = sequential({ a: convLayer(1, 1, { dimensions: 1 }), b: block })
  const theta = outer.init(random(0))
  const x = random(1).normal([2, 1, 4])
  const views = outer.views(theta)
  const own = new Float64Array(block.parameters.flatMap(p => Array.from(views[`b.${p.name}`].data)))
  const h = convLayer(1, 1, { dimensions: 1 })(slice(theta, 0, 0, 4), x)
  t.same(outer(theta, x).data, block(tensor(own), h).data)
  t.same(outer.read(theta, 'b.body.0.weight').data, block.read(tensor(own), 'body.0.weight').data)
})

t.test('dense and convolution, in several dimensions, against sums', async t => {
  const r = random('sums')
  const layer = dense(3, 2)
  const th = r.normal([8])
  const x = r.normal([4, 3])
  const { weight, bias } = layer.views(th)
  const want = Array.from({ length: 8 }, (_, i) => {
    const [b, o] = [Math.floor(i / 2), i % 2]
    return [0, 1, 2].reduce((s, k) => s + x.data[3 * b + k] * weight.data[2 * k + o], bias.data[o])
  })
  t.ok(relativeError([...layer(th, x).data], want) < ROUNDING)
  // A 1×1 convolution is a dense layer of the channels.
  const point = convLayer(3, 2, { dimensions: 1, kernel: 1 })
  const [w, b] = [r.normal([2, 3]), r.normal([2])]
  const theta = tensor(Float64Array.of(...w.data, ...b.data))
  const image = r.normal([4, 3, 5])
  const same = layer(tensor(Float64Array.of(...permute(w).data, ...b.data)), permute(image, [0, 2, 1]))
  t.ok(relativeError(point(theta, image), permute(same, [0, 2, 1])) < ROUNDING)
  for (const dimensions of [1, 2, 3] as const) {
    const S = [4, 6, 5].slice(0, dimensions)
    const conv = convLayer(2, 3, { dimensions })
    t.same(conv(conv.init(r), r.normal([2, 2, ...S])).shape, [2, 3, ...S], 'an odd kernel keeps the size')
  }
})

/** (x - μ)/√(σ² + ε) of one list of numbers. */
function standard(v: readonly number[], eps: number): number[] {
  const mean = v.reduce((a, b) => a + b, 0) / v.length
  const variance = v.reduce((a, b) => a + (b - mean) ** 2, 0) / v.length
  return v.map(a => (a - mean) / Math.sqrt(variance + eps))
}

t.test('layer and group norm against their formulas', async t => {
  const r = random('norms')
  const [x, w, b] = [r.normal([2, 6, 3]), r.normal([6]), r.normal([6])]
  for (const [groups, eps] of [
    [1, 0],
    [2, 1e-5],
    [6, 0.1]
  ]) {
    const per = 18 / groups
    const want = Array.from({ length: 2 * groups }, (_, g) => standard([...x.data.slice(g * per, (g + 1) * per)], eps))
      .flat()
      .map((v, i) => v * w.data[Math.floor(i / 3) % 6] + b.data[Math.floor(i / 3) % 6])
    t.ok(relativeError([...groupNorm(x, groups, w, b, eps).data], want) < ROUNDING, `${groups} groups`)
  }
  const [u, v] = [r.normal([6, 3]), r.normal([6, 3])]
  const want = [0, 1].flatMap(s => standard([...x.data.slice(18 * s, 18 * s + 18)], 1e-5))
  const got = layerNorm(x, u, v)
  t.ok(
    relativeError(
      [...got.data],
      want.map((a, i) => a * u.data[i % 18] + v.data[i % 18])
    ) < ROUNDING
  )
})

t.test('norms of constant, very large and very small entries', async t => {
  const [w, b] = [tensor([2, 2, 2]), tensor([1, 1, 1])]
  const f = (x: Tensor) => layerNorm(x, w, b)
  t.same([...f(tensor([[5, 5, 5]])).data], [1, 1, 1])
  const slope = grad((x: Tensor) => sum(square(f(x))))(tensor([[5, 5, 5]]))
  t.ok(slope.data.every(Number.isFinite), 'a slope where the variance is 0')
  for (const [dtype, scale] of [
    ['f64', 2 ** 1000],
    ['f64', 2 ** 600],
    ['f32', 2 ** 100]
  ] as const) {
    const large = tensor([[scale, 2 * scale, 4 * scale]], { dtype })
    const y = layerNorm(large, cast(w, dtype), cast(b, dtype))
    // At 1e3, ε is 1e-11 of the variance.
    t.ok(relativeError(cast(y, 'f64'), f(tensor([[1e3, 2e3, 4e3]]))) < 1e-6, `${dtype} ${scale}`)
  }
  const tiny = f(tensor([[1e-300, 2e-300, 4e-300]]))
  t.ok(tiny.data.every(v => v === 1))
})

t.test('running statistics and their use, against PyTorch', async t => {
  const g = golden('torch_ops').ops.batchnorm2d_module
  const layer = batchNormLayer(2, { eps: g.eps })
  const theta = tensor([...g.weight, ...g.bias])
  const x = tensor(g.input)
  const seen: Record<string, Tensor> = {}
  const observe = (path: string, h: Tensor) => {
    seen[path] = h
  }
  t.ok(relativeError(layer(theta, x, { observe }), g.train_output) < ROUNDING)
  const statistics = runningStatistics({}, seen, { momentum: g.momentum })
  t.ok(relativeError(statistics[''].mean, g.running_mean_after_1) < ROUNDING)
  t.ok(relativeError(statistics[''].variance, g.running_var_after_1) < ROUNDING)
  t.ok(relativeError(layer(theta, x, { statistics }), g.eval_output_after_1) < ROUNDING)
  // A second batch, by hand; the first state is untouched.
  const before = [...statistics[''].mean.data]
  const next = runningStatistics(statistics, { '': tensor([[[0, 2]], [[0, 2]]].map(s => [s[0], s[0]])) })
  next[''].mean.data.forEach((v, i) => {
    t.ok(Math.abs(v - (0.9 * before[i] + 0.1)) < ROUNDING)
  })
  next[''].variance.data.forEach((v, i) => {
    t.ok(Math.abs(v - (0.9 * statistics[''].variance.data[i] + 0.1 * (4 / 3))) < ROUNDING)
  })
  t.same([...statistics[''].mean.data], before)
  t.throws(() => runningStatistics({}, { a: tensor([[1, 2]]) }), { name: 'ShapeError', message: /'a'.*unbiased/ })
  t.throws(() => sequential([layer])(theta, x, { statistics }), {
    name: 'OptionError',
    message: /no statistics of layer '0'/
  })
})

t.test('statistics of a whole U-net: observed on a tape, they are not recorded', async t => {
  const net = uNet({ levels: 2, filters: 2 })
  let statistics: Statistics = {}
  const seen: Record<string, Tensor> = {}
  using tape = new Tape()
  const th = tape.watch(net.init(random(0)))
  const x = random(1).normal([3, 1, 4, 4])
  tape.record(() => net(th, x, { observe: (path, h) => (seen[path] = h) }))
  const sites = tape.sites.length
  tape.record(() => {
    statistics = runningStatistics(statistics, seen)
  })
  t.equal(tape.sites.length, sites)
  t.equal(Object.keys(statistics).length, 6)
  // In use every sample is on its own.
  const all = net(th, x, { statistics })
  const one = net(th, slice(x, 0, 1, 2), { statistics })
  t.same([...slice(all, 0, 1, 2).data], [...one.data])
})

t.test('dropout: seeded, scaled, its masks apart', async t => {
  const layer = dropout(0.25)
  const none = tensor([])
  const x = tensor(new Float64Array(40000).fill(1), { shape: [4, 10000] })
  const at = (seed: number, y = x) => layer(none, y, { random: random(seed) })
  const y = at(0)
  t.ok(equalTensors(y, at(0)), 'the same stream, the same mask')
  t.notOk(equalTensors(y, at(1)))
  t.same([...new Set(y.data)].sort(), [0, 1 / 0.75])
  // 40,000 draws: the mean has a deviation of √(p/((1 - p) n)) = 0.003.
  t.ok(Math.abs(sum(y).item() / 40000 - 1) < 0.012)
  const row = (t: Tensor, b: number) => slice(t, 0, b, b + 1)
  t.notOk(equalTensors(row(y, 0), row(y, 1)), 'a mask per sample')
  t.ok(equalTensors(at(0, slice(x, 0, 0, 2)), slice(y, 0, 0, 2)), 'whatever follows')
  const single = at(0, cast(x, 'f32'))
  t.ok(
    single.data.every((v, i) => v > 0 === y.data[i] > 0),
    'in f32 too'
  )
  t.equal(layer(none, x), x, 'nothing without a stream')
  t.equal(dropout(0)(none, x, { random: random(0) }), x)
  const two = sequential([dropout(0.5), relu, dropout(0.5)])
  const kept = two(none, x, { random: random(0) }).data.filter(v => v > 0).length
  t.ok(Math.abs(kept / 40000 - 0.25) < 0.02, 'each layer has a mask of its own')
})

t.test('initialisers: deviations, and the seed alone decides', async t => {
  const shape = [200, 300]
  const fan = { in: 200, out: 300 }
  const deviation = (init: Initialiser) => {
    const { data } = init(random(0), shape, fan)
    return Math.hypot(...data.subarray(0, 60000)) / Math.sqrt(60000)
  }
  const wanted: [Initialiser, number][] = [
    [fanIn, 1 / Math.sqrt(3 * 200)],
    [glorot, Math.sqrt(2 / 500)],
    [glorotNormal, Math.sqrt(2 / 500)],
    [heUniform, Math.sqrt(2 / 200)],
    [heNormal, Math.sqrt(2 / 200)]
  ]
  // 60,000 draws: the deviation is known to 0.3 %.
  for (const [init, want] of wanted) t.ok(Math.abs(deviation(init) / want - 1) < 0.015)
  for (const [m, n] of [
    [4, 7],
    [7, 4],
    [5, 5],
    [1, 3]
  ]) {
    const Q = orthogonal(2)(random(1), [m, n], fan)
    const product = m <= n ? matmul(Q, permute(Q)) : matmul(permute(Q), Q)
    const k = Math.min(m, n)
    product.data.forEach((v, i) => {
      t.ok(Math.abs(v - (i % (k + 1) === 0 ? 4 : 0)) < ROUNDING, `${m}×${n}`)
    })
  }
  const signs = Array.from({ length: 200 }, (_, i) => Math.sign(orthogonal()(random(i), [3, 3], fan).data[0]))
  t.ok(Math.abs(signs.reduce((a, b) => a + b, 0)) < 60, 'uniform: both signs')
  t.same(orthogonal()(random(0), [2, 3, 4], fan).shape, [2, 3, 4])
})

t.test('an FNO keeps what it learned at another resolution', async t => {
  const net = fno({ modes: 2, width: 3, projection: 4, activation: tanh })
  const theta = net.init(random(0))
  // A field of the lowest frequencies, sampled on two grids: at the common points the answers agree.
  const field = (n: number) => {
    const x = new Float64Array(3 * n * n)
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < n; p++)
        for (let q = 0; q < n; q++)
          x[(c * n + p) * n + q] = Math.cos((2 * Math.PI * p) / n + c) + Math.sin((2 * Math.PI * q) / n)
    return tensor(x, { shape: [1, 3, n, n] })
  }
  const linear = fnoBlock(3, { modes: 2 })
  const th = linear.init(random(1))
  const [coarse, fine] = [linear(th, field(8)), linear(th, field(16))]
  const common = slice(slice(fine, 2, 0, 16, 2), 3, 0, 16, 2)
  t.ok(relativeError(coarse, common) < 1e-13)
  t.same(net(theta, field(8)).shape, [1, 1, 8, 8])
  t.same(net(theta, field(10)).shape, [1, 1, 10, 10])
})

t.test('coordinates', async t => {
  const x = withCoordinates(
    tensor([
      [
        [
          [7, 7, 7],
          [7, 7, 7]
        ]
      ]
    ])
  )
  t.same(x.toArray(), [
    [
      [
        [7, 7, 7],
        [7, 7, 7]
      ],
      [
        [0, 0, 0],
        [1, 1, 1]
      ],
      [
        [0, 0.5, 1],
        [0, 0.5, 1]
      ]
    ]
  ])
  t.equal(withCoordinates(tensor([[[1, 2]]], { dtype: 'f32' })).dtype, 'f32')
  t.same(withCoordinates(tensor([[[5]]])).toArray(), [[[5], [0]]])
})

const wrong = (v: unknown): any => v
const run = (net: ReturnType<typeof dense>, shape: Shape) => net(net.init(random(0)), random(0).normal(shape))
const table: [string, () => unknown, new (...args: never[]) => Error, RegExp][] = [
  ['a dense layer of half an input', () => dense(1.5, 2), OptionError, /inputs is 1.5/],
  [
    'a dense layer of other inputs',
    () => run(sequential([dense(3, 2)]), [2, 4]),
    ShapeError,
    /dense layer '0' of 3 inputs.*\[2, 4\]/
  ],
  ['a dense layer of a scalar', () => run(dense(3, 2), []), ShapeError, /\[\.\.\., 3\]/],
  ['a convolution in 4 dimensions', () => convLayer(1, 1, { dimensions: wrong(4) }), OptionError, /1, 2 or 3/],
  ['a convolution by name', () => convLayer(1, 1, { dimensions: wrong('2') }), OptionError, /a string/],
  ['a convolution without kernel', () => convLayer(1, 1, { kernel: 0 }), OptionError, /kernel is 0/],
  ['a convolution with a negative padding', () => convLayer(1, 1, { padding: -1 }), OptionError, /padding/],
  ['a convolution of groups that do not divide', () => convLayer(3, 4, { groups: 2 }), OptionError, /2 groups of 3/],
  [
    'a convolution of an unknown mode',
    () => convLayer(1, 1, { mode: wrong('circular') }),
    OptionError,
    /'zeros' or 'periodic'/
  ],
  [
    'a convolution of other channels',
    () => run(convLayer(3, 2), [2, 4, 5, 5]),
    ShapeError,
    /3 channels.*\[\.\.\., 3, H, W\]/
  ],
  ['a convolution of a vector', () => run(convLayer(3, 2, { dimensions: 3 }), [3]), ShapeError, /D, H, W/],
  [
    'a spectral convolution of two modes in 3-D',
    () => spectralConvLayer(1, 1, { dimensions: 3, modes: [1, 2] }),
    ShapeError,
    /2 numbers of modes/
  ],
  [
    'a spectral convolution of other channels',
    () => run(spectralConvLayer(2, 2, { modes: 1 }), [1, 3, 4, 4]),
    ShapeError,
    /2 channels/
  ],
  ['a spectral convolution of too many modes', () => run(spectralConvLayer(1, 1), [1, 1, 8, 8]), ShapeError, /modes/],
  ['group norm of groups that do not divide', () => groupNormLayer(2, 3), OptionError, /2 groups of 3 channels/],
  [
    'group norm of no channels',
    () => groupNorm(tensor([1, 2]), 1, tensor([1]), tensor([1])),
    ShapeError,
    /\[B, C, \.\.\.\]/
  ],
  [
    'group norm with a weight of another size',
    () => groupNorm(tensor([[1, 2]]), 1, tensor([1]), tensor([1, 2])),
    ShapeError,
    /weight of shape \[1\]/
  ],
  [
    'layer norm of other axes',
    () => layerNorm(tensor([[1, 2]]), tensor([1, 2, 3]), tensor([1, 2, 3])),
    ShapeError,
    /weight of shape \[3\]/
  ],
  [
    'layer norm with another bias',
    () => layerNorm(tensor([[1, 2]]), tensor([1, 2]), tensor([1])),
    ShapeError,
    /bias of shape \[1\]/
  ],
  ['layer norm of too many axes', () => layerNorm(tensor([1]), tensor([[1]]), tensor([[1]])), ShapeError, /last axes/],
  ['layer norm with a negative eps', () => layerNormLayer(2, { eps: -1 }), OptionError, /eps is -1/],
  ['layer norm of numbers', () => layerNorm(wrong([1]), tensor([1]), tensor([1])), DTypeError, /an array/],
  ['dropout of everything', () => dropout(1), OptionError, /p is 1/],
  ['a norm of an unknown kind', () => uNet({ norm: wrong('layer') }), OptionError, /'batch' or 'group' or 'none'/],
  ['a U-net of a wrong rank', () => run(uNet({ dimensions: 3 }), [1, 1, 8, 8]), ShapeError, /D and H and W/],
  ['a U-net with groups that do not divide', () => uNet({ norm: 'group', filters: 6 }), OptionError, /4 groups of 6/],
  ['an FNO without width', () => fno({ width: 0 }), OptionError, /width is 0/],
  [
    'an FNO of the value alone',
    () => run(fno({ modes: 1, width: 1 }), [1, 1, 4, 4]),
    ShapeError,
    /'lift' of 3 channels/
  ],
  ['an activation by name', () => fno({ activation: wrong('gelu') }), OptionError, /a string as its activation/],
  ['coordinates of vectors', () => withCoordinates(tensor([[1, 2]])), ShapeError, /no spatial axes/],
  ['sequential of nothing', () => sequential(wrong(undefined)), OptionError, /undefined/],
  ['sequential of a name', () => sequential([wrong('relu')]), OptionError, /a string as layer '0'/],
  [
    'an initialiser of another shape',
    () => run(dense(2, 1, { init: r => r.normal([3]) }), [1, 2]),
    ShapeError,
    /'weight' \[2, 1\] returned \[3\]/
  ],
  ['an initialiser of a number', () => run(dense(2, 1, { init: wrong(() => 1) }), [1, 2]), DTypeError, /a number/],
  [
    'sequential with a number as a name',
    () => sequential({ a: relu, 0: relu }),
    OptionError,
    /'0', which JavaScript puts/
  ],
  [
    'a stream as the context',
    () => dropout()(tensor([]), tensor([1]), wrong(random(0))),
    OptionError,
    /a setting 'path'/
  ],
  [
    'a seed as the stream',
    () => dropout()(tensor([]), tensor([1]), { random: wrong(0) }),
    OptionError,
    /a number as random/
  ],
  ['a number as the context', () => dropout()(tensor([]), tensor([1]), wrong(1)), OptionError, /a number/],
  [
    'an observer by name',
    () => dropout()(tensor([]), tensor([1]), { observe: wrong('log') }),
    OptionError,
    /a string as observe/
  ],
  [
    'statistics as a function',
    () => dropout()(tensor([]), tensor([1]), { statistics: wrong(relu) }),
    OptionError,
    /a function as statistics/
  ],
  ['a network without a forward pass', () => network({}, wrong(undefined)), OptionError, /undefined/],
  ['a network of a number', () => network({ a: wrong(3) }, (_, x) => x), OptionError, /a number as part 'a'/],
  [
    'two parameters of one name',
    () => network({ 'a.weight': { shape: [1], init: fanIn }, a: dense(1, 1) }, (_, x) => x),
    OptionError,
    /two parameters of the name 'a.weight'/
  ],
  ['a gain of 0', () => orthogonal(0), OptionError, /gain is 0/],
  [
    'statistics with a momentum of NaN',
    () => runningStatistics({}, {}, { momentum: Number.NaN }),
    OptionError,
    /momentum/
  ]
]

t.test('wrong calls', async t => {
  for (const [name, f, type, message] of table) t.throws(f, { name: type.name, message }, name)
  t.comment(`${table.length} wrong calls`)
})
