import { indexMatrix } from '../../core/backends/plain/sparseAlong.js'
import { ShapeError } from '../../core/errors.js'
import { type AlongAxisAttrs, alongAxis } from '../../core/families/alongAxis.js'

interface LowFrequenciesAttrs extends AlongAxisAttrs {
  /** Frequencies kept on either side: 0 … modes - 1 and -modes … -1. */
  modes: number
}

export const lowFrequenciesOp = alongAxis<LowFrequenciesAttrs>({
  name: 'lowFrequencies',
  doc: `y = the bins 0 … m - 1 and -m … -1 of a spectrum of n bins: the lowest positive and negative frequencies
  tangent  the same bins of dx
  adjoint  ct at their places among zeros
  inverse  moves entries and weights back; the other bins have no claim
  cost     one pass over y
  domain   2m ≤ n
  source   Li et al. 2021, "Fourier Neural Operator for Parametric Partial Differential Equations", section 4`,
  tex: {
    y: String.raw`y = (x_0, \dots, x_{m-1}, x_{n-m}, \dots, x_{n-1}) = M x`,
    tangent: String.raw`dy = M\,dx`,
    adjoint: String.raw`\bar x = M^\top \bar y`,
    inverse: String.raw`\tilde x = M^\top \tilde y`
  },
  kind: 'structural',
  matrix: (length, { modes }) => {
    if (2 * modes > length)
      throw new ShapeError(
        'lowFrequencies',
        `${modes} modes on either side of ${length} bins`,
        `Keep at most ${Math.floor(length / 2)}`
      )
    return indexMatrix(
      Array.from({ length: 2 * modes }, (_, i) => (i < modes ? i : length - 2 * modes + i)),
      length
    )
  },
  examples: r => [
    { inputs: [r.normal([2, 5])], attrs: { axis: -1, modes: 2 } },
    { inputs: [r.normal([2, 4, 2])], attrs: { axis: -2, modes: 1 }, note: 'pairs' },
    { inputs: [r.normal([5, 1])], attrs: { axis: -2, modes: 2 }, note: 'along axis 0' },
    { inputs: [r.normal([1, 4])], attrs: { axis: -1, modes: 2 }, note: 'all of them' },
    { inputs: [r.normal([2, 3])], attrs: { axis: -1, modes: 0 }, note: 'none' }
  ]
})

interface PadFrequenciesAttrs extends AlongAxisAttrs {
  /** Bins of the whole spectrum. */
  length: number
}

export const padFrequenciesOp = alongAxis<PadFrequenciesAttrs>({
  name: 'padFrequencies',
  doc: `y = a spectrum of n bins with x in the bins 0 … m - 1 and -m … -1, zeros between: the adjoint of lowFrequencies
  tangent  the same of dx
  adjoint  these bins of ct
  inverse  these bins of ỹ; what is asked of the zeros cannot be met
  cost     one pass over y
  domain   2m entries of x, 2m ≤ n`,
  tex: {
    y: String.raw`y = (x_0, \dots, x_{m-1}, 0, \dots, 0, x_m, \dots, x_{2m-1}) = M x`,
    tangent: String.raw`dy = M\,dx`,
    adjoint: String.raw`\bar x = M^\top \bar y`,
    inverse: String.raw`\tilde x = M^\top \tilde y`
  },
  kind: 'structural',
  matrix: (kept, { length }) => {
    if (kept % 2 === 1 || kept > length)
      throw new ShapeError(
        'padFrequencies',
        `${kept} bins put into ${length}`,
        'As many positive as negative frequencies, no more than there is room for'
      )
    const m = kept / 2
    return indexMatrix(
      Array.from({ length }, (_, k) => (k < m ? k : k >= length - m ? k - length + kept : -1)),
      kept
    )
  },
  examples: r => [
    { inputs: [r.normal([2, 4])], attrs: { axis: -1, length: 5 } },
    { inputs: [r.normal([2, 2, 2])], attrs: { axis: -2, length: 4 }, note: 'pairs' },
    { inputs: [r.normal([4, 1])], attrs: { axis: -2, length: 5 }, note: 'along axis 0' },
    { inputs: [r.normal([1, 4])], attrs: { axis: -1, length: 4 }, note: 'all of them' },
    { inputs: [r.normal([2, 0])], attrs: { axis: -1, length: 3 }, note: 'none' }
  ]
})
