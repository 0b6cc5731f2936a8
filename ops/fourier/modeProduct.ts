import { apply } from '../../core/apply.js'
import { modeProduct as kernel, type ModeMatrix } from '../../core/backends/plain/modeProduct.js'
import { ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { defineOp, type Op } from '../../core/op.js'
import { broadcastShapes, type Shape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { reshape } from '../../core/structural/reshape.js'
import { Tensor } from '../../core/tensor.js'
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
  inverse  none of its own: per mode neither square nor of full rank in general; the ladder solves it
  cost     8 P I O M flops for each product
  source   Li et al. 2021, "Fourier Neural Operator for Parametric Partial Differential Equations", eq. (5)`,
  tex: {
    y: 'Y_m = A_m B_m',
    tangent: 'dY_m = dA_m B_m + A_m\\,dB_m',
    adjoint: String.raw`\bar A_m = \bar Y_m B_m^H,\; \bar B_m = A_m^H \bar Y_m`
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
  forward: ([a, b], { ha, hb }, shape) => {
    const y = alloc(size(shape), a.dtype)
    const [P, I] = dims(a.shape, ha)
    const [O, M] = shape.slice(-3, -1)
    const [na, nb] = [P * I * M * 2, I * O * M * 2]
    each(leads(a, 4), leads(b, 4), shape.slice(0, -4), (i, j, k) => {
      kernel(matrix(a, ha, i * na), matrix(b, hb, j * nb), y, k * P * O * M * 2, P, I, O, M)
    })
    return new Tensor(shape, y)
  },
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
  noInverse: 'per mode neither square nor of full rank in general; the newton rung solves it',
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

function matrix(t: Tensor, transposed: boolean, start: number): ModeMatrix {
  const [columns, M] = t.shape.slice(-3, -1)
  const [row, column] = [columns * M * 2, M * 2]
  return transposed
    ? { data: t.data, start, row: column, column: row, conj: true }
    : { data: t.data, start, row, column, conj: false }
}
