import { OptionError, ShapeError } from '../../core/errors.js'
import { allocUnset } from '../../core/memory.js'
import { checkNumbers } from '../../core/options.js'
import { type Shape, show } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { checkTensor, Tensor } from '../../core/tensor.js'
import { div } from '../elementwise/div.js'
import { sqrt } from '../elementwise/sqrt.js'
import { sub } from '../elementwise/sub.js'
import { mean } from '../reductions/mean.js'
import { variance } from '../reductions/variance.js'

/** Where squares would leave the range, and what x is multiplied by there; powers of two, so that nothing is rounded. */
const RANGE = { f64: { large: 2 ** 500, factor: 2 ** -520 }, f32: { large: 2 ** 50, factor: 2 ** -80 } } as const

/**
 * (x - μ)/√(σ² + ε), mean μ and biased variance σ² over `axes`: what batch, layer and group norm share.
 * Equal entries give 0 when ε > 0, and 0/0 when ε = 0.
 */
export function normalise(x: Tensor, axes: readonly number[], eps: number): Tensor {
  const factor = factorFor(x, axes)
  // With x → s x, ε → s² ε the result is the same for every constant s.
  const z = factor ? mul(x, factor) : x
  const deviation = sqrt(add(variance(z, axes, true), factor ? mul(mul(factor, factor), eps) : eps))
  return div(sub(z, mean(z, axes, true)), deviation)
}

/** Per normalised part: `factor` where it has very large entries, else 1. undefined where no part has. */
function factorFor(x: Tensor, axes: readonly number[]): Tensor | undefined {
  // On a GPU the question would be a readback for every layer: there, entries beyond 2⁵⁰ give no result.
  if (x.entries) return undefined
  const { large, factor } = RANGE[x.dtype]
  if (!x.data.some(v => Math.abs(v) > large)) return undefined
  const rank = x.rank
  const shape = x.shape.map((d, k) => (axes.includes(k) || axes.includes(k - rank) ? 1 : d))
  const s = allocUnset(
    shape.reduce((n, d) => n * d, 1),
    x.dtype
  ).fill(1)
  const index = x.shape.map(() => 0)
  for (let i = 0; i < x.size; i++) {
    if (Math.abs(x.data[i]) > large) s[index.reduce((at, j, k) => at * shape[k] + (shape[k] === 1 ? 0 : j), 0)] = factor
    for (let k = rank - 1; k >= 0 && ++index[k] === x.shape[k]; k--) index[k] = 0
  }
  return new Tensor(shape, s)
}

/** Channels are axis 1: t [C] in the shape that broadcasts against x [B, C, ...]. */
export const perChannel = (t: Tensor, x: Tensor): Tensor => reshape(t, [t.size, ...Array<number>(x.rank - 2).fill(1)])

/** Throws unless x is [B, C, ...] and each of the others holds a number per channel. */
export function checkChannels(op: string, x: Tensor, others: Readonly<Record<string, Tensor>>, eps: number): void {
  checkTensor(x, op)
  checkNumbers(op, 'notNegative', { eps })
  if (x.rank < 2) throw new ShapeError(`${op} of ${show(x.shape)}`, 'no axis of channels', 'Give [B, C, ...]')
  for (const name in others) checkWeight(op, x, name, others[name], [x.shape[1]], 'a number per channel')
}

/** Throws unless `weight` has the shape that a norm of x needs. */
export function checkWeight(op: string, x: Tensor, name: string, weight: Tensor, shape: Shape, why: string): void {
  checkTensor(weight, op, `its ${name}`)
  if (show(weight.shape) !== show(shape))
    throw new ShapeError(
      `${op} of ${show(x.shape)}`,
      `a ${name} of shape ${show(weight.shape)}, where ${show(shape)} is needed`,
      `Give ${show(shape)}, ${why}`
    )
}

/** Throws OptionError unless `groups` divides `channels`. */
export function checkGroups(asked: string, channels: number, groups: number): void {
  checkNumbers(asked, 'count', { channels, groups })
  if (channels % groups !== 0)
    throw new OptionError(
      asked,
      `${groups} groups of ${channels} channels`,
      'Give a number of groups that divides them'
    )
}
