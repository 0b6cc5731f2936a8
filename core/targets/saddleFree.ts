import { eigh } from '../linalg/eigh.js'
import { checkFlags, checkNumbers } from '../options.js'
import type { BlockProblem } from './blockProblem.js'
import type { Rung, Solution, SolveStatus } from './rung.js'
import { backtrack } from './search.js'

export interface SaddleFreeOptions {
  /** Eigenvalues at or below it times the largest (absolute values) get no step. Default 1e-10. With a cap: 0. */
  truncation?: number
  /**
   * The cap of the SIP authors' code (they have 0.2): along eigenvectors whose eigenvalue is not above the geometric mean of
   * all |λ|, the flat and the negatively curved ones, a step promises to change the loss by no more than this,
   * |g_e Δ_e| ≤ cap. Default none.
   */
  maxLossChange?: number
  /** λ ≥ 0, added to every |eigenvalue|: flat directions get at most |g_e|/λ. Default 0. */
  damping?: number
}

export interface SaddleFreeRungOptions extends SaddleFreeOptions {
  /** Halve the step until the mismatch falls? Default: yes, without a cap. */
  backtracking?: boolean
}

/**
 * -|H|⁻¹ g for a symmetric H [n, n]: in each eigenvector's direction g_e/|λ_e| downhill (Dauphin et al. 2014, "saddle-free
 * Newton"). At a saddle Newton's -H⁻¹ g walks up along negative curvature, to the saddle; this one leaves it.
 */
export function saddleFreeStep(
  H: Float64Array,
  g: ArrayLike<number>,
  n: number,
  { maxLossChange, truncation = maxLossChange === undefined ? 1e-10 : 0, damping = 0 }: SaddleFreeOptions = {}
): { step: Float64Array; negative: boolean; dropped: number; capped: number } {
  const { values, vectors } = eigh(H, n)
  let largest = 0
  let logMean = 0
  for (const v of values) {
    largest = Math.max(largest, Math.abs(v))
    logMean += Math.log(Math.abs(v)) / n
  }
  const step = new Float64Array(n)
  let [dropped, capped] = [0, 0]
  for (let k = 0; k < n; k++) {
    let c = 0
    for (let i = 0; i < n; i++) c += vectors[i * n + k] * g[i]
    if (c === 0) continue
    let length = Math.abs(c) / (Math.abs(values[k]) + damping)
    if (!(Math.abs(values[k]) > truncation * largest) && (maxLossChange === undefined || truncation > 0)) {
      dropped++
      continue
    }
    const flat = values[k] <= 0 || Math.log(values[k]) <= logMean
    if (maxLossChange !== undefined && flat && !(length <= maxLossChange / Math.abs(c))) {
      length = maxLossChange / Math.abs(c)
      capped++
    }
    const along = -Math.sign(c) * length
    for (let i = 0; i < n; i++) step[i] += along * vectors[i * n + k]
  }
  return { step, negative: values[0] < 0, dropped, capped }
}

/**
 * The rung `saddleFree`: one saddle-free Newton step of ½‖ỹ - P(x)‖² in x, per sample, with P's own curvature in the
 * Hessian. It is what the SIP authors invert the sine map with: a solver, not an inverse, that stops after one step. With
 * `whole: 'always'` the step is that of all of P; otherwise of one block after the other. Without a cap the step is halved
 * until the mismatch falls; with one, or without `backtracking`, it is taken as it is, as in their code.
 */
export function saddleFree(options: SaddleFreeRungOptions = {}): Rung {
  if (options.truncation !== undefined) checkNumbers('saddleFree', 'notNegative', { truncation: options.truncation })
  if (options.maxLossChange !== undefined)
    checkNumbers('saddleFree', 'positive', { maxLossChange: options.maxLossChange })
  checkNumbers('saddleFree', 'notNegative', { damping: options.damping ?? 0 })
  checkFlags('saddleFree', { backtracking: options.backtracking ?? true })
  return { name: 'saddleFree', solve: block => solve(block, options) }
}

function solve(block: BlockProblem, options: SaddleFreeRungOptions): Solution {
  const { backtracking = options.maxLossChange === undefined } = options
  const { batch: B, P } = block
  const point = block.at(block.start())
  const g = block.applyT(point, point.residual).map(v => -v)
  const H = block.hessian(point)
  const step = new Float64Array(B * P)
  const status = new Array<SolveStatus>(B).fill('one step')
  const able = status.map((_, b) => {
    const gb = g.subarray(b * P, (b + 1) * P)
    const Hb = H.slice(b * P * P, (b + 1) * P * P)
    if (!gb.every(Number.isFinite) || !Hb.every(Number.isFinite)) {
      status[b] = 'not finite'
      return false
    }
    const s = saddleFreeStep(Hb, gb, P, options).step
    step.set(s, b * P)
    if (!s.some(v => v !== 0)) status[b] = point.mismatch[b] === 0 ? 'converged' : 'unreachable'
    return s.some(v => v !== 0)
  })
  const x = point.x.map((v, i) => v + step[i])
  const { point: end, moved } = backtracking ? backtrack(block, point, step, able) : { point: block.at(x), moved: able }
  for (let b = 0; b < B; b++)
    if (!Number.isFinite(end.mismatch[b])) status[b] = 'not finite'
    else if (able[b] && !moved[b]) status[b] = 'no descent'
  for (const p of [point, end]) p.tape.dispose()
  return { x: end.x, mismatch: end.mismatch, status, iterations: 1 }
}
