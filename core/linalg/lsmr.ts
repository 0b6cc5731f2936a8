import { ShapeError } from '../errors.js'
import { norm2 } from './scaling.js'

/**
 * Why a system stopped: 'converged', A x = b holds (test 1 of the paper's section 3.1); 'leastSquares', Aᵀr = 0 holds
 * though r does not vanish (test 2); 'illConditioned', the estimate of cond(A) passed its limit (test 3).
 */
export type LSMRStatus = 'converged' | 'leastSquares' | 'illConditioned' | 'maxIterations' | 'nonFinite'

export interface LSMROptions {
  batch: number
  m: number
  n: number
  /** A v for all systems at once: [B, n] → [B, m]. */
  apply: (v: Float64Array) => Float64Array
  /** Aᵀ u for all systems at once: [B, m] → [B, n]. */
  applyT: (u: Float64Array) => Float64Array
  /** [B, m] */
  b: Float64Array
  /** Minimises ‖A x - b‖² + damp² ‖x‖²; 0. */
  damp?: number
  /** Relative error in A and in b that is considered harmless; 1e-10 each. */
  atol?: number
  btol?: number
  /** Limit of the condition estimate; 1e12 (a smaller one regularises by stopping early). */
  conlim?: number
  /** 4 min(m, n) by default. */
  maxIterations?: number
}

export interface LSMRResult {
  /** [B, n] */
  x: Float64Array
  /** Of the slowest system. */
  iterations: number
  iterationsPerSystem: Int32Array
  /** [B], ‖b - A x‖, computed afresh by one more product. */
  residualNorm: Float64Array
  /** [B], the estimate of ‖Aᵀr‖ (of the damped system), which falls monotonically: what LSQR does not offer. */
  normalResidualNorm: Float64Array
  status: LSMRStatus[]
}

/**
 * LSMR (Fong & Saunders 2011, "LSMR: An iterative algorithm for sparse least-squares problems", SIAM J. Sci. Comput.
 * 33(5); the steps below are those of its section 2.8) for B independent systems, advanced together with scalars of
 * their own, so that one product call serves all. A system that is done stays as it is.
 *
 * It is MINRES on the normal equations AᵀA x = Aᵀb in exact arithmetic, but works on A by Golub-Kahan bidiagonalisation:
 * AᵀA, whose condition number is the square, is never applied as one. ‖Aᵀr‖ falls monotonically, so stopping early is
 * safe. Starting from zero, every iterate lies in the range of Aᵀ, and so the limit is the solution of least norm.
 */
export function lsmr(options: LSMROptions): LSMRResult {
  const { batch, m, n, apply, applyT, b, damp = 0, atol = 1e-10, btol = 1e-10, conlim = 1e12 } = options
  const { maxIterations = 4 * Math.min(m, n) } = options
  if (b.length !== batch * m)
    throw new ShapeError('lsmr', `${b.length} entries for b [${batch}, ${m}]`, `Give ${batch * m} entries`)
  const product = (what: 'apply' | 'applyT', v: Float64Array) => {
    const out = what === 'apply' ? apply(v) : applyT(v)
    const width = what === 'apply' ? m : n
    if (out.length !== batch * width)
      throw new ShapeError('lsmr', `${what} returned ${out.length} entries`, `It returns [${batch}, ${width}]`)
    return out
  }

  // β₁u₁ = b, α₁v₁ = Aᵀu₁
  const u = b.slice()
  const systems = Array.from({ length: batch }, (_, k) => new System(normalise(u, k * m, (k + 1) * m)))
  const v = Float64Array.from(product('applyT', u))
  const x = new Float64Array(batch * n)
  const hbar = new Float64Array(batch * n)
  systems.forEach((system, k) => {
    system.start(normalise(v, k * n, (k + 1) * n), damp)
  })
  const h = v.slice()

  let iterations = 0
  while (iterations < maxIterations && systems.some(system => !system.status)) {
    iterations++
    const Av = product('apply', v)
    systems.forEach((system, k) => {
      if (system.status) return
      for (let i = k * m; i < (k + 1) * m; i++) u[i] = Av[i] - system.alpha * u[i]
      system.beta = normalise(u, k * m, (k + 1) * m)
    })
    const Atu = product('applyT', u)
    systems.forEach((system, k) => {
      if (system.status) return
      const [from, to] = [k * n, (k + 1) * n]
      if (system.beta > 0) {
        for (let i = from; i < to; i++) v[i] = Atu[i] - system.beta * v[i]
        system.alpha = normalise(v, from, to)
      }
      if (!Number.isFinite(system.alpha) || !Number.isFinite(system.beta)) {
        system.status = 'nonFinite'
        u.fill(0, k * m, (k + 1) * m)
        v.fill(0, from, to)
        return
      }
      const { hbarFactor, xFactor, hFactor } = system.rotate(damp)
      for (let i = from; i < to; i++) {
        hbar[i] = h[i] - hbarFactor * hbar[i]
        x[i] += xFactor * hbar[i]
        h[i] = v[i] - hFactor * h[i]
      }
      system.iterations++
      system.test(norm2(x, from, to), atol, btol, conlim)
    })
  }

  const Ax = product('apply', x)
  const r = b.map((value, i) => value - Ax[i])
  return {
    x,
    iterations,
    iterationsPerSystem: Int32Array.from(systems, system => system.iterations),
    residualNorm: Float64Array.from(systems, (_, k) => norm2(r, k * m, (k + 1) * m)),
    normalResidualNorm: Float64Array.from(systems, system => Math.abs(system.zetabar)),
    status: systems.map(system => system.status ?? 'maxIterations')
  }
}

/** Scales a[from..to) to unit length and returns its length; zeros stay. */
function normalise(a: Float64Array, from: number, to: number): number {
  const norm = norm2(a, from, to)
  if (norm > 0) for (let i = from; i < to; i++) a[i] /= norm
  return norm
}

/** c, s, r with [c s; s -c] [a; b] = [r; 0], without overflow. */
function symOrtho(a: number, b: number): [c: number, s: number, r: number] {
  const max = Math.max(Math.abs(a), Math.abs(b))
  if (max === 0) return [1, 0, 0]
  const r = max * Math.sqrt((a / max) ** 2 + (b / max) ** 2)
  return [a / r, b / r, r]
}

/** The scalars of one system, named as in the paper (bar, tilde, dot, double dot). */
class System {
  alpha = 0
  zetabar = 0
  iterations = 0
  status: LSMRStatus | undefined
  private alphabar = 0
  private rho = 1
  private rhobar = 1
  private cbar = 1
  private sbar = 0
  private zeta = 0
  // for the estimate of ‖r‖, section 2.8 steps 8 to 10
  private betadd: number
  private betad = 0
  private rhodold = 1
  private tautildeold = 0
  private thetatilde = 0
  private d = 0
  private normr: number
  // for the estimates of ‖A‖ and cond(A), section 3.3
  /** With the α of the next iteration; normA without it. Lengths, not squares: those overflow from 1e154 on. */
  private normAalpha = 0
  private normA = 0
  private condA = 1
  private maxrbar = 0
  private minrbar = Infinity
  readonly normb: number

  constructor(public beta: number) {
    this.betadd = this.normr = this.normb = beta
  }

  start(alpha: number, damp: number): void {
    this.alpha = this.alphabar = alpha
    this.zetabar = alpha * this.beta
    this.normAalpha = Math.hypot(alpha, damp)
    if (!Number.isFinite(alpha) || !Number.isFinite(this.beta)) this.status = 'nonFinite'
    else if (this.beta === 0) this.status = 'converged'
    else if (alpha === 0) this.status = 'leastSquares'
  }

  /** Steps 4 to 10: the three rotations, and how h, h̄ and x move. */
  rotate(damp: number): { hbarFactor: number; xFactor: number; hFactor: number } {
    const { alpha, beta } = this
    const [chat, shat, alphahat] = symOrtho(this.alphabar, damp)
    const rhoold = this.rho
    const [c, s, rho] = symOrtho(alphahat, beta)
    const thetanew = s * alpha
    this.alphabar = c * alpha
    const rhobarold = this.rhobar
    const zetaold = this.zeta
    const thetabar = this.sbar * rho
    const rhotemp = this.cbar * rho
    const [cbar, sbar, rhobar] = symOrtho(rhotemp, thetanew)
    this.zeta = cbar * this.zetabar
    this.zetabar = -sbar * this.zetabar
    Object.assign(this, { rho, rhobar, cbar, sbar })

    const betaacute = chat * this.betadd
    const betacheck = -shat * this.betadd
    const betahat = c * betaacute
    this.betadd = -s * betaacute
    const thetatildeold = this.thetatilde
    const [ctilde, stilde, rhotildeold] = symOrtho(this.rhodold, thetabar)
    this.thetatilde = stilde * rhobar
    this.rhodold = ctilde * rhobar
    this.betad = -stilde * this.betad + ctilde * betahat
    this.tautildeold = (zetaold - thetatildeold * this.tautildeold) / rhotildeold
    const taud = (this.zeta - this.thetatilde * this.tautildeold) / this.rhodold
    this.d += betacheck * betacheck
    this.normr = Math.sqrt(this.d + (this.betad - taud) ** 2 + this.betadd ** 2)

    if (this.iterations > 0) {
      // The first ρ̄ is the 1 it starts from, which says nothing about A.
      this.maxrbar = Math.max(this.maxrbar, rhobarold)
      this.minrbar = Math.min(this.minrbar, rhobarold)
    }
    this.condA = Math.max(this.maxrbar, rhotemp) / Math.min(this.minrbar, rhotemp)
    this.normA = Math.hypot(this.normAalpha, beta)
    this.normAalpha = Math.hypot(this.normA, alpha)
    return {
      hbarFactor: (thetabar / rhoold) * (rho / rhobarold),
      xFactor: this.zeta / rho / rhobar,
      hFactor: thetanew / rho
    }
  }

  /** The stopping rules of section 3.1; exact limits of the arithmetic count as met. */
  test(normx: number, atol: number, btol: number, conlim: number): void {
    const { normb, normr, normA } = this
    const residual = normr / normb
    const normal = Math.abs(this.zetabar) / (normA * normr)
    if (residual <= Math.max(btol, Number.EPSILON) + (Math.max(atol, Number.EPSILON) * normA * normx) / normb)
      this.status = 'converged'
    else if (!(normal > Math.max(atol, Number.EPSILON))) this.status = 'leastSquares'
    else if (this.condA >= conlim) this.status = 'illConditioned'
  }
}
