import { fft2 } from '../../core/backends/kernels.js'
import { fftfreq } from '../../core/backends/plain/fft.js'
import { ShapeError } from '../../core/errors.js'
import { checkNumbers, describe } from '../../core/options.js'

/**
 * (2π)²|f|² · amount per bin of the two-dimensional spectrum, in FFT order; f in cycles per cell of unit length.
 * It is the exponent k² ν t of the heat equation in Fourier space, ŷ = x̂ e^(-k² ν t), k = 2πf.
 */
export function heatExponent(height: number, width: number, amount: number): Float64Array {
  checkNumbers('heatExponent', 'count', { height, width })
  checkNumbers('heatExponent', 'finite', { amount })
  const fy = fftfreq(height)
  const fx = fftfreq(width)
  const out = new Float64Array(height * width)
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) out[i * width + j] = (2 * Math.PI) ** 2 * (fy[i] * fy[i] + fx[j] * fx[j]) * amount
  return out
}

/** Throws unless `list` holds n numbers, a field [height, width]. */
export function checkLength(asked: string, what: string, list: ArrayLike<number>, n: number): void {
  if (!(typeof list === 'object' && list?.length === n && n > 0))
    throw new ShapeError(
      asked,
      `${list?.length ?? describe(list)} entries of ${what}, for a field of ${n}`,
      'Give whole fields [height, width]'
    )
}

/** Real fields `[planes, height, width]` multiplied by a real, symmetric kernel in Fourier space. */
export function spectralFilter(
  x: ArrayLike<number>,
  kernel: Float64Array,
  height: number,
  width: number
): Float64Array {
  const n = height * width
  checkLength('spectralFilter', 'the kernel', kernel, n)
  if (!(x?.length % n === 0)) checkLength('spectralFilter', 'fields', x, n)
  const planes = x.length / n
  const re = Float64Array.from(x)
  const im = new Float64Array(re.length)
  fft2(re, im, planes, height, width, false)
  for (let i = 0; i < re.length; i++) {
    const k = kernel[i % n]
    re[i] *= k
    im[i] *= k
  }
  fft2(re, im, planes, height, width, true)
  return re
}
