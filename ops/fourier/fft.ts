import { apply } from '../../core/apply.js'
import { fftPairs } from '../../core/backends/kernels.js'
import { wanted } from '../../core/claim.js'
import { edgesOfLinear, withEdges } from '../../core/families/edges.js'
import { defineOp, type Example, type Op, type Tex } from '../../core/op.js'
import type { Random } from '../../core/random.js'
import { type Shape, show, size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { mapData, Tensor } from '../../core/tensor.js'
import { around, axesOf, axisOf, carryBehind, checkComplex, checkLengths, checkPairs, numbersOf } from './pairs.js'

interface FftAttrs {
  /** Counted from the end, without the pair axis, ascending. */
  axes: readonly number[]
}

/** The product of the transformed lengths. */
const bins = (s: Shape, axes: readonly number[]): number => size(axes.map(a => s[s.length - 1 + a]))

function transform(x: Tensor, axes: readonly number[], inverse: boolean): Tensor {
  const z = new Float64Array(x.data)
  for (const axis of axes) {
    const { outer, n, inner } = around(numbersOf(x.shape), axis)
    fftPairs(z, z, outer, n, inner, inverse)
  }
  return new Tensor(x.shape, x.dtype === 'f64' ? z : new Float32Array(z))
}

/**
 * The two directions. F is the matrix of the forward transform over all axes, N its number of bins: F / √N is unitary,
 * so F⁻¹ = Fᴴ / N, and the adjoint of each direction is the other one, scaled.
 */
function fftLike(
  name: string,
  inverse: boolean,
  texts: { doc: string; tex: Tex },
  other: () => Op<FftAttrs>
): Op<FftAttrs> {
  const op: Op<FftAttrs> = defineOp<FftAttrs>({
    name,
    ...texts,
    outShape: ([s], { axes }) => {
      checkPairs(s, name)
      checkLengths(numbersOf(s), axes, `${name} of ${show(s)}`)
      return s
    },
    forward: ([x], { axes }) => transform(x, axes, inverse),
    jvp: ([dx], v) => dx && apply(op, [dx], v.attrs),
    vjp: (ct, { x, attrs }) => {
      const N = bins(x[0].shape, attrs.axes)
      return [mul(apply(other(), [ct], attrs), inverse ? 1 / N : N)]
    },
    carry: ({ out, attrs: { axes } }) => carryBehind(out.rank - 1, axes[0] ?? 0),
    inverse: {
      kind: 'exact',
      apply: ({ inputs: [x], out, attrs }, claimed) => {
        const difference = mapData(wanted(claimed, out), (t, i) => t - out.data[i])
        const change = transform(difference, attrs.axes, !inverse)
        return [{ value: mapData(x, (v, i) => v + change.data[i]), weight: null }]
      }
    },
    examples: withEdges(examples, edgesOfLinear)
  })
  return op
}

const examples = (r: Random): Example<FftAttrs>[] => [
  { inputs: [r.normal([3, 4, 2])], attrs: { axes: [-1] } },
  { inputs: [r.normal([2, 3, 2, 2])], attrs: { axes: [-2, -1] }, note: 'two axes' },
  { inputs: [r.normal([5, 2, 2])], attrs: { axes: [-2] }, note: 'not the last axis, odd' },
  { inputs: [r.normal([2, 1, 2])], attrs: { axes: [-1] }, note: 'one number' },
  { inputs: [r.normal([3, 2])], attrs: { axes: [] }, note: 'no axis' }
]

export const fftOp: Op<FftAttrs> = fftLike(
  'fft',
  false,
  {
    doc: `X_k = Σ_j x_j e^(-2πi jk/n), along each of the axes; complex numbers are pairs (re, im) along the last axis
  tangent  dX = fft(dx): the operator is linear
  adjoint  N ifft(ct), N the number of bins: the conjugate transpose
  inverse  x̃ = ifft(X̃)
  cost     5 n log₂ n flops per vector and axis where n is a power of two; a prime factor p from 3 to 23 adds 2 n p; lengths
           with a larger one take two transforms of the first power of two from 2n - 1 on (Bluestein)
  source   Cooley and Tukey 1965; Bluestein 1970; NumPy's convention`,
    tex: {
      y: String.raw`X_k = \sum_j x_j\,e^{-2\pi i jk/n} = (F x)_k`,
      tangent: 'dX = F\\,dx',
      adjoint: String.raw`\bar x = F^H \bar X = N F^{-1} \bar X`,
      inverse: String.raw`\tilde x = F^{-1} \tilde X`
    }
  },
  () => ifftOp
)

export const ifftOp: Op<FftAttrs> = fftLike(
  'ifft',
  true,
  {
    doc: `x_j = 1/n Σ_k X_k e^(2πi jk/n), along each of the axes; complex numbers are pairs (re, im) along the last axis
  tangent  dx = ifft(dX): the operator is linear
  adjoint  fft(ct) / N, N the number of bins: the conjugate transpose
  inverse  X̃ = fft(x̃)
  cost     as fft
  source   Cooley and Tukey 1965; Bluestein 1970; NumPy's convention`,
    tex: {
      y: String.raw`x_j = \frac1n \sum_k X_k\,e^{2\pi i jk/n} = (F^{-1} X)_j`,
      tangent: 'dx = F^{-1} dX',
      adjoint: String.raw`\bar X = \tfrac1N F \bar x`,
      inverse: String.raw`\tilde X = F \tilde x`
    }
  },
  () => fftOp
)

const along =
  (op: Op<FftAttrs>, name: string, defaults: number | readonly number[] | undefined) =>
  (z: Tensor, axes: number | readonly number[] | undefined = defaults): Tensor => {
    checkComplex(z, name)
    return apply(op, [z], { axes: axesOf(axes, numbersOf(z.shape), name) })
  }

const alongOne =
  (op: Op<FftAttrs>, name: string) =>
  (z: Tensor, axis = -1): Tensor => {
    checkComplex(z, name)
    return apply(op, [z], { axes: [axisOf(axis, numbersOf(z.shape), name)] })
  }

/**
 * The discrete Fourier transform X_k = Σ_j x_j e^(-2πi jk/n) along one axis: z [..., n, 2] → [..., n, 2], pairs (re, im).
 * Any length n ≥ 1. The axis is counted without the pair axis; by default the last one. As numpy.fft.fft.
 *
 * Throws ShapeError where the last axis is not a pair, the axis does not exist or is empty.
 */
export const fft = alongOne(fftOp, 'fft')
/** Its inverse x_j = 1/n Σ_k X_k e^(2πi jk/n): z [..., n, 2] → [..., n, 2]. As numpy.fft.ifft; axis and errors as `fft`. */
export const ifft = alongOne(ifftOp, 'ifft')
/** `fft` along two axes, by default the last two before the pair axis: z [..., H, W, 2]. */
export const fft2 = along(fftOp, 'fft2', [-2, -1])
/** `ifft` along two axes, by default the last two before the pair axis; divides by H W. */
export const ifft2 = along(ifftOp, 'ifft2', [-2, -1])
/** `fft` along several axes, all but the pair axis by default. */
export const fftn = along(fftOp, 'fftn', undefined)
/** `ifft` along several axes, all but the pair axis by default; divides by the product of their lengths. */
export const ifftn = along(ifftOp, 'ifftn', undefined)
