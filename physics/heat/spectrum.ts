import { fft2, fftfreq } from '../../core/backends/plain/fft.js'

/**
 * (2π)²|f|² · amount per bin of the two-dimensional spectrum, in FFT order; f in cycles per cell of unit length.
 * It is the exponent k² ν t of the heat equation in Fourier space, ŷ = x̂ e^(-k² ν t), k = 2πf (seed 3).
 */
export function heatExponent(height: number, width: number, amount: number): Float64Array {
  const fy = fftfreq(height)
  const fx = fftfreq(width)
  const out = new Float64Array(height * width)
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) out[i * width + j] = (2 * Math.PI) ** 2 * (fy[i] * fy[i] + fx[j] * fx[j]) * amount
  return out
}

/** Real fields `[planes, height, width]` multiplied by a real, symmetric kernel in Fourier space. */
export function filter(x: ArrayLike<number>, kernel: Float64Array, height: number, width: number): Float64Array {
  const n = height * width
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
