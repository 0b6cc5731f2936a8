import { apply } from '../../core/apply.js'
import { modeProduct as kernel, type ModeMatrix } from '../../core/backends/plain/modeProduct.js'
import { wanted } from '../../core/claim.js'
import { ShapeError } from '../../core/errors.js'
import { partialInverseMatrix } from '../../core/linalg/partialInverse.js'
import { alloc, allocUnset } from '../../core/memory.js'
import { type Claim, defineOp, type Op, type Refusal, type Site } from '../../core/op.js'
import { broadcastShapes, type Shape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { reshape } from '../../core/structural/reshape.js'
import { mapData, Tensor } from '../../core/tensor.js'
import { each, leads } from '../convolution/geometry.js'

interface ModeProductAttrs {
  /** Whether A, and B, are conjugated and transposed first. */
  ha: boolean
  hb: boolean
}

/** Rows and columns after the optional transposition. */
const dims = (s: Shape, h: boolean): [number, number] => {
  const [r, c] = s.slice(-4, -2)
  return h ? [c, r] : [r, c]
}

export const modeProductOp: Op<ModeProductAttrs> = defineOp<ModeProductAttrs>({
  name: 'modeProduct',
  doc: `Y_m = A_m B_m, a complex matrix product for each mode m apart: A [..., P, I, M, 2], B [..., I, O, M, 2] →
[..., P, O, M, 2], each conjugated and transposed (Aᴴ, Bᴴ) on request; leading axes broadcast
  tangent  dY = dA B + A dB
  adjoint  ct Bᴴ to A, Aᴴ ct to B, summed over broadcast axes
  inverse  per mode the smallest change of the one that is not fixed: Ã = A + (Ỹ - Y) B⁺, B̃ = B + A⁺ (Ỹ - Y); only least
           squares where B has more columns than rows (A more rows than columns); none for a factor that is broadcast
  cost     8 P I O M flops for each product
  source   Li et al. 2021, "Fourier Neural Operator for Parametric Partial Differential Equations", eq. (5)`,
  tex: {
    y: 'Y_m = A_m B_m',
    tangent: 'dY_m = dA_m B_m + A_m\\,dB_m',
    adjoint: String.raw`\bar A_m = \bar Y_m B_m^H,\; \bar B_m = A_m^H \bar Y_m`,
    inverse: String.raw`\tilde A_m = A_m + (\tilde Y_m - Y_m) B_m^{+}`
  },
  outShape: ([a, b], { ha, hb }) => {
    const asked = `modeProduct of ${show(a)} and ${show(b)}`
    if (a.length < 4 || b.length < 4 || a[a.length - 1] !== 2 || b[b.length - 1] !== 2)
      throw new ShapeError(asked, 'no matrices of complex modes', 'Give [..., rows, columns, modes, 2]')
    const [P, I] = dims(a, ha)
    const [J, O] = dims(b, hb)
    const M = a[a.length - 2]
    if (I !== J || M !== b[b.length - 2])
      throw new ShapeError(
        asked,
        `${I} columns meet ${J} rows, ${M} modes meet ${b[b.length - 2]}`,
        'The inner axes and the modes must be equal'
      )
    return [...broadcastShapes(a.slice(0, -4), b.slice(0, -4), 'modeProduct, leading axes'), P, O, M, 2]
  },
  forward: ([a, b], { ha, hb }, shape) => multiply(a, b, ha, hb, shape),
  jvp: ([da, db], v) =>
    both(da && apply(modeProductOp, [da, v.x[1]], v.attrs), db && apply(modeProductOp, [v.x[0], db], v.attrs)),
  vjp: (ct, v) => {
    const { ha, hb } = v.attrs
    const [a, b] = v.x
    return [
      v.wants(0) ? v.fold(ha ? times(b, ct, hb, true) : times(ct, b, false, !hb), 0) : null,
      v.wants(1) ? v.fold(hb ? times(ct, a, true, ha) : sharedWeight(ct, a, b, ha, v.lead), 1) : null
    ]
  },
  // A product without leading axes has no sample axis: its axis 0 takes part.
  carry: ({ inputs, out }) =>
    out.rank > 4 ? inputs.map(t => t.rank === out.rank && t.shape[0] === out.shape[0]) : undefined,
  inverse: { kind: 'exact', apply: smallestChange, lawless },
  examples: r => [
    { inputs: [r.normal([2, 3, 2, 2]), r.normal([3, 2, 2, 2])], attrs: { ha: false, hb: false } },
    { inputs: [r.normal([3, 2, 3, 2]), r.normal([2, 3, 3, 2])], attrs: { ha: true, hb: true } },
    {
      inputs: [r.normal([2, 1, 3, 2, 2]), r.normal([3, 2, 2, 2])],
      attrs: { ha: false, hb: false },
      note: 'a shared weight'
    },
    {
      inputs: [r.normal([2, 3, 1, 2]), r.normal([2, 3, 1, 1, 2])],
      attrs: { ha: false, hb: false },
      note: 'a shared left factor'
    },
    {
      inputs: [r.normal([2, 1, 1, 2, 2, 2]), r.normal([3, 1, 2, 2, 2])],
      attrs: { ha: false, hb: true },
      note: 'broadcast batches'
    },
    {
      inputs: [r.normal([2, 0, 2, 2]), r.normal([0, 1, 2, 2])],
      attrs: { ha: false, hb: false },
      note: 'nothing to add'
    },
    {
      inputs: [r.normal([0, 1, 2, 1, 2]), r.normal([2, 1, 1, 2])],
      attrs: { ha: false, hb: false },
      note: 'empty batch'
    },
    {
      inputs: [r.uniform([1, 2, 2, 2], 1e300, 3e300), r.uniform([2, 1, 2, 2], 2e-301, 1e-300)],
      attrs: { ha: false, hb: false },
      extreme: true
    }
  ]
})

const times = (a: Tensor, b: Tensor, ha: boolean, hb: boolean): Tensor => apply(modeProductOp, [a, b], { ha, hb })

/** Aᴴ ct. A weight shared by all samples is one product over samples and rows together, instead of one each and their sum. */
function sharedWeight(ct: Tensor, a: Tensor, b: Tensor, ha: boolean, lead: number): Tensor {
  if (lead > 0 || b.rank > 4 || a.rank === 4 || ha) return times(a, ct, !ha, false)
  const [rows, I, M] = [size(a.shape.slice(0, -3)), ...a.shape.slice(-3, -1)]
  return times(reshape(a, [rows, I, M, 2]), reshape(ct, [rows, ct.shape[ct.rank - 3], M, 2]), true, false)
}

function multiply(a: Tensor, b: Tensor, ha: boolean, hb: boolean, shape: Shape): Tensor {
  const y = allocUnset(size(shape), a.dtype)
  const [P, I] = dims(a.shape, ha)
  const [O, M] = shape.slice(-3, -1)
  const [na, nb] = [P * I * M * 2, I * O * M * 2]
  // A batch of matrices times one matrix is one product, where no transposition splits the rows.
  if (b.rank === 4 && !ha) {
    kernel(matrix(a, ha, 0), matrix(b, hb, 0), y, 0, size(leads(a, 4)) * P, I, O, M)
    return new Tensor(shape, y)
  }
  each(leads(a, 4), leads(b, 4), shape.slice(0, -4), (i, j, k) => {
    kernel(matrix(a, ha, i * na), matrix(b, hb, j * nb), y, k * P * O * M * 2, P, I, O, M)
  })
  return new Tensor(shape, y)
}

function matrix(t: Tensor, transposed: boolean, start: number): ModeMatrix {
  const [columns, M] = t.shape.slice(-3, -1)
  const [row, column] = [columns * M * 2, M * 2]
  return transposed
    ? { data: t.data, start, row: column, column: row, conj: true }
    : { data: t.data, start, row, column, conj: false }
}

/** Why the target may be out of reach: the fixed factor has too few rows or columns, or a factor is broadcast. */
function lawless({ inputs: [a, b], out, attrs: { ha, hb } }: Site<ModeProductAttrs>): string | undefined {
  const [P, I] = dims(a.shape, ha)
  const [, O] = dims(b.shape, hb)
  if ([a, b].some(t => size(leads(t, 4)) !== size(leads(out, 4)))) return 'a factor is shared: least squares at best'
  return O > I || P > I ? 'more equations than unknowns: least squares' : undefined
}

function smallestChange(
  { inputs, out, attrs: { ha, hb } }: Site<ModeProductAttrs>,
  claimed: Claim,
  active: readonly boolean[]
): readonly (Claim | null)[] | Refusal {
  const i = active[0] ? 0 : 1
  const [x, fixed] = [inputs[i], inputs[1 - i]]
  if (fixed.rank !== 4) return { refuse: 'the fixed factor is a batch of matrices' }
  if (size(leads(x, 4)) !== size(leads(out, 4))) return { refuse: 'the free factor is broadcast' }
  if (fixed.size === 0) return { refuse: 'the fixed factor is empty' }
  const step = mapData(wanted(claimed, out), (t, j) => t - out.data[j])
  const pinv = pseudoInverse(fixed)
  const raw = (l: Tensor, r: Tensor, hl: boolean, hr: boolean): Tensor =>
    multiply(l, r, hl, hr, modeProductOp.outShape!([l.shape, r.shape], { ha: hl, hb: hr }))
  // The change in the layout of the free factor: dA = dY B⁺ (conjugated and transposed for Aᴴ), dB = A⁺ dY.
  const change =
    i === 0
      ? ha
        ? raw(pinv, step, !hb, true)
        : raw(step, pinv, false, hb)
      : hb
        ? raw(step, pinv, true, !ha)
        : raw(pinv, step, ha, false)
  const answer = { value: mapData(x, (v, j) => v + change.data[j]), weight: null }
  return i === 0 ? [answer, null] : [null, answer]
}

/**
 * A⁺ [c, r, M, 2] of A [r, c, M, 2], mode by mode: complex matrices are the real ones with blocks (re, -im; im, re), products
 * and transposes included, so their pseudo-inverse has that form again.
 */
function pseudoInverse(t: Tensor): Tensor {
  const [r, c, M] = t.shape
  const y = alloc(t.size, t.dtype)
  const real = new Float64Array(4 * r * c)
  for (let m = 0; m < M; m++) {
    for (let i = 0; i < r; i++)
      for (let j = 0; j < c; j++) {
        const at = 2 * ((i * c + j) * M + m)
        real[2 * i * 2 * c + 2 * j] = real[(2 * i + 1) * 2 * c + 2 * j + 1] = t.data[at]
        real[(2 * i + 1) * 2 * c + 2 * j] = t.data[at + 1]
        real[2 * i * 2 * c + 2 * j + 1] = -t.data[at + 1]
      }
    const { matrix: inverse } = partialInverseMatrix(real, 2 * r, 2 * c, { kappa: -1, truncation: 1e-13 })
    for (let j = 0; j < c; j++)
      for (let i = 0; i < r; i++) {
        const at = 2 * ((j * r + i) * M + m)
        y[at] = inverse[2 * j * 2 * r + 2 * i]
        y[at + 1] = inverse[(2 * j + 1) * 2 * r + 2 * i]
      }
  }
  return new Tensor([c, r, M, 2], y)
}
