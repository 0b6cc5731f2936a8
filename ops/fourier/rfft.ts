import { apply } from '../../core/apply.js'
import { irfftPairs, rfftPairs } from '../../core/backends/kernels.js'
import { halfLength } from '../../core/backends/plain/fftPairs.js'
import { wanted } from '../../core/claim.js'
import { ShapeError } from '../../core/errors.js'
import { edgesOfLinear, withEdges } from '../../core/families/edges.js'
import { allocUnset } from '../../core/memory.js'
import { defineOp, type Op } from '../../core/op.js'
import { checkNumbers } from '../../core/options.js'
import { type Shape, show, size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { checkTensor, type DType, mapData, Tensor, tensor } from '../../core/tensor.js'
import { fftn, ifftn } from './fft.js'
import { around, axisOf, carryBehind, checkComplex, checkLengths, checkPairs, numbersOf } from './pairs.js'

/**
 * Between n real numbers and their n/2 + 1 bins. With θ = 2πjk/n, a_k = Re X_k, b_k = Im X_k, and w_k the number of bins
 * of the whole spectrum that bin k stands for (1 for bin 0 and, if n is even, for the Nyquist bin n/2; otherwise 2):
 *
 *     rfft    a_k = Σ_j x_j cos θ,  b_k = -Σ_j x_j sin θ
 *     irfft   x_j = 1/n Σ_k w_k (a_k cos θ - b_k sin θ)         sin θ = 0 for both w_k = 1, so their b_k is not read
 *
 * R and S are their real matrices. Both have the rows cos θ and -sin θ of bin k, S = Rᵀ diag(w)/n: hence the adjoints
 *
 *     Rᵀ ct = n irfft(ct / w)           Sᵀ ct = w rfft(ct) / n
 *
 * and S R = 1. The rows of R are orthogonal to each other, of squared length n / w_k (the sines of w_k = 1 are zero rows):
 * R⁺ = Rᵀ diag(w/n) = S and S⁺ = R. So irfft is the least-squares answer to a spectrum that no real x has, and rfft the
 * smallest change of a spectrum, one that leaves the two imaginary parts that are not read.
 */
interface RfftAttrs {
  /** Counted from the end, in the real tensor and in the spectrum without its pair axis. */
  axis: number
}

interface IrfftAttrs extends RfftAttrs {
  /** The number of real entries, which n/2 + 1 bins leave open. */
  n: number
}

const withLength = (numbers: Shape, axis: number, d: number): number[] =>
  numbers.map((v, k) => (k === numbers.length + axis ? d : v))

const spectrumOf = (s: Shape, axis: number): number[] => [...withLength(s, axis, halfLength(s[s.length + axis])), 2]

function toBins(x: Tensor, axis: number): Tensor {
  const shape = spectrumOf(x.shape, axis)
  const y = allocUnset(size(shape), x.dtype)
  const { outer, n, inner } = around(x.shape, axis)
  rfftPairs(x.data, y, outer, n, inner)
  return new Tensor(shape, y)
}

function toReal(z: Tensor, { axis, n }: IrfftAttrs): Tensor {
  const numbers = numbersOf(z.shape)
  const shape = withLength(numbers, axis, n)
  const y = allocUnset(size(shape), z.dtype)
  const { outer, inner } = around(numbers, axis)
  irfftPairs(z.data, y, outer, n, inner)
  return new Tensor(shape, y)
}

/** f(w_k) along the axis of the bins, and 1 for all axes behind. */
function perBin(n: number, axis: number, dtype: DType, f: (w: number) => number): Tensor {
  const m = halfLength(n)
  const values = Array.from({ length: m }, (_, k) => f(k === 0 || 2 * k === n ? 1 : 2))
  return tensor(values, { shape: [m, ...Array<number>(-axis).fill(1)], dtype })
}

export const rfftOp: Op<RfftAttrs> = defineOp<RfftAttrs>({
  name: 'rfft',
  doc: `X_k = Σ_j x_j e^(-2πi jk/n) of real x, the bins k = 0 … n/2 only, as pairs (re, im); the others are their conjugates
  tangent  dX = rfft(dx): the operator is linear
  adjoint  n irfft(ct / w), w_k = 1 for bin 0 and the Nyquist bin n/2 of an even n, 2 for the others
  inverse  x̃ = irfft(X̃): the smallest change; imaginary parts of bin 0 and of the Nyquist bin cannot be reached, and the
           nearest spectrum is the one without them
  cost     as fft: the half that symmetry would save is not saved
  source   NumPy's convention`,
  tex: {
    y: String.raw`X_k = \sum_j x_j\,e^{-2\pi i jk/n},\; 0 \le k \le n/2`,
    tangent: String.raw`dX = \mathrm{rfft}(dx)`,
    adjoint: String.raw`\bar x = n\,\mathrm{irfft}(\bar X / w),\; w_k = 1 \text{ for } k = 0, \tfrac n2, \text{ else } 2`,
    inverse: String.raw`\tilde x = \mathrm{irfft}(\tilde X)`
  },
  outShape: ([s], { axis }) => {
    checkLengths(s, [axis], `rfft of ${show(s)}`)
    return spectrumOf(s, axis)
  },
  forward: ([x], { axis }) => toBins(x, axis),
  jvp: ([dx], v) => dx && apply(rfftOp, [dx], v.attrs),
  vjp: (ct, { x, attrs: { axis } }) => {
    const n = x[0].shape[x[0].rank + axis]
    const shares = perBin(n, axis, ct.dtype, w => 1 / w)
    return [mul(apply(irfftOp, [mul(ct, shares)], { axis, n }), n)]
  },
  carry: ({ inputs: [x], attrs: { axis } }) => carryBehind(x.rank, axis),
  inverse: {
    kind: 'exact',
    apply: ({ inputs: [x], out, attrs: { axis } }, claimed) => {
      const difference = mapData(wanted(claimed, out), (t, i) => t - out.data[i])
      const change = toReal(difference, { axis, n: x.shape[x.rank + axis] })
      return [{ value: mapData(x, (v, i) => v + change.data[i]), weight: null }]
    }
  },
  examples: withEdges(
    r => [
      { inputs: [r.normal([2, 6])], attrs: { axis: -1 } },
      { inputs: [r.normal([2, 5])], attrs: { axis: -1 }, note: 'odd' },
      { inputs: [r.normal([2, 4, 3])], attrs: { axis: -2 }, note: 'not the last axis' },
      { inputs: [r.normal([4])], attrs: { axis: -1 }, note: 'no batch' },
      { inputs: [r.normal([3, 1])], attrs: { axis: -1 }, note: 'one number' },
      { inputs: [r.normal([1, 2])], attrs: { axis: -1 }, note: 'two numbers' }
    ],
    edgesOfLinear
  )
})

export const irfftOp: Op<IrfftAttrs> = defineOp<IrfftAttrs>({
  name: 'irfft',
  doc: `x_j = 1/n Σ_k w_k Re(X_k e^(2πi jk/n)), real, from the bins k = 0 … n/2; w_k = 1 for bin 0 and the Nyquist bin n/2 of an
even n, 2 for the others, which stand for their conjugates too
  tangent  dx = irfft(dX): the operator is linear
  adjoint  w rfft(ct) / n
  inverse  X̃ = X + rfft(x̃ - x): the smallest change
  caveats  the imaginary parts of bin 0 and of the Nyquist bin are not read: their derivatives are 0, an inverse leaves them
  cost     as fft
  source   NumPy's convention`,
  tex: {
    y: String.raw`x_j = \frac1n \sum_k w_k\,\mathrm{Re}\,X_k e^{2\pi i jk/n},\; w_k = 1 \text{ for } k = 0, \tfrac n2, \text{ else } 2`,
    tangent: String.raw`dx = \mathrm{irfft}(dX)`,
    adjoint: String.raw`\bar X_k = \frac{w_k}{n}\,\mathrm{rfft}(\bar x)_k`,
    inverse: String.raw`\tilde X = X + \mathrm{rfft}(\tilde x - x)`
  },
  outShape: ([s], { axis, n }) => {
    checkPairs(s, 'irfft')
    const numbers = numbersOf(s)
    const m = numbers[numbers.length + axis]
    if (n < 1 || m !== halfLength(n))
      throw new ShapeError(
        `irfft of ${show(s)} to ${n} numbers`,
        `${m} bins along axis ${axis}, where ${n} real numbers have ${n < 1 ? 'none' : halfLength(n)}`,
        'n numbers have n/2 + 1 bins: give n = 2m - 2 or 2m - 1 for m bins, at least 1'
      )
    return withLength(numbers, axis, n)
  },
  forward: ([z], attrs) => toReal(z, attrs),
  jvp: ([dz], v) => dz && apply(irfftOp, [dz], v.attrs),
  vjp: (ct, { attrs: { axis, n } }) => [
    mul(
      apply(rfftOp, [ct], { axis }),
      perBin(n, axis, ct.dtype, w => w / n)
    )
  ],
  carry: ({ out, attrs: { axis } }) => carryBehind(out.rank, axis),
  inverse: {
    kind: 'exact',
    apply: ({ inputs: [z], out, attrs: { axis } }, claimed) => {
      const change = toBins(
        mapData(wanted(claimed, out), (t, i) => t - out.data[i]),
        axis
      )
      return [{ value: mapData(z, (v, i) => v + change.data[i]), weight: null }]
    }
  },
  examples: withEdges(
    r => [
      { inputs: [r.normal([2, 4, 2])], attrs: { axis: -1, n: 6 } },
      { inputs: [r.normal([2, 3, 2])], attrs: { axis: -1, n: 5 }, note: 'odd' },
      { inputs: [r.normal([2, 3, 3, 2])], attrs: { axis: -2, n: 4 }, note: 'not the last axis' },
      { inputs: [r.normal([3, 2])], attrs: { axis: -1, n: 4 }, note: 'no batch' },
      { inputs: [r.normal([3, 1, 2])], attrs: { axis: -1, n: 1 }, note: 'one number' },
      { inputs: [r.normal([1, 2, 2])], attrs: { axis: -1, n: 2 }, note: 'two numbers' }
    ],
    edgesOfLinear
  )
})

/**
 * The bins 0 … n/2 of the Fourier transform of real numbers: x [..., n] → [..., n/2 + 1, 2], pairs (re, im) along a new last
 * axis. Any n ≥ 1; other axes than the last one keep their place. As numpy.fft.rfft.
 *
 * Throws ShapeError where the axis does not exist or is empty.
 */
export function rfft(x: Tensor, axis = -1): Tensor {
  checkTensor(x, 'rfft')
  return apply(rfftOp, [x], { axis: axisOf(axis, x.shape, 'rfft') })
}

/**
 * n real numbers from their bins 0 … n/2: z [..., n/2 + 1, 2] → [..., n]. m bins belong to n = 2m - 2, the default, or to
 * n = 2m - 1. The axis is counted without the pair axis. As numpy.fft.irfft, which also cuts or pads the bins where their
 * number does not fit n; here that is a ShapeError.
 */
export function irfft(z: Tensor, n?: number, axis = -1): Tensor {
  checkComplex(z, 'irfft')
  const numbers = numbersOf(z.shape)
  const a = axisOf(axis, numbers, 'irfft')
  if (n !== undefined) checkNumbers('irfft', 'count', { n })
  return apply(irfftOp, [z], { axis: a, n: n ?? 2 * (numbers[numbers.length + a] - 1) })
}

/** `rfft` along the last axis, then `fft` along the one before: real x [..., H, W] → [..., H, W/2 + 1, 2]. */
export function rfft2(x: Tensor): Tensor {
  checkTensor(x, 'rfft2')
  if (x.rank < 2) throw new ShapeError(`rfft2 of ${show(x.shape)}`, 'fewer than two axes', 'Give a field [..., H, W]')
  return fftn(rfft(x), -2)
}

/** Its inverse: z [..., H, W/2 + 1, 2] → real [..., H, W]; the width W as n of `irfft`. */
export function irfft2(z: Tensor, width?: number): Tensor {
  checkComplex(z, 'irfft2')
  if (z.rank < 3)
    throw new ShapeError(
      `irfft2 of ${show(z.shape)}`,
      'fewer than two axes before the pair',
      'Give [..., H, W/2 + 1, 2]'
    )
  return irfft(ifftn(z, -2), width)
}
