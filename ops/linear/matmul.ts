import { apply } from '../../core/apply.js'
import { matmul as gpuMatmul } from '../../core/backends/gpu/kernels.js'
import { batchedMatmul, matmul as product } from '../../core/backends/kernels.js'
import { addresses, along } from '../../core/backends/plain/addresses.js'
import { wanted } from '../../core/claim.js'
import { ShapeError } from '../../core/errors.js'
import { partialInverseMatrix } from '../../core/linalg/partialInverse.js'
import { alloc } from '../../core/memory.js'
import { type Claim, defineOp, type Op, type Refusal, type Site } from '../../core/op.js'
import { broadcastShapes, type Shape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, mapData, Tensor, tensor } from '../../core/tensor.js'

interface MatmulAttrs {
  /** Whether the last two axes of a, and of b, are exchanged first. */
  ta: boolean
  tb: boolean
}

/** Rows and columns of a matrix after its optional transposition. */
const dims = (s: Shape, t: boolean): [number, number] => {
  const [r, c] = s.slice(-2)
  return t ? [c, r] : [r, c]
}

const batch = (s: Shape): Shape => s.slice(0, -2)

export const matmulOp: Op<MatmulAttrs> = defineOp<MatmulAttrs>({
  name: 'matmul',
  doc: `Y = A B over the last two axes, A and B transposed on request; leading axes broadcast
  tangent  dY = dA B + A dB
  adjoint  ct Bᵀ to A, Aᵀ ct to B, summed over broadcast axes
  inverse  the smallest change of the one that is not fixed: Ã = A + (Ỹ - Y) B⁺, B̃ = B + A⁺ (Ỹ - Y); only least squares
           where B has more columns than rows (A more rows than columns)
  rows     samples as row vectors [B, n] take part in the product: their row for the weight is the outer product x ct
  cost     2 m k n flops for [m, k] times [k, n], in each of forward, tangent and adjoint; a pseudo-inverse for the inverse
  caveats  a batch of matrices as the fixed factor, or a broadcast free one, is refused by the inverse`,
  tex: {
    y: 'Y = A B',
    tangent: String.raw`dY = dA\,B + A\,dB`,
    adjoint: String.raw`\bar A = \bar Y B^\top,\; \bar B = A^\top \bar Y`,
    inverse: String.raw`\tilde A = A + (\tilde Y - Y) B^+,\; \tilde B = B + A^+ (\tilde Y - Y)`
  },
  outShape: ([a, b], { ta, tb }) => {
    if (a.length < 2 || b.length < 2) throw noMatrices(a, b)
    const [m, k] = dims(a, ta)
    const [k2, n] = dims(b, tb)
    if (k !== k2) throw unequal(show(a) + (ta ? 'ᵀ' : ''), show(b) + (tb ? 'ᵀ' : ''), k, k2)
    return [...broadcastShapes(batch(a), batch(b), 'matmul, leading axes'), m, n]
  },
  forward: ([a, b], { ta, tb }, shape) => new Tensor(shape, multiply(a, b, ta, tb, shape)),
  device: ([a, b], { ta, tb }, shape) => gpuMatmul(a, b, ta, tb, shape),
  jvp: ([da, db], v) => {
    const { ta, tb } = v.attrs
    const p = da && apply(matmulOp, [da, v.x[1]], { ta, tb })
    const q = db && apply(matmulOp, [v.x[0], db], { ta, tb })
    return both(p, q)
  },
  vjp: (ct, v) => {
    const { ta, tb } = v.attrs
    const [a, b] = v.x
    const times = (l: Tensor, r: Tensor, tl: boolean, tr: boolean) => apply(matmulOp, [l, r], { ta: tl, tb: tr })
    return [
      v.wants(0) ? v.fold(ta ? times(b, ct, tb, true) : times(ct, b, false, !tb), 0) : null,
      v.wants(1) ? v.fold(tb ? times(ct, a, true, ta) : times(a, ct, !ta, false), 1) : null
    ]
  },
  carry: ({ inputs: [a, b], out, attrs: { ta } }) => {
    const r = out.shape.length
    // Rank 2: the rows of A are the samples. Otherwise the leading axis of those that have it.
    if (r === 2) return ta ? undefined : [true, false]
    const leads = (t: Tensor) => t.shape.length === r && t.shape[0] === out.shape[0]
    return [leads(a), leads(b)]
  },
  sampleVjp: (ct, v) => {
    if (v.shape(0).length > 1 || !v.carried(0)) return matmulOp.vjp(ct, v)
    // Samples are row vectors: x is [B, k], ct [K, B, n].
    const { tb } = v.attrs
    const [x, b] = v.x
    const column = (t: Tensor) => reshape(t, [...t.shape, 1])
    const row = (t: Tensor) => reshape(t, [...t.shape.slice(0, -1), 1, t.shape[t.rank - 1]])
    return [
      v.wants(0) ? apply(matmulOp, [ct, b], { ta: false, tb: !tb }) : null,
      v.wants(1) ? (tb ? mul(column(ct), row(x)) : mul(column(x), row(ct))) : null
    ]
  },
  sampleFactors: (ct, v) =>
    v.shape(0).length === 1 && v.carried(0) && !v.carried(1) && v.x[1].rank === 2
      ? { input: 1, left: v.x[0], right: ct, transposed: v.attrs.tb }
      : undefined,
  inverse: { kind: 'exact', apply: smallestChange, lawless },
  examples: r => [
    { inputs: [r.normal([2, 3]), r.normal([3, 2])], attrs: { ta: false, tb: false } },
    { inputs: [r.normal([3, 2]), r.normal([2, 3])], attrs: { ta: true, tb: true } },
    { inputs: [r.normal([2, 2, 3]), r.normal([2, 3])], attrs: { ta: false, tb: true }, note: 'shared right factor' },
    { inputs: [r.normal([2, 3]), r.normal([2, 3, 2])], attrs: { ta: false, tb: false }, note: 'shared left factor' },
    {
      inputs: [r.normal([2, 1, 2, 3]), r.normal([2, 3, 2])],
      attrs: { ta: false, tb: false },
      note: 'broadcast batches'
    },
    { inputs: [r.normal([2, 0]), r.normal([0, 2])], attrs: { ta: false, tb: false }, note: 'empty inner axis' },
    { inputs: [r.normal([0, 2]), r.normal([2, 3])], attrs: { ta: false, tb: false }, note: 'no rows' },
    { inputs: [r.normal([1, 3]), r.normal([3, 1])], attrs: { ta: false, tb: false }, note: 'size-1 axes' },
    {
      inputs: [
        tensor([
          [1e300, 2e300],
          [3e300, -1e300]
        ]),
        tensor([
          [1e-300, 5e-301],
          [2e-300, -1e-300]
        ])
      ],
      attrs: { ta: false, tb: false },
      extreme: true
    }
  ]
})

const noMatrices = (a: Shape, b: Shape): ShapeError =>
  new ShapeError(`matmul of ${show(a)} and ${show(b)}`, 'a scalar among them', 'Give matrices or vectors; mul scales')

const unequal = (a: string, b: string, k: number, k2: number): ShapeError =>
  new ShapeError(
    `matmul of ${a} and ${b}`,
    `${k} columns meet ${k2} rows`,
    'The inner axes must be equal: [..., m, k] times [..., k, n], a vector being one row or one column'
  )

function multiply(a: Tensor, b: Tensor, ta: boolean, tb: boolean, shape: Shape) {
  const [m, k] = dims(a.shape, ta)
  const n = shape[shape.length - 1]
  const y = alloc(size(shape), a.dtype)
  // A batch of matrices times one matrix is one product, when no transposition splits the rows.
  if (b.rank === 2 && !ta) {
    product(a.data, 0, b.data, 0, y, 0, size(a.shape) / Math.max(1, k), n, k, false, tb, false)
    return y
  }
  const leads = batch(shape)
  const starts = (own: Shape, unit: number) =>
    addresses(strides(own, leads, unit).map((step, d) => along(leads[d], step)))
  const [startsA, startsB] = [starts(batch(a.shape), m * k), starts(batch(b.shape), k * n)]
  batchedMatmul(a.data, startsA, b.data, startsB, y, m, n, k, ta, tb)
  return y
}

/** Steps through a broadcast batch, 0 along stretched axes; `unit` entries per matrix. */
function strides(own: Shape, leads: Shape, unit: number): number[] {
  const out = leads.map(() => 0)
  let step = unit
  for (let d = 1; d <= own.length; d++) {
    const n = own[own.length - d]
    if (n !== 1) out[leads.length - d] = step
    step *= n
  }
  return out
}

/** Why the target may be out of reach: the fixed factor has too few rows or columns, or a factor is broadcast. */
function lawless({ inputs: [a, b], out, attrs: { ta, tb } }: Site<MatmulAttrs>): string | undefined {
  const [m, k] = dims(a.shape, ta)
  const [, n] = dims(b.shape, tb)
  if (size(batch(a.shape)) !== size(batch(out.shape)) || size(batch(b.shape)) !== size(batch(out.shape)))
    return 'one factor is shared by several products: least squares at best'
  return n > k || m > k ? 'more equations than unknowns: least squares' : undefined
}

function smallestChange(
  site: Site<MatmulAttrs>,
  claimed: Claim,
  active: readonly boolean[]
): readonly (Claim | null)[] | Refusal {
  const [a, b] = site.inputs
  const { ta, tb } = site.attrs
  const i = active[0] ? 0 : 1
  const fixed = site.inputs[1 - i]
  if (fixed.rank !== 2) return { refuse: 'the fixed factor is a batch of matrices' }
  if (size(batch(site.inputs[i].shape)) !== size(batch(site.out.shape)))
    return { refuse: 'the free factor is broadcast' }
  const [r, c] = fixed.shape
  if (fixed.size === 0) return { refuse: 'the fixed factor is empty' }
  const { matrix: flat } = partialInverseMatrix(Float64Array.from(fixed.data), r, c, { kappa: -1, truncation: 1e-13 })
  const pinv = new Tensor([c, r], a.dtype === 'f64' ? flat : Float32Array.from(flat))
  const target = wanted(claimed, site.out)
  const step = mapData(target, (t, j) => t - site.out.data[j])
  // The change in the layout of the free factor: dA = dY B⁺ (its transpose for Aᵀ), dB = A⁺ dY.
  const change =
    i === 0
      ? ta
        ? raw(pinv, step, !tb, true)
        : raw(step, pinv, false, tb)
      : tb
        ? raw(step, pinv, true, !ta)
        : raw(pinv, step, ta, false)
  const x = i === 0 ? a : b
  const answer = { value: mapData(x, (v, j) => v + change.data[j]), weight: null }
  return i === 0 ? [answer, null] : [null, answer]
}

/** A product that no tape sees. */
function raw(l: Tensor, r: Tensor, tl: boolean, tr: boolean): Tensor {
  const shape = matmulOp.outShape!([l.shape, r.shape], { ta: tl, tb: tr })
  return new Tensor(shape, multiply(l, r, tl, tr, shape))
}

/** A B over the last two axes; leading axes broadcast. A vector counts as one row on the left, one column on the right. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  checkTensor(a, 'matmul', 'its left factor')
  checkTensor(b, 'matmul', 'its right factor')
  if (a.rank === 1 || b.rank === 1) {
    if (a.rank === 0 || b.rank === 0) throw noMatrices(a.shape, b.shape)
    const [k, k2] = [a.shape[a.rank - 1], b.shape[Math.max(0, b.rank - 2)]]
    if (k !== k2) throw unequal(show(a.shape), show(b.shape), k, k2)
    const left = a.rank === 1 ? reshape(a, [1, a.shape[0]]) : a
    const right = b.rank === 1 ? reshape(b, [b.shape[0], 1]) : b
    const y = matmul(left, right)
    const rows = a.rank === 1 ? [] : [y.shape[y.rank - 2]]
    const columns = b.rank === 1 ? [] : [y.shape[y.rank - 1]]
    return reshape(y, [...y.shape.slice(0, -2), ...rows, ...columns])
  }
  return apply(matmulOp, [a, b], { ta: false, tb: false })
}
