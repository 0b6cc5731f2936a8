import t from 'tap'
import {
  type CheckRow,
  dotCheck,
  f32Check,
  firstOrderCheck,
  sampleJacobianCheck,
  secondOrderCheck
} from '../../core/check/index.js'
import {
  type DType,
  jacobian,
  RuleError,
  random,
  type Shape,
  sampleJacobian,
  size,
  Tape,
  Tensor,
  vjp
} from '../../core/index.js'
import {
  batchNorm,
  batchNormLayer,
  type Context,
  cast,
  convLayer,
  dense,
  dropout,
  fno,
  fnoBlock,
  gelu,
  groupNormLayer,
  layerNormLayer,
  maxPool2d,
  mlp,
  mul,
  type Network,
  network,
  orthogonal,
  relu,
  reshape,
  resNetBlock,
  sequential,
  sigmoid,
  silu,
  slice,
  softplus,
  spectralConvLayer,
  tanh,
  uNet
} from '../../ops/index.js'
import { relativeError } from '../golden.js'

/** Every layer and every network, at a small size: adding one is adding a line. */
interface Line {
  net: Network
  /** [B, ...]: 3 samples. */
  x: Shape
  /** In the dtype of the pass. */
  context?: (dtype: DType) => Context
  /** The operator that mixes its samples. */
  mixes?: string
  /** A sample alone sees something else than in the batch (its mask): no loop over single samples. */
  alone?: false
}

const group = { norm: 'group', groups: 2, activation: tanh } as const
const statistics = (path: string) => (dtype: DType) => {
  const [mean, variance] = [random(1).normal([2], 0, 1, { dtype }), random(2).uniform([2], 0.5, 2, { dtype })]
  return { statistics: { [path]: { mean, variance } } }
}
const masks = () => ({ random: random('masks') })

const table: Record<string, Line> = {
  dense: { net: dense(4, 2), x: [3, 4] },
  'dense without bias': { net: dense(4, 2, { bias: false, init: orthogonal() }), x: [3, 4] },
  'dense of several positions': { net: dense(4, 2), x: [3, 2, 4] },
  'convLayer 1-D': { net: convLayer(2, 3, { dimensions: 1 }), x: [3, 2, 5] },
  'convLayer 2-D': { net: convLayer(2, 2), x: [3, 2, 4, 3] },
  'convLayer 3-D': { net: convLayer(1, 2, { dimensions: 3, kernel: 2 }), x: [3, 1, 3, 2, 2] },
  'convLayer, stride 2': { net: convLayer(2, 1, { stride: 2, padding: 0, bias: false }), x: [3, 2, 5, 5] },
  'convLayer, periodic': { net: convLayer(1, 2, { mode: 'periodic' }), x: [3, 1, 4, 3] },
  'convLayer, two groups, dilation 2': {
    net: convLayer(2, 4, { dimensions: 1, groups: 2, dilation: 2 }),
    x: [3, 2, 6]
  },
  'spectralConvLayer 1-D': { net: spectralConvLayer(2, 2, { dimensions: 1, modes: 3 }), x: [3, 2, 6] },
  'spectralConvLayer 2-D': { net: spectralConvLayer(1, 2, { modes: [2, 3] }), x: [3, 1, 4, 5] },
  'spectralConvLayer 3-D': { net: spectralConvLayer(1, 1, { dimensions: 3, modes: 1 }), x: [3, 1, 2, 4, 2] },
  batchNormLayer: { net: batchNormLayer(2), x: [3, 2, 4], mixes: 'batchNorm' },
  'batchNormLayer of vectors': { net: batchNormLayer(2), x: [3, 2], mixes: 'batchNorm' },
  'batchNormLayer, given statistics': { net: batchNormLayer(2), x: [3, 2, 4], context: statistics('') },
  layerNormLayer: { net: layerNormLayer(4), x: [3, 4] },
  'layerNormLayer of two axes': { net: layerNormLayer([2, 4]), x: [3, 2, 4] },
  groupNormLayer: { net: groupNormLayer(2, 4), x: [3, 4, 2, 2] },
  'groupNormLayer of vectors': { net: groupNormLayer(1, 4), x: [3, 4] },
  'dropout in training': { net: dropout(0.4), x: [3, 6], context: masks, alone: false },
  'dropout in use': { net: dropout(0.4), x: [3, 6] },
  'sequential, a list': {
    net: sequential([dense(3, 4), gelu, dropout(0.3), dense(4, 4), layerNormLayer(4), softplus]),
    x: [3, 3],
    context: masks,
    alone: false
  },
  'sequential, by name': {
    net: sequential({ first: dense(3, 4), silu, norm: layerNormLayer(4), last: mlp([4, 2]) }),
    x: [3, 3]
  },
  'a network of parts, one of them twice': { net: twice(), x: [3, 4] },
  'mlp, tanh': { net: mlp([3, 5, 4, 2]), x: [3, 3] },
  'mlp, relu': { net: mlp([3, 5, 4, 2], { activation: relu }), x: [3, 3] },
  'a convolutional net': {
    net: sequential([
      convLayer(1, 4),
      groupNormLayer(2, 4),
      silu,
      x => maxPool2d(x, 2),
      convLayer(4, 2, { stride: 2 }),
      tanh,
      x => reshape(x, [-1, 4]),
      dense(4, 2),
      sigmoid
    ]),
    x: [3, 1, 8, 4]
  },
  'resNetBlock 1-D': { net: resNetBlock(2, 2, { dimensions: 1, ...group }), x: [3, 2, 5] },
  'resNetBlock 2-D, other channels': { net: resNetBlock(1, 2, group), x: [3, 1, 3, 3] },
  'resNetBlock 3-D': { net: resNetBlock(1, 2, { dimensions: 3, norm: 'none', activation: tanh }), x: [3, 1, 2, 2, 2] },
  'resNetBlock with batch norm': { net: resNetBlock(1, 2, { activation: tanh }), x: [3, 1, 3, 3], mixes: 'batchNorm' },
  'uNet 1-D, group norm': { net: uNet({ dimensions: 1, levels: 3, filters: 2, ...group }), x: [3, 1, 8] },
  'uNet 2-D, group norm': { net: uNet({ levels: 2, filters: 2, ...group }), x: [3, 1, 4, 4] },
  'uNet 3-D, group norm': { net: uNet({ dimensions: 3, levels: 2, filters: 2, ...group }), x: [3, 1, 2, 2, 2] },
  'uNet 2-D, batch norm': {
    net: uNet({ levels: 2, filters: 2, activation: tanh }),
    x: [3, 1, 4, 4],
    mixes: 'batchNorm'
  },
  'uNet 2-D, no norm, periodic': {
    net: uNet({ levels: 2, filters: 2, norm: 'none', activation: silu, mode: 'periodic' }),
    x: [3, 1, 4, 4]
  },
  fnoBlock: { net: fnoBlock(2, { modes: 2 }), x: [3, 2, 4, 4] },
  'fno 1-D': { net: fno({ dimensions: 1, modes: 3, width: 2, projection: 4 }), x: [3, 2, 6] },
  'fno 2-D': { net: fno({ modes: 2, width: 2, projection: 4, blocks: 2 }), x: [3, 3, 4, 4] },
  'fno 3-D': {
    net: fno({ dimensions: 3, modes: 1, width: 2, projection: 3, blocks: 2, activation: tanh }),
    x: [3, 4, 2, 2, 2]
  }
}

function twice(): Network {
  const [layer, scale] = [dense(4, 4), { shape: [4], init: orthogonal() }]
  return network({ layer, scale }, (scope, x) => {
    const again = (h: Tensor) => tanh(layer(scope.in('layer'), h))
    return mul(again(again(x)), scope.read('scale'))
  })
}

/** dy_b/dθ and dy_b/dx_b of each sample alone. */
function loop(f: (theta: Tensor, x: Tensor) => Tensor, theta: Tensor, x: Tensor): [Tensor, Tensor] {
  const B = x.shape[0]
  const K = f(theta, x).size / B
  const [P, n] = [theta.size, size(x.shape.slice(1))]
  const Js = [new Tensor([B, K, P], new Float64Array(B * K * P)), new Tensor([B, K, n], new Float64Array(B * K * n))]
  for (let b = 0; b < B; b++)
    jacobian(f, { wrt: [0, 1] })(theta, slice(x, 0, b, b + 1)).J.forEach((J, i) => {
      Js[i].data.set(J.data, b * J.size)
    })
  return Js as [Tensor, Tensor]
}

const start = Date.now()
let count = 0

for (const [name, { net, x: shape, context, mixes, alone }] of Object.entries(table))
  t.test(name, async t => {
    const r = random(name)
    const f = (theta: Tensor, x: Tensor) => (context ? net(theta, x, context(x.dtype)) : net(theta, x))
    // Biases start at zero and the weights of norms at one, where much cancels: elsewhere nothing does.
    const theta = net.init(r.split('init'))
    const noise = r.split('noise').normal([net.size], 0, 0.2)
    const example = {
      inputs: [
        new Tensor(
          [net.size],
          theta.data.map((v, i) => v + noise.data[i])
        ),
        r.split('x').normal(shape)
      ]
    }
    const rows: CheckRow[] = [
      ...dotCheck(f, example, r),
      ...firstOrderCheck(f, example, r),
      ...secondOrderCheck(f, example, r),
      ...sampleJacobianCheck(f, example, r),
      ...f32Check(f, example, r)
    ]
    count += rows.length
    t.same(
      rows.filter(row => !row.passed),
      [],
      `${rows.length} checks`
    )
    const stopped = rows.filter(row => row.check.endsWith('stops'))
    const J = () => sampleJacobian(f, { wrt: [0, 1] })(...(example.inputs as [Tensor, Tensor])).J
    if (mixes) {
      t.ok(stopped.length > 0)
      t.throws(J, { name: RuleError.name, message: new RegExp(`${mixes} mixes samples`) })
    } else {
      t.same(stopped, [], 'treats samples apart')
      if (alone === false) return
      const [theta, x] = example.inputs
      const found = J()
      loop(f, theta, x).forEach((want, i) => {
        const error = relativeError(reshape(found[i], want.shape), want)
        t.ok(error < 1e-12, `rows of ${['θ', 'x'][i]} against a loop over single samples: ${error}`)
        count++
      })
    }
    t.equal(f(cast(theta, 'f32'), cast(example.inputs[1], 'f32')).dtype, 'f32')
  })

t.test('all of them', async t => {
  const seconds = ((Date.now() - start) / 1000).toFixed(1)
  t.comment(`${Object.keys(table).length} layers and networks, ${count} checks, ${seconds} s`)
  t.ok(count > 500)
})

t.test('batch norm as one kernel is its composition', async t => {
  const r = random(5)
  for (const dtype of ['f64', 'f32'] as const)
    for (const shape of [
      [4, 3],
      [5, 2, 7],
      [2, 3, 4, 5],
      [1, 2, 1, 3]
    ]) {
      const [x, ct] = [r.normal(shape, 3), r.normal(shape)].map(v => cast(v, dtype))
      const [w, b] = [r.normal([shape[1]]), r.normal([shape[1]])].map(v => cast(v, dtype))
      const { value, pullback } = vjp((x, w, b) => batchNorm(x, w, b), { wrt: [0, 1, 2] })(x, w, b)
      const fused = pullback(ct)
      // Where a tape records the adjoint, the composition runs.
      const outer = new Tape()
      outer.watch(ct)
      const composed = outer.record(() => pullback(ct))
      t.ok(outer.sites.length > 3 * 3, 'seen operator by operator')
      const tolerance = dtype === 'f64' ? 1e-12 : 2e-5
      for (const i of [0, 1, 2])
        t.ok(relativeError(fused[i], composed[i]) < tolerance, `${dtype} [${shape}] input ${i}`)
      const C = shape[1]
      const n = size(shape.slice(2))
      for (let c = 0; c < C; c++) {
        const of = (v: Tensor) => Array.from(v.data).filter((_, i) => Math.floor(i / n) % C === c)
        const m = of(x).reduce((s, v) => s + v, 0) / of(x).length
        const s = Math.sqrt(of(x).reduce((s, v) => s + (v - m) ** 2, 0) / of(x).length + 1e-5)
        const naive = of(x).map(v => (w.data[c] * (v - m)) / s + b.data[c])
        t.ok(relativeError(of(value), naive) < tolerance, `${dtype} [${shape}] channel ${c}`)
      }
    }
})
