import { checkFlags, checkNumbers } from '../core/options.js'
import { checkLike, type Data, Tensor } from '../core/tensor.js'
import { arrayLike, checkGradient, checkState, norm, type Optimizer } from './optimizer.js'
import { checkRate, type Rate, rateAt } from './schedules.js'

/** What every method of the first order takes besides its own settings. */
export interface FirstOrderOptions {
  /** Step in θ: a number, or a schedule (`cosineDecay({ lr: 1e-3, steps: 1000 })`). */
  lr?: Rate
  /**
   * λ: pulls θ towards 0. Coupled (default), g + λθ takes the place of g: the gradient of L + ½λ|θ|². Decoupled,
   * θ shrinks by lr λ θ beside the step and the method's normalisation does not see it (Loshchilov & Hutter 2019).
   */
  weightDecay?: number
  decoupled?: boolean
  /** Gradients longer than this are shortened to it, all entries by one factor (Pascanu et al. 2013): the direction stays. */
  clipNorm?: number
  /** Entries are held to ±clipValue: the direction changes. Before clipNorm, where both are given. */
  clipValue?: number
}

export type FirstOrderState<N extends string = string> = { readonly t: number } & { readonly [name in N]: Tensor }

/** A stretch of θ's entries on their way through a step. */
export interface Stretch {
  /** The number of this step, from 1. */
  readonly t: number
  /** In: the gradient. Out: the direction, what is subtracted at lr = 1. */
  readonly d: Data
  /** The method's moments, in the order in which it names them. In: old, out: new. */
  readonly moments: readonly Data[]
  readonly from: number
  readonly to: number
}

export interface FirstOrderRule<N extends string> {
  readonly name: string
  readonly moments: readonly N[]
  /** What the moments start from. Default 0. */
  readonly start?: number
  /** The update of a stretch: a loop over its entries, for every entry's is its own. */
  rule(stretch: Stretch): void
}

/** Entries that go through a step together: a few arrays of them fit a processor's inner cache. */
const STRETCH = 2048

/**
 * The family θ ← θ - lr d(g; moments), entry by entry. Gradient, direction and new θ of a stretch are made while it is in
 * the cache, so that a step reads and writes each array once; with `donate` it allocates nothing that grows with θ.
 */
export function firstOrder<N extends string>(
  { name, moments: names, start = 0, rule }: FirstOrderRule<N>,
  { lr = 1e-3, weightDecay = 0, decoupled = false, clipNorm, clipValue }: FirstOrderOptions
): Optimizer<Tensor, FirstOrderState<N>> {
  checkRate(name, lr)
  checkNumbers(name, 'notNegative', { weightDecay })
  checkFlags(name, { decoupled })
  if (clipNorm !== undefined) checkNumbers(name, 'positive', { clipNorm })
  if (clipValue !== undefined) checkNumbers(name, 'positive', { clipValue })
  const [inside, beside] = decoupled ? [0, weightDecay] : [weightDecay, 0]
  const state = (t: number, moments: readonly Tensor[]): FirstOrderState<N> =>
    ({ t, ...Object.fromEntries(names.map((n, i) => [n, moments[i]])) }) as FirstOrderState<N>
  return {
    name,
    needs: 'gradient',
    init: theta =>
      state(
        0,
        names.map(() => new Tensor(theta.shape, arrayLike(theta).fill(start)))
      ),
    step(theta, g, old, { donate } = {}) {
      checkGradient(name, theta, g)
      checkState(name, theta, old, names)
      const t = (old.t ?? 0) + 1
      const rate = rateAt(name, lr, t - 1)
      const gradientNorm = norm(g)
      const moments = names.map(n => continued(theta, old[n], start, donate?.state?.[n]))
      const d = room(theta, donate?.delta)
      const to = room(theta, donate?.theta)
      const stretch = { t, d, moments, from: 0, to: 0 }
      const limit = clipValue ?? Number.POSITIVE_INFINITY
      const length = clipValue === undefined ? gradientNorm : clippedNorm(g.data, limit)
      const factor = clipNorm !== undefined && length > clipNorm ? clipNorm / length : 1
      let sum = 0
      for (let from = 0; from < d.length; from = stretch.to) {
        stretch.from = from
        stretch.to = Math.min(d.length, from + STRETCH)
        gather(stretch, g.data, theta.data, limit, factor, inside)
        rule(stretch)
        sum += advance(stretch, theta.data, to, rate, beside)
      }
      const delta = new Tensor(theta.shape, d)
      return {
        theta: new Tensor(theta.shape, to),
        delta,
        state: state(
          t,
          moments.map(m => new Tensor(theta.shape, m))
        ),
        report: {
          status: factor < 1 || length < gradientNorm ? 'truncated' : 'ok',
          gradientNorm,
          stepNorm: sum > 1e-250 && sum < 1e300 ? Math.sqrt(sum) : norm(delta)
        }
      }
    }
  }
}

/** d ← the gradient, clipped and with the coupled weight decay. */
function gather({ d, from, to }: Stretch, g: Data, theta: Data, limit: number, factor: number, decay: number): void {
  if (limit < Number.POSITIVE_INFINITY)
    for (let i = from; i < to; i++) d[i] = factor * Math.max(-limit, Math.min(limit, g[i]))
  else for (let i = from; i < to; i++) d[i] = factor * g[i]
  if (decay !== 0) for (let i = from; i < to; i++) d[i] += decay * theta[i]
}

/** d ← lr (d + λθ), θ ← θ - d. Returns Σ d². */
function advance({ d, from, to }: Stretch, theta: Data, next: Data, lr: number, decay: number): number {
  if (decay !== 0) for (let i = from; i < to; i++) d[i] += decay * theta[i]
  let sum = 0
  for (let i = from; i < to; i++) {
    d[i] *= lr
    next[i] = theta[i] - d[i]
    sum += d[i] * d[i]
  }
  return sum
}

function clippedNorm(g: Data, limit: number): number {
  let sum = 0
  for (let i = 0; i < g.length; i++) sum += Math.min(limit, Math.abs(g[i])) ** 2
  return Math.sqrt(sum)
}

/** An array to write to: the donated one where it fits. */
function room(theta: Tensor, donated: Tensor | undefined): Data {
  if (donated === undefined) return arrayLike(theta)
  checkLike(theta, donated, 'a donated step', 'its θ, change or state')
  return donated.data
}

/** A moment's array, to be brought up to date in place: the donated one, or a copy. */
function continued(theta: Tensor, old: Tensor | null, start: number, donated: Tensor | undefined): Data {
  const to = room(theta, donated)
  if (!old) to.fill(start)
  else if (old.data !== to) to.set(old.data)
  return to
}
