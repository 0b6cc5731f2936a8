import t from 'tap'
import { dotCheck, gradCheck, sampleJacobianCheck } from '../../core/check/index.js'

import { type Random, random } from '../../core/random.js'
import type { Tensor } from '../../core/tensor.js'
import {
  add,
  atan,
  concat,
  cos,
  div,
  erf,
  expm1,
  gelu,
  matmul,
  mul,
  permute,
  reshape,
  sigmoid,
  silu,
  sin,
  slice,
  softplus,
  square,
  sum,
  tanh
} from '../../ops/index.js'

/**
 * Derivatives of random graphs: a batch x, a weight matrix w used at several places, a bias b; every node may be used
 * again, and all of them enter the result. First and second order, and rows per sample.
 */
const GRAPHS = 60
const [B, N] = [3, 4]

type Node = (a: Tensor, d: Tensor, w: Tensor) => Tensor

const nodes: readonly Node[] = [
  add,
  mul,
  (a, _, w) => matmul(a, w),
  (a, d) => concat([slice(a, -1, 0, 2), slice(d, -1, 2, 4)], -1),
  (a, d) => mul(a, sum(d, -1, true)),
  a => reshape(permute(reshape(a, [B, 2, 2]), [0, 2, 1]), [B, N]),
  (a, d) => div(a, add(square(d), 1)),
  (a, _, w) => reshape(matmul(w, reshape(a, [B, N, 1])), [B, N]),
  ...[atan, cos, erf, expm1, gelu, sigmoid, silu, sin, softplus, square, tanh].map(curve => (a: Tensor) => curve(a))
]

function graph(r: Random): (x: Tensor, w: Tensor, b: Tensor) => Tensor {
  const plan = Array.from({ length: r.integer(3, 9) }, () => ({
    node: nodes[r.integer(0, nodes.length)],
    a: r.next(),
    d: r.next()
  }))
  return (x, w, b) => {
    const pool = [x, add(x, b)]
    const pick = (u: number) => pool[Math.floor(u * pool.length)]
    // The hyperbolic tangent keeps all numbers near 1.
    for (const { node, a, d } of plan) pool.push(tanh(node(pick(a), pick(d), w)))
    return pool.reduce((p, q) => add(p, q))
  }
}

for (let seed = 0; seed < GRAPHS; seed++) {
  const r = random('graphs').split(String(seed))
  const f = graph(r)
  const example = { inputs: [r.normal([B, N]), r.normal([N, N]), r.normal([N])] }
  const rows = [dotCheck, gradCheck, sampleJacobianCheck].flatMap(check => check(f, example, r))
  t.same(
    rows.filter(row => !row.passed),
    [],
    `graph ${seed}: ${rows.length} checks`
  )
}
