import { fftfreq as kernel } from '../../core/backends/plain/fft.js'
import { halfLength } from '../../core/backends/plain/fftPairs.js'
import { OptionError } from '../../core/errors.js'
import { checkChoice, checkNumbers } from '../../core/options.js'
import { axesFromEnd } from '../../core/shape.js'
import { checkTensor, type DType, type Tensor, tensor } from '../../core/tensor.js'
import { roll } from '../shape/roll.js'
import { checkComplex } from './pairs.js'

function checkSpacing(asked: string, n: number, d: number): void {
  checkNumbers(asked, 'count', { n })
  checkNumbers(asked, 'finite', { d })
  if (d === 0) throw new OptionError(asked, 'spacing d is 0', 'Give the distance between samples')
}

/** The frequencies of the n bins of `fft` [n], in cycles per unit, samples d apart: [0, 1, …, -n/2, …, -1] / (n d). */
export function fftfreq(n: number, d = 1, dtype: DType = 'f64'): Tensor {
  checkSpacing('fftfreq', n, d)
  return tensor(kernel(n, d), { dtype })
}

/** The frequencies of the bins of `rfft` [n/2 + 1], in cycles per unit, samples d apart: [0, 1, …, n/2] / (n d). */
export function rfftfreq(n: number, d = 1, dtype: DType = 'f64'): Tensor {
  checkSpacing('rfftfreq', n, d)
  return tensor(
    Float64Array.from({ length: halfLength(n) }, (_, k) => k / (n * d)),
    { dtype }
  )
}

/** What a tensor holds: pairs, whose axis is not counted, or real numbers. */
type Content = 'complex' | 'real'

/**
 * Entry i goes to position i + n/2 along each axis, cyclically: bins in the order of their frequencies, zero in the middle.
 * `content` 'complex' (default): z [..., 2], axes are counted without the pair axis; 'real' for frequencies and power
 * spectra. All axes by default. As numpy.fft.fftshift.
 */
export const fftshift = (x: Tensor, axes?: number | readonly number[], content: Content = 'complex'): Tensor =>
  shifted(x, axes, content, 'fftshift', n => Math.floor(n / 2))

/** Undoes `fftshift`, for odd lengths too. */
export const ifftshift = (x: Tensor, axes?: number | readonly number[], content: Content = 'complex'): Tensor =>
  shifted(x, axes, content, 'ifftshift', n => -Math.floor(n / 2))

function shifted(
  x: Tensor,
  axes: number | readonly number[] | undefined,
  content: Content,
  asked: string,
  by: (n: number) => number
): Tensor {
  checkChoice(asked, 'content', content, ['complex', 'real'])
  if (content === 'complex') checkComplex(x, asked)
  else checkTensor(x, asked)
  const pair = content === 'complex' ? 1 : 0
  const along = axesFromEnd(axes, x.rank - pair, asked).map(a => a - pair)
  return roll(
    x,
    along.map(a => by(x.shape[x.rank + a])),
    along
  )
}
