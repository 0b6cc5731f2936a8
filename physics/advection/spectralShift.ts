import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import { OptionError, ShapeError } from '../../core/errors.js'
import type { Op, Site } from '../../core/op.js'
import { checkOptions } from '../../core/options.js'
import { sameShape, show } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, mapData, type Tensor, tensor } from '../../core/tensor.js'
import { cos, sin } from '../../ops/elementwise/index.js'
import { complex, complexMul, irfft, rfft } from '../../ops/fourier/index.js'
import { at } from '../../ops/shape/index.js'
import { cellsOf, GRID_OPTIONS, type Grid, type GridOptions, gridOf } from '../grid.js'
import { alignBatch } from './velocity.js'

interface ShiftAttrs {
  readonly grid: Grid
}

/** A bin whose factor is as small as this part of 1, or smaller, is lost: rounding. */
const LOST = 1e-13

/** What an inverse makes of the factor cos(πs) of the Nyquist bin, which it finds as it is. */
const overSquare = (c: number): number => (Math.abs(c) <= LOST ? 0 : 1 / (c * c))

/**
 * Along one axis by s cells, s [...]: bin k of the spectrum times e^(-2πi k s/n). The bin n/2 of an even n is a cosine whose sine
 * is zero at all grid points: of its factor only the real part cos(πs) counts, which is what irfft reads. `undo`: the
 * pseudo-inverse of that.
 */
function shiftAlong(x: Tensor, s: Tensor, axis: number, d: number, undo: boolean): Tensor {
  const n = x.shape[x.rank + axis]
  const bins = Math.floor(n / 2) + 1
  const turn = (undo ? 2 : -2) * (Math.PI / n)
  const k = tensor(
    Array.from({ length: bins }, (_, j) => turn * j),
    { dtype: x.dtype }
  )
  const angle = mul(reshape(s, [...s.shape, 1]), k)
  const ones = (count: number): number[] => Array<number>(count).fill(1)
  const phase = reshape(complex(cos(angle), sin(angle)), [...s.shape, ...ones(d + axis), bins, ...ones(-1 - axis), 2])
  const nyquist = (p: Tensor): Tensor =>
    mapData(p, (v, i) =>
      n % 2 === 0 && Math.floor(i / 2) % bins === bins - 1 ? v * overSquare(p.data[i - (i % 2)]) : v
    )
  return irfft(complexMul(rfft(x, axis), undo ? nyquist(phase) : phase), n, axis)
}

/** Along all axes, one after the other. */
function shift(x: Tensor, displacement: Tensor, { dx }: Grid, undo = false): Tensor {
  const d = dx.length
  const s = alignBatch(displacement, 1, x.rank - d)
  return dx.reduce((y, h, i) => shiftAlong(y, mul(at(s, i), 1 / h), i - d, d, undo), x)
}

export const spectralShiftOp: Op<ShiftAttrs> = defineBlock<ShiftAttrs>({
  name: 'spectralShift',
  doc: `y(x) = u(x - s): a periodic field moved by s, one vector for each field, exactly: û_k times e^(-i k·s)
  tangent  dŷ = e^(-ik·s) (dû - i k·ds û)
  adjoint  to u the shift by -s; to s the sum of -ct ∂u(x - s)
  inverse  exact, in u: the shift by -s of ỹ. Trust it always, but for the Nyquist mode (see caveats). In s it is left to the ladder
  domain   periodic, u [..., n1 … nd], s [..., d] in units of dx
  cost     two transforms per axis
  caveats  the highest mode of an even number of cells is multiplied by cos(πs), s in cells: there is no more of it on the grid.
           Shifted by half a cell it is lost, and close to half a cell the inverse amplifies its noise. Odd numbers of cells have
           no such mode`,
  tex: {
    y: String.raw`\hat y_k = e^{-i k\cdot s}\,\hat u_k`,
    tangent: String.raw`d\hat y_k = e^{-i k\cdot s}(d\hat u_k - i\,k\cdot ds\,\hat u_k)`,
    adjoint: String.raw`\hat{\bar u}_k = e^{i k\cdot s}\,\hat{\bar y}_k,\; \bar s = -\textstyle\sum_x \bar y\,\nabla u(x - s)`,
    inverse: String.raw`\hat{\tilde u}_k = e^{i k\cdot s}\,\hat{\tilde y}_k`
  },
  forward: ([u, s], { grid }) => {
    const d = cellsOf(u.shape, grid, 'spectralShift').length
    if (s.shape[s.rank - 1] !== d)
      throw new ShapeError(
        `spectralShift of ${show(u.shape)}`,
        `displacements ${show(s.shape)}`,
        `Give one of ${d} components for each field: [..., ${d}]`
      )
    return shift(u, s, grid)
  },
  inverse: {
    kind: 'exact',
    inputs: [0],
    apply: ({ inputs: [u, s], out, attrs: { grid } }, claimed) => {
      if (!sameShape(u.shape, out.shape)) return { refuse: 'the field is shared by several displacements' }
      const asked = mapData(wanted(claimed, out), (t, i) => t - out.data[i])
      const change = shift(asked, s, grid, true)
      return [{ value: mapData(u, (v, i) => v + change.data[i]), weight: null }, null]
    },
    lawless: ({ inputs: [u, s], attrs: { grid } }: Site<ShiftAttrs>) => {
      const d = grid.dx.length
      const half = (v: number, i: number): boolean => Math.abs(Math.cos((Math.PI * v) / grid.dx[i % d])) <= LOST
      const even = (i: number): boolean => u.shape[u.rank - d + (i % d)] % 2 === 0
      return s.data.some((v, i) => even(i) && half(v, i))
        ? 'the Nyquist mode, shifted by half a cell, is lost'
        : undefined
    }
  },
  examples: r => {
    const at1 = (...dx: number[]): ShiftAttrs => ({ grid: { dx, boundary: dx.map(() => 'periodic') } })
    const scaled = (factor: number) => mapData(r.normal([2, 4]), v => factor * (v + Math.sign(v)))
    return [
      { inputs: [r.normal([2, 5]), r.uniform([2, 1], 0.5, 2)], attrs: at1(1) },
      { inputs: [r.normal([2, 4, 3]), r.uniform([2, 2], -0.4, 0.4)], attrs: at1(2, 1), note: 'even and odd' },
      { inputs: [r.normal([2, 2, 4]), r.uniform([2, 1], -0.3, 0.3)], attrs: at1(1), note: 'channels' },
      { inputs: [r.normal([2, 3, 2]), r.uniform([3], -0.3, 0.3)], attrs: at1(1, 1, 1), note: 'no batch' },
      { inputs: [r.normal([3]), r.uniform([2, 1], 0.5, 2)], attrs: at1(1), note: 'one field for all' },
      { inputs: [r.normal([2, 4]), tensor([0.5])], attrs: at1(1), note: 'half a cell' },
      { inputs: [r.normal([2, 1]), r.uniform([2, 1])], attrs: at1(1), note: 'one cell' },
      { inputs: [r.normal([0, 3]), r.uniform([0, 1])], attrs: at1(1), note: 'no fields' },
      { inputs: [scaled(1e300), tensor([0.3])], attrs: at1(1), extreme: true, note: 'large' },
      { inputs: [scaled(1e-301), tensor([0.3])], attrs: at1(1), extreme: true, note: 'small' }
    ]
  }
})

/**
 * Periodic fields moved by a displacement, exactly for every mode that the grid has: u [..., n1 … nd], s [..., d] in units of dx
 * (leading axes are the first ones of u) → [..., n1 … nd]. Any number of cells. `{ dx, dimensions }`.
 *
 * Throws ShapeError for displacements without d components, OptionError for a boundary that is not periodic.
 */
export function spectralShift(field: Tensor, displacement: Tensor, options: GridOptions = {}): Tensor {
  checkTensor(field, 'spectralShift', 'its field')
  checkTensor(displacement, 'spectralShift', 'its displacement')
  checkOptions('spectralShift', options, GRID_OPTIONS)
  const grid = gridOf(options, 'spectralShift')
  const wall = grid.boundary.find(b => b !== 'periodic')
  if (wall)
    throw new OptionError(
      'spectralShift',
      `a boundary that is '${wall}'`,
      'Fourier modes have no ends: use macCormack or semiLagrangian with walls'
    )
  return apply(spectralShiftOp, [field, displacement], { grid })
}
