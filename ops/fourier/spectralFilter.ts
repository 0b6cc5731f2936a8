import { apply } from '../../core/apply.js'
import { fftAlong } from '../../core/backends/kernels.js'
import { wanted } from '../../core/claim.js'
import { DTypeError, NonFiniteError, OptionError, ShapeError } from '../../core/errors.js'
import { edgesOfLinear, withEdges } from '../../core/families/edges.js'
import { carryInFront, defineOp, type Op, type Site, type View } from '../../core/op.js'
import { checkOptions } from '../../core/options.js'
import { type Shape, sameShape, show, size } from '../../core/shape.js'
import { allFinite, checkTensor, mapData, Tensor, tensor } from '../../core/tensor.js'
import { around } from './pairs.js'
import { noiseLevel, signalProbability, stabilisedFactor, type Trust, trustOf } from './stabilised.js'

interface SpectralFilterAttrs {
  /** T over the last axes of x, in FFT order, real, with T(-k) = T(k). */
  transfer: Tensor
}

/** Factors at or below this part of the largest one count as 0 in the inverse: rounding. */
const ZERO = 1e-13

/** The spectrum of x over the axes of a transfer function, changed in place by `change`, and back. */
function throughSpectrum(x: Tensor, transfer: Tensor, change: (re: Float64Array, im: Float64Array) => void): Tensor {
  const re = new Float64Array(x.data)
  const im = new Float64Array(re.length)
  const both = (inverse: boolean): void => {
    for (let axis = -transfer.rank; axis < 0; axis++) {
      const { outer, n: length, inner } = around(x.shape, axis)
      fftAlong(re, im, outer, length, inner, inverse)
    }
  }
  both(false)
  change(re, im)
  both(true)
  return new Tensor(x.shape, x.dtype === 'f64' ? re : new Float32Array(re))
}

const filter = (x: Tensor, transfer: Tensor): Tensor =>
  throughSpectrum(x, transfer, (re, im) => {
    for (let i = 0; i < re.length; i++) {
      re[i] *= transfer.data[i % transfer.size]
      im[i] *= transfer.data[i % transfer.size]
    }
  })

/** The stabilised inverse of every field of dy, see `Trust`. */
const stabilisedChange = (dy: Tensor, transfer: Tensor, trust: Required<Trust>): Tensor =>
  throughSpectrum(dy, transfer, (re, im) => {
    const n = transfer.size
    for (let at = 0; at < re.length; at += n) {
      const noise = noiseLevel(Float64Array.from(dy.data.subarray(at, at + n)), trust)
      for (let k = 0; k < n; k++) {
        const T = transfer.data[k]
        const amplitude = Math.hypot(re[at + k], im[at + k])
        const p = signalProbability(amplitude, trust.signal * Math.sqrt(n) * Math.abs(T), noise)
        const factor = stabilisedFactor(T, p)
        re[at + k] *= factor
        im[at + k] *= factor
      }
    }
  })

function largest({ data }: Tensor): number {
  let m = 0
  for (const v of data) m = Math.max(m, Math.abs(v))
  return m
}

/** T⁺: 1/T, and 0 where T is 0. */
function reciprocal(transfer: Tensor): Tensor {
  const floor = ZERO * largest(transfer)
  return mapData(transfer, v => (Math.abs(v) <= floor ? 0 : 1 / v))
}

const shared = {
  outShape: ([s]: readonly Shape[], { transfer }: SpectralFilterAttrs): Shape => {
    if (s.length < transfer.rank || !sameShape(s.slice(s.length - transfer.rank), transfer.shape))
      throw new ShapeError(
        `spectralFilter of ${show(s)}`,
        `factors for a field ${show(transfer.shape)}`,
        'The last axes of x are those of the transfer function'
      )
    return s
  },
  forward: ([x]: readonly Tensor[], { transfer }: SpectralFilterAttrs) => filter(x, transfer),
  jvp: ([dx]: readonly (Tensor | undefined)[], { attrs: { transfer } }: View<SpectralFilterAttrs>) =>
    dx && apply(spectralFilterOp, [dx], { transfer }),
  vjp: (ct: Tensor, { attrs: { transfer } }: View<SpectralFilterAttrs>) => [
    apply(spectralFilterOp, [ct], { transfer })
  ],
  carry: (site: Site<SpectralFilterAttrs>) => carryInFront(site.attrs.transfer.rank)(site)
}

export const spectralFilterOp: Op<SpectralFilterAttrs> = defineOp<SpectralFilterAttrs>({
  name: 'spectralFilter',
  doc: `y = F⁻¹(T · F x) over the last axes, real: every bin of the spectrum times a given factor T(k) = T(-k)
  tangent  spectralFilter(dx): the operator is linear
  adjoint  spectralFilter(ct): it is symmetric
  inverse  x̃ = x + F⁻¹((F(ỹ - y)) / T); bins with T = 0 (1e-13 of the largest and below) stay: the smallest change
  domain   T real, finite and even in k: then y is real
  cost     two transforms of a complex field
  caveats  exact, so noise in ỹ is amplified by 1/T; stabilisedFilter weighs it`,
  tex: {
    y: String.raw`y = F^{-1}(T \odot F x)`,
    tangent: String.raw`dy = F^{-1}(T \odot F\,dx)`,
    adjoint: String.raw`\bar x = F^{-1}(T \odot F \bar y)`,
    inverse: String.raw`\tilde x = x + F^{-1}\bigl(T^{+} \odot F(\tilde y - y)\bigr)`
  },
  ...shared,
  inverse: {
    kind: 'exact',
    apply: ({ inputs: [x], out, attrs: { transfer } }, claimed) => {
      const difference = mapData(wanted(claimed, out), (t, i) => t - out.data[i])
      const change = filter(difference, reciprocal(transfer))
      return [{ value: mapData(x, (v, i) => v + change.data[i]), weight: null }]
    }
  },
  examples: withEdges(
    r => [
      { inputs: [r.normal([2, 4])], attrs: { transfer: tensor([1, 0.5, -0.3, 0.5]) } },
      {
        inputs: [r.normal([2, 2, 3])],
        attrs: {
          transfer: tensor([
            [1, 0.5, 0.5],
            [2, 0.2, 0.2]
          ])
        },
        note: 'a field'
      },
      { inputs: [r.normal([3, 5])], attrs: { transfer: tensor([0, 1, 0.5, 0.5, 1]) }, note: 'without the mean' },
      { inputs: [r.normal([3])], attrs: { transfer: tensor([2, 1, 1]) }, note: 'no batch' },
      { inputs: [r.normal([2, 1])], attrs: { transfer: tensor([3]) }, note: 'one cell' }
    ],
    edgesOfLinear
  )
})

/** As spectralFilter, with what its inverse trusts. */
interface StabilisedFilterAttrs extends SpectralFilterAttrs, Required<Trust> {}

export const stabilisedFilterOp: Op<StabilisedFilterAttrs> = defineOp<StabilisedFilterAttrs>({
  name: 'stabilisedFilter',
  doc: `spectralFilter, y = F⁻¹(T · F x), with an inverse that weighs signal against noise
  tangent  spectralFilter(dx)
  adjoint  spectralFilter(ct)
  inverse  regularised: x̃ = x + F⁻¹(κ · F(ỹ - y)), κ between T and 1/T: every bin is amplified as far as it is more likely
           signal than noise; bins with T = 0 stay
  domain   T real, finite and even in k
  cost     two transforms of a complex field
  caveats  trust it as far as the noise it is told is the noise there is
  source   the book's "Learning to Invert Heat Conduction", the notebook's inv_diffuse`,
  tex: {
    y: String.raw`y = F^{-1}(T \odot F x)`,
    tangent: String.raw`dy = F^{-1}(T \odot F\,dx)`,
    adjoint: String.raw`\bar x = F^{-1}(T \odot F \bar y)`,
    inverse: String.raw`\tilde x = x + F^{-1}\bigl(\kappa \odot F(\tilde y - y)\bigr)`
  },
  ...shared,
  inverse: {
    kind: 'regularised',
    apply: ({ inputs: [x], out, attrs }, claimed) => {
      const difference = mapData(wanted(claimed, out), (t, i) => t - out.data[i])
      const change = stabilisedChange(difference, attrs.transfer, attrs)
      return [{ value: mapData(x, (v, i) => v + change.data[i]), weight: null }]
    }
  },
  examples: r => {
    const trust = trustOf({}, 'stabilisedFilter')
    return spectralFilterOp.examples(r).map(e => ({ ...e, attrs: { ...e.attrs!, ...trust } }))
  }
})

/**
 * Every bin of the spectrum of x times a factor: F⁻¹(T · F x), x [..., n1 … nd] real, T [n1 … nd] real, in FFT order
 * (`fftfreq`), with T(-k) = T(k). A periodic convolution with a symmetric kernel: smoothing, diffusion, derivatives of
 * even order, the inverse of the Laplacian. T is a constant for every derivative. With `trust` its inverse in a target sweep
 * is the stabilised one, otherwise the exact one.
 *
 * Throws ShapeError where T is no field of x, DTypeError where it has another dtype, OptionError where T is not even,
 * NonFiniteError where it is not finite.
 */
export function spectralFilter(x: Tensor, transfer: Tensor, trust?: Trust): Tensor {
  checkTensor(x, 'spectralFilter')
  checkTensor(transfer, 'spectralFilter', 'its transfer function')
  checkTransfer(transfer)
  if (transfer.dtype !== x.dtype)
    throw new DTypeError(
      'spectralFilter',
      `${x.dtype} ${show(x.shape)} with ${transfer.dtype} factors`,
      "dtypes are not mixed silently: convert one by cast(t, 'f32') or cast(t, 'f64')"
    )
  if (trust === undefined) return apply(spectralFilterOp, [x], { transfer })
  checkOptions('spectralFilter', trust, ['uncertainty', 'noise', 'signal'])
  return apply(stabilisedFilterOp, [x], { transfer, ...trustOf(trust, 'spectralFilter') })
}

function checkTransfer(transfer: Tensor): void {
  const { shape, data } = transfer
  if (transfer.rank === 0 || transfer.size === 0)
    throw new ShapeError('spectralFilter', `a transfer function of shape ${show(shape)}`, 'Give a factor for every bin')
  if (!allFinite(data))
    throw new NonFiniteError('spectralFilter', 'NaN or infinity in its transfer function', 'Give finite factors')
  const rounding = (transfer.dtype === 'f64' ? 1e-12 : 1e-6) * largest(transfer)
  for (let i = 0; i < data.length; i++)
    if (Math.abs(data[i] - data[mirrored(i, shape)]) > rounding)
      throw new OptionError(
        'spectralFilter',
        `factor ${data[i]} in bin ${i} of the transfer function, ${data[mirrored(i, shape)]} in the bin of the opposite frequency`,
        'Give an even function of the frequency: only that keeps real fields real'
      )
}

/** The position of bin -k, where i is that of bin k. */
function mirrored(i: number, shape: Shape): number {
  let at = 0
  let step = size(shape)
  for (const n of shape) {
    step /= n
    const k = Math.floor(i / step) % n
    at += ((n - k) % n) * step
  }
  return at
}
