import { linalgKernels } from '../backends/kernels.js'
import type { BlockReflectors } from '../backends/wasm/linalg.js'
import { bidiagonalSVD, type ChaseLog } from './chases.js'
import { orthogonaliseRows, RotationLog, rowNorms } from './jacobi.js'
import { type Reflectors, reflect, reflectBack } from './qr.js'
import { identity, norm2, transpose } from './scaling.js'

/**
 * R = W diag(s) Uᵀ for a square R [n, n], its factors as products of reflectors and rotations: one vector passes through
 * them at n² flops each, and only who asks for whole matrices pays for these.
 */
export interface SquareSVD {
  /** Descending. */
  s: Float64Array
  /** [n, n]: row k is u_k. Rows for s_k = 0 complete the orthonormal basis. */
  Ut(): Float64Array
  /** [n, n]: row k is w_k. */
  Wt(): Float64Array
  applyUt(g: Float64Array): Float64Array
  applyU(c: Float64Array): Float64Array
  applyWt(z: Float64Array): Float64Array
  /** C Wᵀ: W times each row of C [count, n]. */
  applyWRows(C: Float64Array, count: number): Float64Array
  sweeps: number
  converged: boolean
}

/**
 * Small factors by Jacobi rotations, large ones by bidiagonalisation where WebAssembly is there to do it. Rows of R sorted
 * by size, entries up to 1. R is used up.
 */
export function squareSVD(R: Float64Array, n: number): SquareSVD {
  return golubKahan(R, n) ?? jacobi(R, n)
}

/** M R = diag(s) Uᵀ by Jacobi rotations M = Wᵀ on the rows of R. */
function jacobi(R: Float64Array, n: number): SquareSVD {
  const log = new RotationLog()
  const { sweeps, converged } = orthogonaliseRows(R, n, n, n, log)
  const { norms, order } = rowNorms(R, n, n)
  const Ut = new Float64Array(n * n)
  const s = Float64Array.from(order, from => norms[from])
  for (let k = 0; k < n; k++) if (s[k] > 0) for (let i = 0; i < n; i++) Ut[k * n + i] = R[order[k] * n + i] / s[k]
  completeRows(Ut, n)
  const applyWRows = (C: Float64Array, count: number): Float64Array => {
    // The rotations act on whole rows of Cᵀ, which is one pass over their log instead of one per vector.
    const X = scatterRows(C, count, n, order)
    if (count === 1) log.backward(X)
    else log.backwardRows(X, count)
    return transpose(X, n, count)
  }
  return {
    s,
    Ut: () => Ut,
    applyUt: g => matVec(Ut, g, n),
    applyU: c => vecMat(c, Ut, n),
    applyWt: z => {
      const x = z.slice()
      log.forward(x)
      return Float64Array.from(order, from => x[from])
    },
    Wt: () => applyWRows(identity(n), n),
    applyWRows,
    sweeps,
    converged
  }
}

/**
 * R = P B Zᵀ by reflectors, B = X diag(s) Yᵀ by chases (Golub & Kahan), so W = P X and U = Z Y. Three to ten times faster
 * than Jacobi; s_k is right to ε s_0, where Jacobi is right to ε s_k for rows of very different size.
 */
function golubKahan(R: Float64Array, n: number): SquareSVD | undefined {
  const kernels = linalgKernels('svd', n * n * n)
  if (!kernels) return undefined
  const { d: diagonal, e, left, right } = kernels.bidiagonalise(R, n)
  const { d, left: X, right: Y, chases, converged } = bidiagonalSVD(diagonal, e)
  if (!converged) return undefined
  const order = Array.from(d, (_, i) => i).sort((i, j) => Math.abs(d[j]) - Math.abs(d[i]) || i - j)
  const sign = d.map(v => (v < 0 ? -1 : 1))
  const into = (log: ChaseLog, h: Reflectors, v: Float64Array): Float64Array => {
    const x = v.slice()
    reflectBack(h, x)
    log.forward(x)
    return Float64Array.from(order, from => x[from])
  }
  // The rotations run over reflected rows and not over the identity, where products of small sines would make subnormal
  // numbers, on which processors are slow: five times here.
  const vectors = (log: ChaseLog, h: BlockReflectors): Float64Array => {
    const X = kernels.formRows(h)
    kernels.rotateRows(log, X, n, n, false)
    const sorted = new Float64Array(n * n)
    for (let k = 0; k < n; k++) sorted.set(X.subarray(order[k] * n, (order[k] + 1) * n), k * n)
    return sorted
  }
  let Ut: Float64Array | undefined
  return {
    s: Float64Array.from(order, from => Math.abs(d[from])),
    Ut: () => (Ut ??= vectors(Y, right)),
    Wt: () => {
      const rows = vectors(X, left)
      for (let k = 0; k < n; k++) if (sign[order[k]] < 0) for (let i = k * n; i < (k + 1) * n; i++) rows[i] = -rows[i]
      return rows
    },
    applyUt: g => into(Y, right, g),
    applyU: c => {
      const x = scatterRows(c, 1, n, order)
      Y.backward(x)
      reflect(right, x)
      return x
    },
    applyWt: z => into(X, left, z).map((v, k) => v * sign[order[k]]),
    applyWRows: (C, count) => {
      const x = scatterRows(C, count, n, order)
      for (let k = 0; k < n; k++) if (sign[k] < 0) for (let i = k * count; i < (k + 1) * count; i++) x[i] = -x[i]
      if (count === 1) X.backward(x)
      else kernels.rotateRows(X, x, n, count, true)
      const rows = transpose(x, n, count)
      if (count === 1) reflect(left, rows)
      else kernels.reflectRows(left, rows, count)
      return rows
    },
    sweeps: Math.ceil(chases / n),
    converged
  }
}

/** Column k of C [count, n] as row order[k] of the result [n, count]. */
function scatterRows(C: Float64Array, count: number, n: number, order: number[]): Float64Array {
  const X = new Float64Array(n * count)
  for (let k = 0; k < n; k++) for (let i = 0; i < count; i++) X[order[k] * count + i] = C[i * n + k]
  return X
}

/** y = A x for a square row-major A [n, n]. */
function matVec(A: Float64Array, x: Float64Array, n: number): Float64Array {
  const y = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0; j < n; j++) sum += A[i * n + j] * x[j]
    y[i] = sum
  }
  return y
}

/** y = Aᵀ x for a square row-major A [n, n]. */
function vecMat(x: Float64Array, A: Float64Array, n: number): Float64Array {
  const y = new Float64Array(n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) y[j] += x[i] * A[i * n + j]
  return y
}

/**
 * Replaces the zero rows of Ut [n, n], whose other rows are orthonormal, by an orthonormal completion: each time the
 * unit vector with the largest part outside the span so far (at least 1/n of it), orthogonalised twice.
 */
function completeRows(Ut: Float64Array, n: number): void {
  const outside = new Float64Array(n).fill(1)
  const missing: number[] = []
  for (let k = 0; k < n; k++) {
    if (norm2(Ut, k * n, (k + 1) * n) === 0) missing.push(k)
    else for (let i = 0; i < n; i++) outside[i] -= Ut[k * n + i] ** 2
  }
  for (const k of missing) {
    const row = Ut.subarray(k * n, (k + 1) * n)
    row[outside.indexOf(Math.max(...outside))] = 1
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < n; j++) {
        if (j === k) continue
        let dot = 0
        for (let i = 0; i < n; i++) dot += Ut[j * n + i] * row[i]
        if (dot !== 0) for (let i = 0; i < n; i++) row[i] -= dot * Ut[j * n + i]
      }
    }
    const norm = norm2(row)
    for (let i = 0; i < n; i++) {
      row[i] /= norm
      outside[i] -= row[i] ** 2
    }
  }
}
