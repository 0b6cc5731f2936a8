import t from 'tap'
import {
  adjoint,
  apply,
  arange,
  cotangentSweep,
  DTypeError,
  defineBlock,
  defineOp,
  exact,
  eye,
  full,
  GradientError,
  grad,
  hessian,
  InverseError,
  jacobian,
  jacobianOperator,
  jvp,
  lbfgs,
  linspace,
  localInverse,
  NonFiniteError,
  newton,
  OptionError,
  ones,
  PhysgradError,
  Random,
  RuleError,
  random,
  ShapeError,
  saddleFree,
  sampleJacobian,
  sampleJacobianPieces,
  stopGradient,
  Tape,
  Tensor,
  tangentSweep,
  targetSweep,
  tensor,
  valueAndGrad,
  vjp,
  zeros,
  zerosLike
} from '../../core/index.js'
import { lsmr, lstsq, partialInverseApply, solve, svd } from '../../core/linalg/index.js'
import {
  add,
  at,
  batchNorm,
  batchNormFixed,
  cast,
  clamp,
  concat,
  conv2d,
  diag,
  div,
  elu,
  exp,
  expand,
  l2,
  leakyRelu,
  log,
  matmul,
  maxPool2d,
  mean,
  mlp,
  mul,
  pad,
  permute,
  reshape,
  roll,
  sin,
  slice,
  split,
  square,
  stack,
  sub,
  sum,
  swapAxes,
  take,
  tile,
  uNet,
  upsampleBilinear2d,
  where
} from '../../ops/index.js'
import {
  adadelta,
  adagrad,
  adaHessian,
  adam,
  backtracking,
  bfgsMethod,
  cosineDecay,
  dogleg,
  evaluate,
  gaussNewton,
  hessianFree,
  hig,
  inverseGradient,
  kfac,
  lbfgsMethod,
  levenbergMarquardt,
  lossTarget,
  newtonMethod,
  partialInverse,
  rmsprop,
  saddleFreeNewton,
  sgd,
  sipBackward,
  sip as sipMethod,
  strongWolfe,
  truncatedNewton,
  warmup,
  withSearch
} from '../../optim/index.js'
import {
  diffuse,
  diffuseOp,
  drawRectangles,
  gridOf,
  modesOf,
  oscillators,
  randomRectangles,
  stabilisedInverse
} from '../../physics/index.js'

type Class = new (asked: string, found: string, advice: string) => PhysgradError
type Table = readonly (readonly [name: string, call: () => unknown, error: Class])[]

const codes = new Map<Class, string>([
  [ShapeError, 'ERR_SHAPE'],
  [DTypeError, 'ERR_DTYPE'],
  [RuleError, 'ERR_RULE'],
  [InverseError, 'ERR_INVERSE'],
  [NonFiniteError, 'ERR_NON_FINITE'],
  [OptionError, 'ERR_OPTION'],
  [GradientError, 'ERR_GRADIENT']
])

/** What a program in plain JavaScript may hand over. */
const wrong = (v: unknown): never => v as never
const NaNs = Number.NaN

const x = tensor([1, 2, 3])
const x32 = tensor([1, 2, 3], { dtype: 'f32' })
const M = tensor([
  [1, 2, 3],
  [4, 5, 6]
])
const bad = tensor([1, NaNs, 3])
const loss = (v: Tensor) => sum(square(v))
const two = (v: Tensor) => stack([v, v])
const image = ones([1, 2, 4, 4])
const net = mlp([3, 2])
const theta = net.init(random(0))

/** A tape over a small network and an l2 loss. */
function recorded() {
  const tape = new Tape()
  const th = tape.watch(theta)
  const made = tape.record(() => {
    const h = net(th, M)
    const y = square(h)
    return { h, y, L: l2(y, ones([2, 2])), other: square(th) }
  })
  return { tape, th, ...made }
}

function disposed() {
  const all = recorded()
  all.tape.dispose()
  return all
}

const rules = {
  name: 'mine',
  doc: 'y = x',
  outShape: ([s]: readonly (readonly number[])[]) => s,
  forward: ([v]: readonly Tensor[]) => new Tensor(v.shape, v.data.slice()),
  jvp: ([d]: readonly (Tensor | undefined)[]) => d,
  vjp: (ct: Tensor) => [ct] as readonly (Tensor | null)[],
  carry: () => [true],
  noInverse: 'none',
  examples: () => []
}
const mine = (changed: object) => defineOp({ ...rules, ...changed } as never)
const sweep = (changed: object) => () => grad((v: Tensor) => sum(apply(mine(changed), [v])))(x)
const back = (apply_: unknown, kind = 'exact') => mine({ noInverse: undefined, inverse: { kind, apply: apply_ } })
const inverted = (rule: unknown) => () => localInverse((v: Tensor) => apply(back(rule), [v]))(x, x)

const tensors: Table = [
  ['ragged rows', () => tensor([[1, 2], [3]]), ShapeError],
  ['ragged depth', () => tensor(wrong([1, [2]])), ShapeError],
  ['ragged depth, the other way', () => tensor(wrong([[1], 2])), ShapeError],
  ['an empty row beside a full one', () => tensor([[], [1]]), ShapeError],
  ['a string among numbers', () => tensor(wrong([1, '2'])), DTypeError],
  ['a hole in an array', () => tensor(wrong(new Array(2))), DTypeError],
  ['undefined', () => tensor(wrong(undefined)), DTypeError],
  ['a typed array of integers', () => tensor(wrong(new Int32Array(2))), DTypeError],
  ['an unknown dtype', () => tensor([1], { dtype: wrong('f16') }), DTypeError],
  ['a shape of another size', () => tensor([1, 2, 3], { shape: [2, 2] }), ShapeError],
  ['a shape with a negative axis', () => tensor([1, 2], { shape: [-1, -2] }), ShapeError],
  ['a shape with half an axis', () => zeros([1.5, 2]), ShapeError],
  ['a number for a shape', () => zeros(wrong(3)), ShapeError],
  ['a number for a shape of given data', () => tensor([1], { shape: wrong(0) }), ShapeError],
  ['full of an unknown dtype', () => full([2], 1, wrong('int')), DTypeError],
  ['new Tensor of an array', () => new Tensor([2], wrong([1, 2])), DTypeError],
  ['new Tensor of a wrong size', () => new Tensor([3], new Float64Array(2)), ShapeError],
  ['new Tensor of no shape', () => new Tensor(wrong(1), new Float64Array(1)), ShapeError],
  ['item() of three entries', () => x.item(), ShapeError],
  ['eye of a negative size', () => eye(-1), ShapeError],
  ['arange of NaN', () => arange(NaNs), ShapeError],
  ['linspace of half a point', () => linspace(0, 1, 2.5), ShapeError]
]

const operators: Table = [
  ['shapes that do not broadcast', () => add(x, tensor([1, 2])), ShapeError],
  ['f32 with f64', () => mul(x, x32), DTypeError],
  ['f32 with f64 in matmul', () => matmul(M, cast(swapAxes(M), 'f32')), DTypeError],
  ['an array for a tensor', () => square(wrong([1, 2])), DTypeError],
  ['a string for a tensor', () => add(x, wrong('1')), DTypeError],
  ['null for a tensor', () => sub(wrong(null), x), DTypeError],
  ['undefined for a tensor', () => exp(wrong(undefined)), DTypeError],
  ['a number for a tensor', () => sum(wrong(3)), DTypeError],
  ['inner axes of matmul', () => matmul(M, M), ShapeError],
  ['matmul of a number', () => matmul(M, wrong(2)), DTypeError],
  ['a sum over an axis that is not there', () => sum(x, 1), ShapeError],
  ['a sum over half an axis', () => sum(M, 0.5), ShapeError],
  ['a sum over an axis named twice', () => sum(M, [0, -2]), ShapeError],
  ['a mean of nothing', () => mean(zeros([0])), ShapeError],
  ['reshape to another size', () => reshape(x, [2, 2]), ShapeError],
  ['reshape with two open axes', () => reshape(M, [-1, -1]), ShapeError],
  ['reshape of an array', () => reshape(wrong([1, 2]), [2]), DTypeError],
  ['reshape to a number', () => reshape(x, wrong(3)), ShapeError],
  ['permute with a missing axis', () => permute(M, [0]), ShapeError],
  ['permute with an axis twice', () => permute(M, [0, 0]), ShapeError],
  ['swapAxes of a vector', () => swapAxes(x), ShapeError],
  ['expand to something smaller', () => expand(M, [3]), ShapeError],
  ['expand of an array', () => expand(wrong([1]), [2]), DTypeError],
  ['slice beyond the end', () => slice(x, 0, 0, 4), ShapeError],
  ['slice with a step of 0', () => slice(x, 0, 0, 3, 0), ShapeError],
  ['slice of a scalar', () => slice(tensor(1), 0), ShapeError],
  ['at beyond the end', () => at(x, 3), ShapeError],
  ['at an index of NaN', () => at(x, NaNs), ShapeError],
  ['a negative padding', () => pad(x, -1), ShapeError],
  ['concat of nothing', () => concat([], 0), ShapeError],
  ['concat of shapes that do not fit', () => concat([M, x], 0), ShapeError],
  ['concat of numbers', () => concat(wrong([1, 2]), 0), DTypeError],
  ['stack of numbers', () => stack(wrong([x, 1])), DTypeError],
  ['cast to an unknown dtype', () => cast(x, wrong('f16')), DTypeError],
  ['clamp with crossed edges', () => clamp(x, 1, 0), OptionError],
  ['a slope of NaN', () => leakyRelu(x, NaNs), OptionError],
  ['an alpha of 0', () => elu(x, 0), OptionError],
  ['where with a shape that does not fit', () => where(tensor([1, 0]), x, x), ShapeError],
  ['conv2d of a vector', () => conv2d(x, x), ShapeError],
  ['conv2d with other channels', () => conv2d(image, ones([1, 3, 3, 3])), ShapeError],
  ['conv2d with half a stride', () => conv2d(image, ones([1, 2, 3, 3]), { stride: 1.5 }), ShapeError],
  ['conv2d with a negative padding', () => conv2d(image, ones([1, 2, 3, 3]), { padding: -1 }), ShapeError],
  ['conv2d with three strides', () => conv2d(image, ones([1, 2, 3, 3]), { stride: wrong([1, 1, 1]) }), ShapeError],
  ['conv2d with padding as a string', () => conv2d(image, ones([1, 2, 3, 3]), { padding: wrong('half') }), ShapeError],
  ['a kernel larger than the image', () => conv2d(image, ones([1, 2, 5, 5])), ShapeError],
  ['a window of 0', () => maxPool2d(image, 0), ShapeError],
  ['half a window', () => maxPool2d(image, 1.5), ShapeError],
  ['a pooling stride of NaN', () => maxPool2d(image, 2, NaNs), ShapeError],
  ['a window larger than the image', () => maxPool2d(image, 5), ShapeError],
  ['half a factor', () => upsampleBilinear2d(image, 1.5), ShapeError],
  ['a loss of two shapes', () => l2(M, x), ShapeError],
  ['a loss of a scalar', () => l2(tensor(1), tensor(1)), ShapeError],
  ['a loss against a number', () => l2(x, wrong(0)), DTypeError]
]

/** A field of 2 × 2 cells, all of whose modes are held. */
const squares = modesOf([2, 2], gridOf({}, 'a test'))
const data = new Float64Array(4)

const more: Table = [
  ['apply of no operator', () => (apply as (...args: unknown[]) => Tensor)(undefined, [x]), RuleError],
  ['apply to a tensor instead of a list', () => apply(diffuseOp, wrong(M), wrong({ amount: 1 })), DTypeError],
  ['a sum over an axis by name', () => sum(M, wrong('rows')), ShapeError],
  ['permute by a number', () => permute(M, wrong(1)), ShapeError],
  ['cast of nothing', () => cast(wrong(null), 'f32'), DTypeError],
  ['matmul of nothing', () => matmul(wrong(undefined), M), DTypeError],
  ['zerosLike of a shape', () => zerosLike(wrong([2])), DTypeError],
  ['a cotangent sweep from nothing', () => live(d => cotangentSweep(d.tape, wrong(undefined))), GradientError],
  ['a tangent sweep from a tensor', () => live(d => tangentSweep(d.tape, wrong([d.th]), [d.L])), GradientError],
  ['a stabilised inverse without factors', () => stabilisedInverse(data, 0, wrong(undefined), squares), ShapeError],
  ['a stabilised inverse of half a field', () => stabilisedInverse([1, 2], 0, data, squares), ShapeError],
  ['a stabilised inverse without noise', () => stabilisedInverse(data, wrong(undefined), data, squares), OptionError],
  ['rectangles that are none', () => drawRectangles(4, wrong(undefined)), OptionError]
]

const networks: Table = [
  ['an mlp of one width', () => mlp([3]), ShapeError],
  ['an mlp of a number', () => mlp(wrong(3)), ShapeError],
  ['an mlp with half a unit', () => mlp([3, 2.5]), ShapeError],
  ['an activation by name', () => mlp([3, 2], { activation: wrong('tanh') }), OptionError],
  ['θ of a wrong size', () => net(zeros([5]), M), ShapeError],
  ['θ as an array', () => net(wrong([1, 2]), M), DTypeError],
  ['an input as an array', () => net(theta, wrong([[1, 2, 3]])), DTypeError],
  ['an input of a wrong width', () => net(theta, ones([2, 4])), ShapeError],
  ['θ in f64, an input in f32', () => net(theta, cast(M, 'f32')), DTypeError],
  ['init with a seed', () => net.init(wrong(0)), OptionError],
  ['init in an unknown dtype', () => net.init(random(0), wrong('f16')), DTypeError],
  ['a parameter that is not there', () => net.read(theta, 'dense9.weight'), ShapeError],
  ['a U-net of half a level', () => uNet({ levels: 1.5 }), OptionError],
  ['a U-net without filters', () => uNet({ filters: 0 }), OptionError],
  [
    'an image that a U-net cannot halve',
    () => uNet({ levels: 2 })(uNet({ levels: 2 }).init(random(0)), ones([1, 1, 5, 4])),
    ShapeError
  ],
  ['batchNorm of a vector', () => batchNorm(x, x, x), ShapeError],
  ['batchNorm with a weight of another size', () => batchNorm(M, tensor([1]), x), ShapeError],
  ['batchNorm with a negative eps', () => batchNorm(M, x, x, -1), OptionError],
  ['batchNorm of an empty batch', () => batchNorm(zeros([0, 3]), x, x), ShapeError],
  ['batchNormFixed without statistics', () => batchNormFixed(M, x, x, wrong(undefined)), DTypeError]
]

const verbs: Table = [
  ['grad of a vector', () => grad(square)(x), GradientError],
  ['grad of [1]', () => grad((v: Tensor) => sum(v, 0, true))(x), GradientError],
  ['grad of no function', () => grad(wrong(3))(x), GradientError],
  ['grad at a number', () => grad(loss)(wrong(3)), DTypeError],
  ['grad at an array', () => grad(loss)(wrong([1, 2])), DTypeError],
  ['grad without arguments', () => grad(loss)(), GradientError],
  ['grad of an async function', () => grad(wrong(async (v: Tensor) => loss(v)))(x), GradientError],
  [
    'a function that returns a promise',
    () => valueAndGrad(wrong((v: Tensor) => Promise.resolve(loss(v))))(x),
    GradientError
  ],
  ['a function that returns a number', () => grad(wrong((v: Tensor) => loss(v).item()))(x), GradientError],
  ['a function that returns an array', () => grad(wrong((v: Tensor) => [loss(v)]))(x), GradientError],
  ['a function that returns nothing', () => grad(wrong(() => {}))(x), GradientError],
  ['wrt beyond the arguments', () => grad(loss, { wrt: 1 })(x), GradientError],
  ['wrt -1', () => grad(loss, { wrt: -1 })(x), GradientError],
  ['wrt by name', () => grad(loss, { wrt: wrong('x') })(x), GradientError],
  ['wrt twice the same', () => grad(loss, { wrt: [0, 0] })(x), GradientError],
  ['hessian of a vector', () => hessian(square)(x), GradientError],
  ['jacobian at a number', () => jacobian(square)(wrong(1)), DTypeError],
  ['a pullback of a wrong shape', () => vjp(square)(x).pullback(tensor(1)), ShapeError],
  ['a pullback of a wrong dtype', () => vjp(square)(x).pullback(x32), DTypeError],
  ['a pullback of an array', () => vjp(square)(x).pullback(wrong([1, 1, 1])), DTypeError],
  ['a pullback of a wrong shape through a constant', () => vjp(() => tensor(1))(x).pullback(x), ShapeError],
  ['jvp with a tangent missing', () => jvp(add)([x, x], [x]), ShapeError],
  ['jvp with a tangent of another shape', () => jvp(square)(x, tensor([1])), ShapeError],
  ['jvp with a tangent in f32', () => jvp(square)(x, x32), DTypeError],
  ['jvp with an array of numbers', () => jvp(square)(x, wrong([1])), DTypeError],
  ['jvp at a number', () => jvp(square)(wrong(1), wrong(1)), DTypeError],
  ['jvp of an async function', () => jvp(wrong(async () => x))(x, x), GradientError],
  ['J v with a wrong shape', () => jacobianOperator(square)(x).apply(tensor([1])), ShapeError],
  ['Jᵀ u with a wrong shape', () => jacobianOperator(two)(x).applyT(x), ShapeError],
  ['stopGradient of a number', () => stopGradient(wrong(1)), DTypeError],
  ['sampleJacobian of a scalar', () => sampleJacobian(loss)(x), ShapeError],
  ['sampleJacobian of an empty batch', () => sampleJacobian((v: Tensor) => square(v))(zeros([0, 2])), ShapeError],
  ['sampleJacobian of a constant', () => sampleJacobian(() => x)(x), GradientError],
  [
    'sampleJacobian through a mean over the batch',
    () => sampleJacobian((W: Tensor) => mean(matmul(M, W), 0))(ones([3, 2])),
    RuleError
  ],
  ['a buffer of a wrong shape', () => sampleJacobian(net, { into: [zeros([2, 2])] })(theta, M), ShapeError],
  ['a buffer of a wrong dtype', () => sampleJacobian(net, { into: [zeros([2, 2, 8], 'f32')] })(theta, M), DTypeError],
  ['a buffer that is no list', () => sampleJacobian(net, { into: wrong(zeros([2, 2, 8])) })(theta, M), ShapeError],
  [
    'a typed array for a buffer',
    () => sampleJacobian(net, { into: wrong([new Float64Array(32)]) })(theta, M),
    DTypeError
  ],
  ['too few buffers', () => sampleJacobian(net, { wrt: [0, 1], into: [zeros([2, 2, 8])] })(theta, M), ShapeError],
  ['a budget of NaN', () => sampleJacobian(net, { budget: NaNs })(theta, M), OptionError],
  ['an unknown way with mixing', () => sampleJacobian(net, { mixing: wrong('ignore') })(theta, M), OptionError],
  ['pieces for nobody', () => sampleJacobianPieces(net, wrong(undefined))(theta, M), GradientError]
]

const tapes: Table = [
  ['watching a number', () => new Tape().watch(wrong(3)), DTypeError],
  ['watching an array of numbers', () => new Tape().watch(wrong([1, 2])), DTypeError],
  ['watching null', () => new Tape().watch(wrong(null)), DTypeError],
  ['recording an async function', () => new Tape().record(async () => x), GradientError],
  ['recording a promise', () => new Tape().record(() => Promise.resolve(x)), GradientError],
  ['recording nothing', () => new Tape().record(wrong(undefined)), GradientError],
  ['watch after dispose', () => disposed().tape.watch(x), GradientError],
  ['record after dispose', () => disposed().tape.record(() => x), GradientError],
  ['sites after dispose', () => disposed().tape.sites, GradientError],
  ['toText after dispose', () => disposed().tape.toText(), GradientError],
  ['toDot after dispose', () => disposed().tape.toDot(), GradientError],
  ['toJSON after dispose', () => disposed().tape.toJSON(), GradientError],
  ['firstNonFinite after dispose', () => disposed().tape.firstNonFinite(), GradientError],
  ['cotangentSweep after dispose', () => after(d => cotangentSweep(d.tape, [[d.L, ones([2])]])), GradientError],
  ['tangentSweep after dispose', () => after(d => tangentSweep(d.tape, [[d.th, d.th]], [d.L])), GradientError],
  ['targetSweep after dispose', () => after(d => targetSweep(d.tape, [[d.y, d.y]], [d.h])), GradientError],
  ['sipBackward after dispose', () => sip(disposed()), GradientError],
  [
    'a sweep from a tensor of another tape',
    () => cotangentSweep(recorded().tape, [[recorded().L, ones([2])]]),
    GradientError
  ],
  ['a sweep from an array', () => cotangentSweep(recorded().tape, wrong([[[1], ones([1])]])), DTypeError],
  ['a sweep of no tape', () => cotangentSweep(wrong({}), [[x, x]]), DTypeError],
  ['a cotangent of another shape', () => live(d => cotangentSweep(d.tape, [[d.L, x]])), ShapeError],
  ['a cotangent in f32', () => live(d => cotangentSweep(d.tape, [[d.L, ones([2], 'f32')]])), DTypeError],
  ['a tangent of another shape', () => live(d => tangentSweep(d.tape, [[d.th, x]], [d.L])), ShapeError],
  [
    'checkFinite of a NaN',
    () => {
      const tape = new Tape()
      const v = tape.watch(tensor([-1]))
      tape.record(() => log(v))
      tape.checkFinite()
    },
    NonFiniteError
  ]
]

const rulesOfOperators: Table = [
  ['defineOp without rules', () => defineOp(wrong({ name: 'nothing' })), RuleError],
  ['defineOp of nothing', () => defineOp(wrong(undefined)), RuleError],
  ['defineOp without a name', () => mine({ name: undefined }), RuleError],
  ['defineOp without vjp', () => mine({ vjp: undefined }), RuleError],
  ['defineOp without a word about its inverse', () => mine({ noInverse: undefined }), RuleError],
  ['an inverse without apply', () => mine({ inverse: { kind: 'exact' } }), RuleError],
  ['defineBlock without forward', () => defineBlock(wrong({ name: 'empty', examples: () => [] })), RuleError],
  ['a forward that returns nothing', sweep({ forward: () => undefined }), RuleError],
  ['a forward that returns a number', sweep({ forward: () => 3 }), RuleError],
  ['a forward of another shape than outShape says', sweep({ forward: () => tensor(1) }), RuleError],
  ['a vjp of a wrong shape', sweep({ vjp: () => [tensor([1])] }), RuleError],
  ['a vjp of a wrong dtype', sweep({ vjp: () => [x32] }), RuleError],
  ['a vjp of two for one', sweep({ vjp: (ct: Tensor) => [ct, ct] }), RuleError],
  ['a vjp of a tensor', sweep({ vjp: (ct: Tensor) => ct }), RuleError],
  ['a vjp of nothing', sweep({ vjp: () => undefined }), RuleError],
  ['a vjp of a number', sweep({ vjp: () => [1] }), RuleError],
  ['a jvp of a wrong shape', () => jvp((v: Tensor) => apply(mine({ jvp: () => tensor(1) }), [v]))(x, x), RuleError],
  ['a jvp of a number', () => jvp((v: Tensor) => apply(mine({ jvp: () => 1 }), [v]))(x, x), RuleError],
  [
    'a sampleVjp of a wrong shape',
    () => sampleJacobian((v: Tensor) => apply(mine({ sampleVjp: (ct: Tensor) => [sum(ct)] }), [v]))(x),
    RuleError
  ],
  [
    'a block that returns an array',
    () => apply(defineBlock({ name: 'list', forward: wrong(() => [x]), examples: () => [] }), [x]),
    RuleError
  ],
  [
    'a recorded block that returns an array',
    () =>
      grad((v: Tensor) => apply(defineBlock({ name: 'list', forward: wrong(() => [v]), examples: () => [] }), [v]))(
        tensor(1)
      ),
    RuleError
  ],
  [
    'a block that reads a watched tensor from outside',
    () =>
      grad((w: Tensor) =>
        sum(apply(defineBlock({ name: 'open', forward: ([v]) => mul(v, w), examples: () => [] }), [x]))
      )(x),
    GradientError
  ],
  ['an inverse of a wrong shape', inverted(() => [{ value: tensor(1), weight: null }]), RuleError],
  ['an inverse of nothing', inverted(() => undefined), RuleError],
  ['an inverse of two for one', inverted(() => [null, null]), RuleError],
  ['an inverse of an array', inverted(() => [{ value: [1, 2, 3] }]), RuleError],
  ['an inverse in f32', inverted(() => [{ value: x32, weight: null }]), RuleError]
]

const targets: Table = [
  ['localInverse beyond the range', () => localInverse(square)(tensor([-1]), tensor([2])), InverseError],
  ['localInverse of a sine of 2', () => localInverse(sin)(tensor([2]), tensor([0])), InverseError],
  [
    'localInverse where nothing moves',
    () => localInverse((v: Tensor) => mul(v, v))(tensor([1]), tensor([0])),
    InverseError
  ],
  ['localInverse of NaN', () => localInverse(square)(bad, x), NonFiniteError],
  ['localInverse at NaN', () => localInverse(square)(x, bad), NonFiniteError],
  ['localInverse of another shape', () => localInverse(square)(tensor([1]), x), ShapeError],
  ['localInverse of f32 at f64', () => localInverse(square)(x32, x), DTypeError],
  ['localInverse of an array', () => localInverse(square)(wrong([1]), x), DTypeError],
  ['localInverse of an async function', () => localInverse(wrong(async () => x))(x, x), GradientError],
  ['localInverse of a constant', () => localInverse(() => x)(x, x), GradientError],
  ['a tolerance of NaN', () => localInverse(square, { tolerance: NaNs })(x, x), OptionError],
  ['a ladder without rungs', () => localInverse(sin, { ladder: [] })(tensor([0.1]), tensor([0])), InverseError],
  ['a ladder without a solver', () => localInverse((v: Tensor) => mul(v, v), { ladder: [exact] })(x, x), InverseError],
  [
    'a rung that was not called',
    () => localInverse(sin, { ladder: wrong([newton]) })(tensor([0.1]), tensor([0])),
    OptionError
  ],
  ['a ladder that is no list', () => localInverse(sin, { ladder: wrong('newton') })(x, x), OptionError],
  ['an unknown way to meet', () => localInverse(sin, { meet: wrong('sum') })(x, x), OptionError],
  ['an unknown way with missed goals', () => localInverse(sin, { whole: wrong('sometimes') })(x, x), OptionError],
  [
    'a scale of 0',
    () => live(d => targetSweep(d.tape, [[d.y, d.y]], [d.h], { scales: new Map([[d.h, 0]]) })),
    OptionError
  ],
  ['claims that disagree, told to throw', () => disagree(), InverseError],
  ['a goal with NaN', () => live(d => targetSweep(d.tape, [[d.y, full([2, 2], NaNs)]], [d.h])), NonFiniteError],
  ['a goal of another shape', () => live(d => targetSweep(d.tape, [[d.y, x]], [d.h])), ShapeError],
  ['a goal in f32', () => live(d => targetSweep(d.tape, [[d.y, zeros([2, 2], 'f32')]], [d.h])), DTypeError],
  [
    'a negative weight',
    () => live(d => targetSweep(d.tape, [[d.y, { value: d.y, weight: full([2, 2], -1) }]], [d.h])),
    OptionError
  ],
  ['no goals', () => live(d => targetSweep(d.tape, [], [d.h])), GradientError],
  ['a goal that is no pair', () => live(d => targetSweep(d.tape, wrong([d.y]), [d.h])), GradientError],
  ['no boundary', () => live(d => targetSweep(d.tape, [[d.y, d.y]], [])), GradientError],
  ['a boundary that is not on the path', () => live(d => targetSweep(d.tape, [[d.y, d.y]], [d.other])), GradientError],
  ['a boundary of another tape', () => live(d => targetSweep(d.tape, [[d.y, d.y]], [recorded().h])), GradientError],
  ['newton with rcond NaN', () => newton({ rcond: NaNs }), OptionError],
  ['newton with half an iteration', () => newton({ maxIterations: 0.5 }), OptionError],
  ['lbfgs without memory', () => lbfgs({ memory: 0 }), OptionError],
  ['adjoint with a negative step', () => adjoint({ step: -1 }), OptionError]
]

const state = adam().init(x)
const evaluation = evaluate(th => ({ loss: sum(th), y: th }), x)
const J = ones([2, 2, 3])
const g = ones([2, 2])
const optimisers: Table = [
  ['adam with a negative lr', () => adam({ lr: -1 }), OptionError],
  ['adam with lr NaN', () => adam({ lr: NaNs }), OptionError],
  ['adam with beta2 = 1', () => adam({ beta2: 1 }), OptionError],
  ['adam with a negative eps', () => adam({ eps: -1e-8 }), OptionError],
  ['adam with lr as a string', () => adam({ lr: wrong('0.1') }), OptionError],
  ['sgd without lr', () => sgd(wrong(undefined)), OptionError],
  ['sgd with a negative lr', () => sgd({ lr: -0.1 }), OptionError],
  ['sgd with a momentum of NaN', () => sgd({ lr: 1, momentum: NaNs }), OptionError],
  ['a step with a gradient of another shape', () => adam().step(x, tensor([1]), state), ShapeError],
  ['a step with a gradient in f32', () => adam().step(x, x32, state), DTypeError],
  ['a step with a gradient of NaN', () => adam().step(x, bad, state), NonFiniteError],
  ['a step from θ with NaN', () => adam().step(bad, x, state), NonFiniteError],
  ['a step with an array', () => adam().step(x, wrong([1, 2, 3]), state), DTypeError],
  ['a step of θ as an array', () => sgd({ lr: 1 }).step(wrong([1]), x, sgd({ lr: 1 }).init(x)), DTypeError],
  ['adam without state', () => adam().step(x, x, wrong(undefined)), OptionError],
  ['adam with the state of another θ', () => adam().step(x, x, adam().init(M)), ShapeError],
  ['sgd without state', () => sgd({ lr: 1 }).step(x, x, wrong(undefined)), OptionError],
  ['newton with a negative lr', () => newtonMethod({ lr: -1 }), OptionError],
  ['newton without a Hessian', () => newtonMethod().step(x, wrong({ gradient: x }), 0), DTypeError],
  [
    'newton with a Hessian of another size',
    () => newtonMethod().step(x, { gradient: x, hessian: eye(2) }, 0),
    ShapeError
  ],
  [
    'newton with a Hessian of NaN',
    () => newtonMethod().step(x, { gradient: x, hessian: full([3, 3], NaNs) }, 0),
    NonFiniteError
  ],
  ['sgd with nesterov as a string', () => sgd({ lr: 1, nesterov: wrong('yes') }), OptionError],
  ['sgd with weight decay NaN', () => sgd({ lr: 1, weightDecay: NaNs }), OptionError],
  ['sgd with clipNorm 0', () => sgd({ lr: 1, clipNorm: 0 }), OptionError],
  ['adam with a schedule that gives nothing', () => adam({ lr: wrong(() => {}) }).step(x, x, state), OptionError],
  ['rmsprop with rho = 1', () => rmsprop({ rho: 1 }), OptionError],
  ['adagrad with a negative start', () => adagrad({ initial: -1 }), OptionError],
  ['adadelta with ε = 0', () => adadelta({ eps: 0 }), OptionError],
  [
    'a donated step of another θ',
    () => adam().step(x, x, state, { donate: wrong(adam().step(M, M, adam().init(M))) }),
    ShapeError
  ],
  ['bfgs without state', () => bfgsMethod().step(x, x, wrong(undefined)), OptionError],
  ['L-BFGS without memory', () => lbfgsMethod({ memory: 0 }), OptionError],
  ['saddle-free Newton with a cap of 0', () => saddleFreeNewton({ maxLossChange: 0 }), OptionError],
  ['the saddle-free rung with a cap of 0', () => saddleFree({ maxLossChange: 0 }), OptionError],
  ['truncated Newton with another matrix', () => truncatedNewton({ matrix: wrong('fisher') }), OptionError],
  ['truncated Newton with a gradient only', () => truncatedNewton().step(x, wrong(x), { t: 0, first: 0 }), OptionError],
  [
    'truncated Newton without a product',
    () => truncatedNewton().step(x, { gradient: x }, { t: 0, first: 0 }),
    OptionError
  ],
  ['AdaHessian with blocks of 0', () => adaHessian({ block: 0 }), OptionError],
  ['AdaHessian without state', () => adaHessian().step(x, { gradient: x }, wrong(null)), OptionError],
  [
    'Levenberg-Marquardt without an evaluation',
    () => levenbergMarquardt().step(x, wrong({}), wrong(null)),
    OptionError
  ],
  ['dogleg with radius 0', () => dogleg({ radius: 0 }), OptionError],
  ['dogleg without state', () => dogleg().step(x, evaluation, wrong(undefined)), OptionError],
  ['Hessian-free with a gradient', () => hessianFree().step(x, wrong(x), wrong(null)), OptionError],
  ['inverse gradient with η NaN', () => inverseGradient({ eta: NaNs }), OptionError],
  ['K-FAC of other curvature', () => kfac({ curvature: wrong('none') }), OptionError],
  ['K-FAC without state', () => kfac().step(x, evaluation, wrong(null)), OptionError],
  ['a search in the place of the method', () => withSearch(wrong(backtracking()), backtracking()), OptionError],
  ['a method in the place of the search', () => withSearch(adam(), wrong(adam())), OptionError],
  ['a search with a gradient', () => withSearch(adam(), backtracking()).step(x, wrong(x), state), OptionError],
  ['strong Wolfe with c2 = 2', () => strongWolfe({ c2: 2 }), OptionError],
  ['backtracking without a trial', () => backtracking({ maxEvaluations: 0 }), OptionError],
  ['sip of a method that needs more', () => sipMethod(wrong(hig())), OptionError],
  ['sip without a method', () => sipMethod(wrong(undefined)), OptionError],
  ['sip with no update', () => sipMethod(adam(), { updatesPerSolve: 0 }), OptionError],
  ['sip with another proxy', () => sipMethod(adam(), { proxy: wrong('l3') }), OptionError],
  ['sip with delta 0', () => sipMethod(adam(), { proxy: 'huber', delta: 0 }), OptionError],
  ['sip with a gradient', () => sipMethod(adam()).step(x, wrong(x), state), OptionError],
  ['evaluate without a model', () => evaluate(wrong(null), x), GradientError],
  ['evaluate at an array', () => evaluate(wrong(sum), wrong([1])), DTypeError],
  ['evaluate with the largest loss', () => evaluate(sum, x, { reduce: wrong('max') }), OptionError],
  ['evaluate with another Jacobian', () => evaluate(sum, x, { jacobian: wrong('full') }), OptionError],
  ['evaluate of a matrix of losses', () => evaluate(() => M, x).loss, ShapeError],
  ['warmup of no steps', () => warmup(0, 1), OptionError],
  ['a cosine of no steps', () => cosineDecay({ lr: 1, steps: 0 }), OptionError],
  ['hig with kappa NaN', () => hig({ kappa: NaNs }), OptionError],
  ['hig with a negative truncation', () => hig({ truncation: -1 }), OptionError],
  ['hig with a negative lr', () => hig({ lr: -1 }), OptionError],
  ['gaussNewton with truncation NaN', () => gaussNewton({ truncation: NaNs }), OptionError],
  ['hig with J for another θ', () => hig().step(tensor([1]), { J, lossGradient: g }, null), ShapeError],
  ['hig without J', () => hig().step(x, wrong({ lossGradient: g }), null), DTypeError],
  ['hig without input', () => hig().step(x, wrong(undefined), null), DTypeError],
  ['partialInverse with kappa as a string', () => partialInverse(J, g, { kappa: wrong('-1') }), OptionError],
  ['partialInverse with a negative truncation', () => partialInverse(J, g, { truncation: -1 }), OptionError],
  ['partialInverse of another batch', () => partialInverse(J, ones([3, 2])), ShapeError],
  ['partialInverse of an empty batch', () => partialInverse(zeros([0, 2, 3]), zeros([0, 2])), ShapeError],
  ['partialInverse of NaN', () => partialInverse(full([2, 2, 3], NaNs), g), NonFiniteError],
  ['partialInverse of f32 with f64', () => partialInverse(J, ones([2, 2], 'f32')), DTypeError],
  ['partialInverse of arrays', () => partialInverse(wrong([[[1]]]), wrong([[1]])), DTypeError],
  ['sipBackward without a loss', () => sip(recorded(), { loss: [] }), GradientError],
  ['sipBackward of undefined', () => sip(recorded(), { loss: undefined }), GradientError],
  ['sipBackward of a loss of another tape', () => sip(recorded(), { loss: recorded().L }), GradientError],
  ['sipBackward of a loss without a Newton step', () => sip(recorded(), { loss: sum(x) }), GradientError],
  ['sipBackward without a boundary', () => sip(recorded(), { boundary: [] }), GradientError],
  ['sipBackward with a boundary that is no list', () => sip(recorded(), { boundary: 3 }), DTypeError],
  [
    'sipBackward with a boundary off the path',
    () => {
      const r = recorded()
      return sip(r, { boundary: [r.other] })
    },
    GradientError
  ],
  ['sipBackward for θ that is not on the tape', () => sip(recorded(), { wrt: zeros([8]) }), GradientError],
  ['sipBackward for nothing', () => sip(recorded(), { wrt: undefined }), DTypeError],
  ['sipBackward with eta NaN', () => sip(recorded(), { eta: NaNs }), OptionError],
  ['sipBackward with an unknown proxy', () => sip(recorded(), { proxy: 'l3' }), OptionError],
  [
    'lossTarget of a sum',
    () =>
      live(d =>
        lossTarget(
          d.tape,
          d.tape.record(() => sum(d.y))
        )
      ),
    RuleError
  ],
  [
    'lossTarget in y that the loss does not use',
    () => live(d => lossTarget(d.tape, d.L, { y: d.other })),
    GradientError
  ]
]

const others: Table = [
  ['a seed of NaN', () => random(NaNs), OptionError],
  ['no seed', () => random(wrong(undefined)), OptionError],
  ['a stream named by a number', () => random(0).split(wrong(1)), OptionError],
  ['random numbers of a negative shape', () => random(0).uniform([-1]), ShapeError],
  ['random numbers of a number', () => random(0).normal(wrong(3)), ShapeError],
  ['random numbers of an unknown dtype', () => random(0).normal([1], 0, 1, { dtype: wrong('f16') }), DTypeError],
  ['a uniform to NaN', () => random(0).uniform([1], 0, NaNs), OptionError],
  ['a negative spread', () => random(0).normal([1], 0, -1), OptionError],
  ['integers from nothing', () => random(0).integers([1], 2, 2), OptionError],
  ['integers to half a number', () => random(0).integers([1], 0, 2.5), OptionError],
  ['a permutation of -1', () => random(0).permutation(-1), OptionError],
  ['the state of another stream', () => random(0).restore(random(1).state), OptionError],
  ['the state of none', () => Random.restore(wrong({})), OptionError],
  ['oscillators of half a step', () => oscillators({ steps: 1.5 }), OptionError],
  ['oscillators without masses', () => oscillators({ masses: 0 }), OptionError],
  ['oscillators with dt NaN', () => oscillators({ dt: NaNs }), OptionError],
  ['oscillators with other controls', () => oscillators({ steps: 3 })(ones([2, 4]), ones([2, 4])), ShapeError],
  ['oscillators with another batch', () => oscillators({ steps: 3 })(ones([2, 4]), ones([3, 3])), ShapeError],
  ['oscillators of numbers', () => oscillators({ steps: 3 })(wrong(1), wrong(2)), DTypeError],
  ['oscillators of f32 and f64', () => oscillators({ steps: 3 })(ones([2, 4]), ones([2, 3], 'f32')), DTypeError],
  ['diffusion backward in time', () => diffuse(M, -1), OptionError],
  ['diffusion for ever', () => diffuse(M, Number.POSITIVE_INFINITY), OptionError],
  ['diffusion with an uncertainty of NaN', () => diffuse(M, 1, { uncertainty: NaNs }), OptionError],
  ['diffusion backward by its operator', () => apply(diffuseOp, [M], wrong({ amount: -1 })), OptionError],
  ['diffusion of a vector', () => diffuse(x, 1), ShapeError],
  ['diffusion of an array', () => diffuse(wrong([[1]]), 1), DTypeError],
  ['rectangles without a stream', () => randomRectangles(wrong(0), 1, 8), OptionError],
  ['rectangles on half a grid', () => randomRectangles(random(0), 1, 8.5), ShapeError],
  ['svd of a wrong size', () => svd(new Float64Array(5), 2, 3), ShapeError],
  ['svd of NaN', () => svd(Float64Array.of(NaNs), 1, 1), NonFiniteError],
  ['solve of a wrong size', () => solve(new Float64Array(4), 2, new Float64Array(3)), ShapeError],
  [
    'least squares of infinity',
    () => lstsq(Float64Array.of(Number.POSITIVE_INFINITY), 1, 1, Float64Array.of(1)),
    NonFiniteError
  ],
  [
    'a partial inverse with kappa infinite',
    () => partialInverseApply(Float64Array.of(1), 1, 1, Float64Array.of(1), { kappa: Number.POSITIVE_INFINITY }),
    OptionError
  ],
  [
    'a product of a wrong size',
    () => lsmr({ batch: 1, m: 1, n: 1, apply: () => new Float64Array(2), applyT: v => v, b: Float64Array.of(1) }),
    ShapeError
  ]
]

function live<R>(f: (d: ReturnType<typeof recorded>) => R): R {
  return f(recorded())
}
function after<R>(f: (d: ReturnType<typeof recorded>) => R): R {
  return f(disposed())
}
function sip(r: ReturnType<typeof recorded>, changed: Record<string, unknown> = {}) {
  const { loss: L = 'loss' in changed ? undefined : r.L, ...options } = changed
  return sipBackward(r.tape, L as Tensor, { boundary: [r.h], wrt: r.th, ...options } as never)
}
function disagree() {
  const tape = new Tape()
  const a = tape.watch(tensor([1]))
  const [p, q] = tape.record(() => [mul(a, 2), mul(a, 3)])
  return targetSweep(
    tape,
    [
      [p, tensor([4])],
      [q, tensor([9])]
    ],
    [a],
    { meet: 'error' }
  )
}

/** Anything at all in the place of an axis, an index or an option. */
const strange: readonly unknown[] = [
  Symbol('s'),
  10n,
  {},
  Object.create(null),
  new Map(),
  () => 1,
  true,
  [Symbol('s')],
  [10n],
  [{}]
]
const places: readonly (readonly [string, (v: never) => unknown])[] = [
  ['an axis of sum', v => sum(M, v)],
  ['a shape', v => reshape(M, v)],
  ['an index of at', v => at(x, v)],
  ['an axis of at', v => at(x, 0, v)],
  ['the start of slice', v => slice(x, 0, v)],
  ['the stop of slice', v => slice(x, 0, 0, v)],
  ['the step of slice', v => slice(x, 0, 0, 2, v)],
  ['an index of take', v => take(x, [v], 0)],
  ['a width', v => pad(x, v)],
  ['the axes of pad', v => pad(x, 1, { axes: v })],
  ['the mode of pad', v => pad(x, 1, { mode: v })],
  ['a shift', v => roll(x, v, 0)],
  ['an axis of roll', v => roll(x, 1, v)],
  ['copies', v => tile(x, v)],
  ['parts', v => split(x, v, 0)],
  ['the axis of split', v => split(x, 3, v)],
  ['an edge', v => clamp(x, v, 1)],
  ['an offset', v => diag(x, v)],
  ['a dtype', v => zeros([2], v)]
]

t.test('anything in the place of a number', async t => {
  for (const [name, f] of places)
    for (const [k, v] of strange.entries())
      try {
        f(v as never)
        t.fail(`${name}, strange value ${k}: no error`)
      } catch (e) {
        const { message } = e as Error
        t.ok(e instanceof PhysgradError && !/\[object/.test(message), `${name}, strange value ${k}: ${message}`)
      }
})

const tables = { tensors, operators, more, networks, verbs, tapes, rulesOfOperators, targets, optimisers, others }

for (const [title, table] of Object.entries(tables))
  t.test(title, async t => {
    for (const [name, call, Expected] of table) {
      let error: unknown
      let result: unknown
      try {
        result = call()
      } catch (e) {
        error = e
      }
      if (!(error instanceof PhysgradError)) {
        t.fail(error ? `${name}: ${String(error)}` : `${name}: no error, but ${String(result)}`)
        continue
      }
      const { asked, found, advice, message } = error
      const right =
        error instanceof Expected &&
        error.code === codes.get(Expected) &&
        error.name === Expected.name &&
        [asked, found, advice].every(
          part => part.trim().length > 2 && !/of undefined|\[undefined|\[object/.test(part)
        ) &&
        message === `${asked}: ${found}. ${advice}.` &&
        /[^.!?]\.$/.test(message)
      t.ok(right, `${name}: ${error.name} ${message}`)
    }
  })

t.test('no call left a tape recording, and there are many of them', async t => {
  const tape = new Tape()
  const v = tape.watch(tensor(2))
  div(v, v)
  t.equal(tape.sites.length, 0)
  const count = Object.values(tables).reduce((n, table) => n + table.length, 0)
  t.ok(count >= 200, `${count} wrong calls`)
})
