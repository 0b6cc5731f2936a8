import { readFileSync } from 'node:fs'
import t from 'tap'
import { minus, norm } from '../../core/check/probe.js'
import { vjp } from '../../core/index.js'
import type { Nested } from '../../core/nested.js'
import { type Tensor, tensor } from '../../core/tensor.js'
import * as ops from '../../ops/index.js'

/**
 * Values and vector-Jacobian products of PyTorch 1.13 in float64. One line per case: adding an operator is adding a line.
 *
 * Tolerance 1e-13 of the norm: both sides are correct to a few ulp (2e-16) per entry, and their elementary functions
 * differ in the last bit; a sum over a broadcast axis adds tens of such terms.
 */
const TOLERANCE = 1e-13

type Case = (...xs: Tensor[]) => Tensor

const { add, mul, sqrt, square } = ops

const cases: Record<string, Case> = {
  conv2d_pad1: (x, w, b) => add(ops.conv2d(x, w, { padding: 1 }), ops.reshape(b, [-1, 1, 1])),
  conv2d_stride2_pad1: (x, w, b) => add(ops.conv2d(x, w, { stride: 2, padding: 1 }), ops.reshape(b, [-1, 1, 1])),
  conv2d_1x1: (x, w, b) => add(ops.conv2d(x, w), ops.reshape(b, [-1, 1, 1])),
  conv_transpose2d_stride2: (x, w, b) => add(ops.convTranspose2d(x, w, { stride: 2 }), ops.reshape(b, [-1, 1, 1])),
  maxpool2d_ties: x => ops.maxPool2d(x, 2),
  upsample_bilinear_x2_align_corners_false: x => ops.upsampleBilinear2d(x, 2),
  inv: x => ops.inv(x),
  svdvals: x => ops.svdvals(x),
  linear: (x, w, b) => add(ops.matmul(x, ops.swapAxes(w)), b),
  unary_relu: x => ops.relu(x),
  unary_sigmoid: x => ops.sigmoid(x),
  unary_gelu: x => ops.gelu(x),
  unary_elu: x => ops.elu(x),
  unary_exp: x => ops.exp(x),
  unary_cos: x => ops.cos(x),
  unary_square: x => square(x),
  unary_sqrt_sq1: x => sqrt(add(square(x), 1)),
  unary_logsumexp: x => ops.logsumexp(x, -1),
  unary_atan: x => ops.atan(x),
  max_axis1: x => ops.max(x, 1),
  maximum_tie: (a, b) => ops.maximum(a, b),
  broadcast_mul_add: (a, b, c) => add(mul(a, b), c),
  gather_index: x => ops.take(x, [0, 2, 2, 1], 0)
}

interface Golden {
  inputs: Nested[]
  output: Nested
  cotangent: Nested
  grads: Nested[]
}

const golden = JSON.parse(readFileSync(new URL('../../../tests/golden/torch_ops.json', import.meta.url), 'utf8'))
  .ops as Record<string, Golden>

const relative = (a: Tensor, b: Tensor): number => {
  const error = norm(minus(a.data, b.data))
  return error === 0 ? 0 : error / norm(b.data)
}

for (const [name, f] of Object.entries(cases)) {
  const g = golden[name]
  t.test(name, t => {
    const xs = g.inputs.map(v => tensor(v))
    const { value, pullback } = vjp(f, { wrt: xs.map((_, i) => i) })(...xs)
    const want = tensor(g.output)
    t.same(value.shape, want.shape)
    t.ok(relative(value, want) <= TOLERANCE, `value: ${relative(value, want)}`)
    pullback(tensor(g.cotangent, { shape: value.shape })).forEach((grad, i) => {
      const error = relative(grad, tensor(g.grads[i], { shape: grad.shape }))
      t.ok(error <= TOLERANCE, `gradient of input ${i}: ${error}`)
    })
    t.end()
  })
}

t.comment(
  `${Object.keys(cases).length} of ${Object.keys(golden).length} cases; the other, batchnorm2d_module, in networks.test.ts`
)
