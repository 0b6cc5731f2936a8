import { apply } from '../../core/apply.js'
import { halfLength } from '../../core/backends/plain/fftPairs.js'
import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { type Shape, show, size } from '../../core/shape.js'
import { permute } from '../../core/structural/permute.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { pad } from '../shape/pad.js'
import { slice } from '../shape/slice.js'
import { fft, ifft } from './fft.js'
import { lowFrequenciesOp, padFrequenciesOp } from './lowFrequencies.js'
import { modeProductOp } from './modeProduct.js'
import { irfft, rfft } from './rfft.js'

/**
 * The linear map of a Fourier layer (Li et al. 2021, "Fourier Neural Operator for Parametric Partial Differential
 * Equations", eq. 4 and 5): a convolution with a kernel as large as the domain, given by its lowest Fourier modes,
 *
 *     y = F⁻¹(R · F x),   (R · F x)[o, k] = Σ_i R[i, o, k] (F x)[i, k] for the kept modes k, 0 for all others
 *
 * On a grid of d axes the real transform along the last axis leaves the frequencies 0 … m_d - 1 of it; along every other
 * axis the m lowest positive and the m lowest negative ones are kept, which the authors' code (`SpectralConv2d`,
 * `SpectralConv3d`) stores in 2^(d-1) blocks of weights: the bits of a block's number, lowest first, say for the axes from
 * first to last but one whether it holds their negative frequencies. Axes are cut as soon as they are transformed, so later
 * transforms see fewer vectors.
 */
function spectralConv(x: Tensor, w: Tensor, d: number): Tensor {
  const asked = `spectralConv${d}d`
  checkTensor(x, asked)
  checkTensor(w, asked, 'its weight')
  const [C, modes] = checkConv(x.shape, w.shape, d, asked)
  const grid = x.shape.slice(-d)
  const front = x.shape.slice(0, -d - 1)
  const last = modes[d - 1]
  let z = slice(rfft(x), -2, 0, last)
  for (let k = d - 2; k >= 0; k--) z = apply(lowFrequenciesOp, [fft(z, k - d)], { axis: k - d - 1, modes: modes[k] })
  const kept = modes.map((m, k) => (k < d - 1 ? 2 * m : m))
  const M = size(kept)
  const O = w.shape[2]
  const product = apply(modeProductOp, [reshape(z, [...front, 1, C, M, 2]), together(w, modes)], {
    ha: false,
    hb: false
  })
  z = reshape(product, [...front, O, ...kept, 2])
  for (let k = 0; k < d - 1; k++) z = ifft(apply(padFrequenciesOp, [z], { axis: k - d - 1, length: grid[k] }), k - d)
  const n = grid[d - 1]
  return irfft(pad(z, [0, halfLength(n) - last], { axes: -2 }), n)
}

/** Weights [2^(d-1), I, O, m1 … md, 2] with the blocks side by side along their axes: [I, O, M, 2], M = 2m1 · … · md. */
function together(w: Tensor, modes: readonly number[]): Tensor {
  const [blocks, I, O] = w.shape
  const split = Math.log2(blocks)
  // [s_split … s_1, I, O, m_1 … m_d, 2] → [I, O, s_1, m_1, s_2, m_2, …, m_d, 2]
  const bits = reshape(w, [...Array<number>(split).fill(2), I, O, ...modes, 2])
  const paired = modes.flatMap((_, k) => (k < split ? [split - 1 - k, split + 2 + k] : [split + 2 + k]))
  return reshape(permute(bits, [split, split + 1, ...paired, bits.rank - 1]), [I, O, size(modes) * blocks, 2])
}

function checkConv(x: Shape, w: Shape, d: number, asked: string): [number, number[]] {
  const call = `${asked} of ${show(x)} with weights ${show(w)}`
  if (x.length < d + 1 || w.length !== d + 4 || w[0] !== 2 ** (d - 1) || w[w.length - 1] !== 2)
    throw new ShapeError(
      call,
      `not a field of ${d} axes with channels and complex weights in ${2 ** (d - 1)} blocks`,
      `Give x [..., C, ${d} grid axes] and w [${2 ** (d - 1)}, C, O, ${d} numbers of modes, 2]`
    )
  const C = x[x.length - d - 1]
  if (C !== w[1])
    throw new ShapeError(call, `${C} channels of x, weights for ${w[1]}`, 'The channels of x and axis 1 of w are equal')
  const modes = w.slice(3, -1)
  modes.forEach((m, k) => {
    const n = x[x.length - d + k]
    const most = k === d - 1 ? halfLength(n) : Math.floor(n / 2)
    if (n < 1 || m < 1 || m > most)
      throw new ShapeError(
        call,
        `${m} modes along grid axis ${k} of length ${n}`,
        `Keep 1 to ${most} there: n/2 on either side, n/2 + 1 along the last axis`
      )
  })
  return [C, modes]
}

/**
 * The Fourier layer's linear map along one axis: x [..., C, n], w [1, C, O, m, 2] → [..., O, n], keeping the frequencies
 * 0 … m - 1, m ≤ n/2 + 1. Weights are complex, pairs (re, im). Throws ShapeError where they do not fit.
 *
 * Li et al. 2021, eq. (4) and (5).
 */
export const spectralConv1d = (x: Tensor, w: Tensor): Tensor => spectralConv(x, w, 1)

/**
 * The same in two dimensions: x [..., C, H, W], w [2, C, O, m1, m2, 2] → [..., O, H, W]. Block 0 of the weights holds the
 * frequencies 0 … m1 - 1 along H, block 1 the frequencies -m1 … -1; along W both hold 0 … m2 - 1. 2 m1 ≤ H, m2 ≤ W/2 + 1.
 */
export const spectralConv2d = (x: Tensor, w: Tensor): Tensor => spectralConv(x, w, 2)

/**
 * The same in three dimensions: x [..., C, D, H, W], w [4, C, O, m1, m2, m3, 2] → [..., O, D, H, W]. The blocks hold the
 * frequencies (+, +), (-, +), (+, -), (-, -) along D and H.
 */
export const spectralConv3d = (x: Tensor, w: Tensor): Tensor => spectralConv(x, w, 3)

/**
 * The shape of the weights of a `spectralConv` for these numbers of modes, one per grid axis:
 * [2^(d-1), C, O, ...modes, 2]. Half of the entries' number is how many complex parameters they are.
 */
export function spectralWeightShape(inChannels: number, outChannels: number, modes: readonly number[]): number[] {
  if (!Array.isArray(modes) || modes.length < 1 || modes.length > 3)
    throw new ShapeError(
      'spectralWeightShape',
      `${modes?.length ?? 'no'} numbers of modes`,
      'Give one to three, one per grid axis'
    )
  checkNumbers('spectralWeightShape', 'count', {
    inChannels,
    outChannels,
    ...Object.fromEntries(modes.map((m, k) => [`modes[${k}]`, m]))
  })
  return [2 ** (modes.length - 1), inChannels, outChannels, ...modes, 2]
}
