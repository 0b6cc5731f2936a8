import { NonFiniteError } from '../core/errors.js'
import { cholesky, choleskySolve } from '../core/linalg/solve.js'
import { checkChoice, checkFlags, checkNumbers } from '../core/options.js'
import { Random, type RandomState, random } from '../core/random.js'
import type { Data, Tensor } from '../core/tensor.js'
import { checkEvaluation, type Evaluation } from './evaluation.js'
import { type Factors, findLayers, kroneckerFactors, type Layer } from './kroneckerFactors.js'
import { checkGradient, checkState, moved, norm, type Optimizer } from './optimizer.js'
import { checkRate, type Rate, rateAt } from './schedules.js'
import { dot, like, vector } from './vectors.js'

export interface KfacState {
  readonly t: number
  /** Running means of the factors, layer by layer. */
  readonly layers: readonly { readonly A: Tensor; readonly G: Tensor }[]
  readonly random: RandomState
}

export interface KfacOptions {
  /** Default 1, with `rescale`. */
  lr?: Rate
  /** λ, in units of the curvature. Default 1e-3. */
  damping?: number
  /** How slowly the factors forget, at most; the first steps average all there is. Default 0.95. */
  decay?: number
  /** 'sampled': one sweep a step, random signs; 'exact': one for each of the K outputs. */
  curvature?: 'sampled' | 'exact'
  /** The length that minimises the quadratic model along the direction, with the whole Gauss-Newton matrix. Default true. */
  rescale?: boolean
  /** Of the random signs. Default 0. */
  seed?: number
}

/**
 * K-FAC (Martens & Grosse 2015; for convolutions Grosse & Martens 2016): natural gradient with a Kronecker-factored curvature.
 * A layer s = Wᵀa with cotangents g has the gradient a gᵀ, and its block of the Gauss-Newton (Fisher) matrix is
 * E[aaᵀ ⊗ ggᵀ]. Taken as a product of means, as if a and g were independent, it is A ⊗ G with two small matrices, and
 *
 *     (A ⊗ G)⁻¹ vec(∇) = vec(A⁻¹ ∇ G⁻¹)
 *
 * Layers apart (a block-diagonal matrix). With positions t that share a weight (convolutions) A sums over them and G is their
 * mean. The bias is one more input, always 1. Damping is shared out, A + π√λ and G + √λ/π with π² the ratio of their mean
 * eigenvalues (section 6.3), and the length of the step is that of the best multiple in the model
 * gᵀΔ + ½Δᵀ(F + λ)Δ with the true Gauss-Newton matrix (section 6.4): α = gᵀΔ/(ΔᵀFΔ + λ|Δ|²).
 *
 * For networks of dense and conv layers of one group; the model shows y: `{ loss, y }`. The exact matrix, and K-FAC a Newton step,
 * for one linear layer; otherwise an approximation.
 */
export function kfac({
  lr = 1,
  damping = 1e-3,
  decay = 0.95,
  curvature = 'sampled',
  rescale = true,
  seed = 0
}: KfacOptions = {}): Optimizer<Evaluation, KfacState> {
  const name = 'kfac'
  checkRate(name, lr)
  checkNumbers(name, 'positive', { damping })
  checkNumbers(name, 'fraction', { decay })
  checkChoice(name, 'curvature', curvature, ['sampled', 'exact'])
  checkFlags(name, { rescale })
  return {
    name,
    needs: 'targets',
    init: () => ({ t: 0, layers: [], random: random(seed).split(name).state }),
    step(theta, e, state) {
      checkEvaluation(name, e)
      checkState(name, theta, state, [])
      const g = e.gradient
      checkGradient(name, theta, g)
      const t = state.t + 1
      const stream = Random.restore(state.random)
      const layers = findLayers(e)
      const fresh = kroneckerFactors(e, layers, curvature === 'exact' ? 'exact' : stream)
      const keep = Math.min(1 - 1 / t, decay)
      const factors = fresh.map((f, i) => blended(state.layers[i], f, keep))
      const direction = new Float64Array(theta.size)
      layers.forEach((l, i) => {
        solveLayer(l, factors[i], g.data, direction, damping)
      })
      let alpha = rateAt(name, lr, state.t)
      if (rescale) {
        const Fd = e.gaussNewtonProduct(like(theta, direction.slice())).data
        const model = dot(direction, Fd) + damping * dot(direction, direction)
        alpha *= model > 0 ? dot(g.data, direction) / model : 0
      }
      const end = moved(theta, direction, alpha)
      return {
        ...end,
        state: { t, layers: factors.map(({ A, G }) => ({ A: vector(A), G: vector(G) })), random: stream.state },
        report: { status: 'ok', gradientNorm: norm(g), stepNorm: norm(end.delta), length: alpha }
      }
    }
  }
}

function blended(old: KfacState['layers'][number] | undefined, { A, G }: Factors, keep: number): Factors {
  const mean = (before: Data | undefined, now: Float64Array) =>
    before ? now.map((v, i) => keep * before[i] + (1 - keep) * v) : now
  return { A: mean(old?.A.data, A), G: mean(old?.G.data, G) }
}

/** A⁻¹ ∇ G⁻¹ of one layer, ∇ [in (+1), out], into the layer's part of `direction`. */
function solveLayer(l: Layer, { A, G }: Factors, g: Data, direction: Float64Array, damping: number): void {
  const [m, n] = [Math.sqrt(A.length), l.outputs]
  const place = (i: number, o: number) =>
    i === l.inputs ? l.bias! + o : l.weight + (l.outputsFirst ? o * l.inputs + i : i * l.outputs + o)
  const grad = new Float64Array(m * n)
  for (let i = 0; i < m; i++) for (let o = 0; o < n; o++) grad[i * n + o] = g[place(i, o)]
  const trace = (M: Float64Array, k: number) => {
    let sum = 0
    for (let i = 0; i < k; i++) sum += M[i * k + i]
    return sum / k
  }
  const [a, c] = [trace(A, m), trace(G, n)]
  const pi = a > 0 && c > 0 ? Math.sqrt(a / c) : 1
  const left = solved(A, m, pi * Math.sqrt(damping), grad, n)
  const turned = transposed(left, m, n)
  const right = solved(G, n, Math.sqrt(damping) / pi, turned, m)
  for (let i = 0; i < m; i++) for (let o = 0; o < n; o++) direction[place(i, o)] = right[o * m + i]
}

/** (M + d)⁻¹ b, b [k, count]. Where rounding makes M + d indefinite, d grows until it is not. */
function solved(M: Float64Array, k: number, d: number, b: Float64Array, count: number): Float64Array {
  for (let extra = d; extra < Number.POSITIVE_INFINITY; extra *= 10) {
    const damped = M.slice()
    for (let i = 0; i < k; i++) damped[i * k + i] += extra
    const L = cholesky(damped, k)
    if (L) return choleskySolve(L, k, b, count)
  }
  throw new NonFiniteError(
    'a step of kfac',
    'NaN or infinity in a factor',
    'Look for the first one with tape.checkFinite()'
  )
}

function transposed(M: Float64Array, m: number, n: number): Float64Array {
  const out = new Float64Array(m * n)
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = M[i * n + j]
  return out
}
