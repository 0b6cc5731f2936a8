// Householder reflectors H = I - τ v vᵀ in blocks, in f64.
//
//     H_0 ... H_b-1 = I + Vᵀ N V        V [b, cols]: row k is v_k, zero before entry k;  N upper triangular, -τ on its diagonal
//     X ← X + X Vᵀ Nᵀ V  (or N)         the product applied to every row of X: three matrix products
//
// so that nearly all of the work of a QR factorisation runs in gemm; only panels of BLOCK reflectors are made one by one.
// Source: Schreiber & Van Loan 1989; Golub & Van Loan, Matrix Computations, 4th ed., 5.1-5.2; LAPACK's dgebd2 for the
// bidiagonal form.

import { gemm64 } from './gemm'
import { addTo, at, both, dot, reflector } from './householder'

/** Reflectors per block; core/backends/wasm/linalg.ts reserves memory accordingly. */
const BLOCK: i32 = 32

/** N of the reflectors k0..k1: N_ii = -τ_i, N[0..i, i] = -τ_i N[0..i, 0..i] (V v_i). */
function makeN(Y: usize, cols: i32, k0: i32, k1: i32, tau: usize, N: usize, work: usize): void {
  const b = k1 - k0
  const V = at(Y, k0 * cols + k0)
  const gram = work
  memory.fill(gram, 0, <usize>(BLOCK * BLOCK) << 3)
  gemm64(V, cols, 1, V, 1, cols, gram, BLOCK, b, b, cols - k0, at(work, BLOCK * BLOCK))
  memory.fill(N, 0, <usize>(BLOCK * BLOCK) << 3)
  for (let i = 0; i < b; i++) {
    const t = load<f64>(at(tau, k0 + i))
    for (let j = 0; j < i; j++) {
      let sum: f64 = 0
      for (let l = j; l < i; l++) sum += load<f64>(at(N, j * BLOCK + l)) * load<f64>(at(gram, l * BLOCK + i))
      store<f64>(at(N, j * BLOCK + i), -t * sum)
    }
    store<f64>(at(N, i * BLOCK + i), -t)
  }
}

/** The rows x of X[count, cols] ← H_k0 ... H_k1-1 x, or the transpose; entries before k0 stay as they are. */
function applyBlock(Y: usize, cols: i32, k0: i32, k1: i32, N: usize, transposed: bool, X: usize, count: i32, work: usize): void {
  const b = k1 - k0
  const len = cols - k0
  const V = at(Y, k0 * cols + k0)
  const S = work
  const P = at(S, count * BLOCK)
  const rest = at(P, count * BLOCK)
  memory.fill(S, 0, <usize>(2 * count * BLOCK) << 3)
  gemm64(at(X, k0), cols, 1, V, 1, cols, S, BLOCK, count, b, len, rest)
  gemm64(S, BLOCK, 1, N, transposed ? BLOCK : 1, transposed ? 1 : BLOCK, P, BLOCK, count, b, b, rest)
  gemm64(P, BLOCK, 1, V, cols, 1, at(X, k0), cols, count, len, b, rest)
}

/**
 * Yᵀ = Q R for Y[rows, cols], rows <= cols: row k of Y becomes v_k, R[rows, rows] is written above its zeros, and one N per
 * block.
 */
export function qr64(Y: usize, rows: i32, cols: i32, tau: usize, N: usize, R: usize, work: usize): void {
  for (let k0 = 0; k0 < rows; k0 += BLOCK) {
    const k1 = min(rows, k0 + BLOCK)
    for (let k = k0; k < k1; k++) {
      const v = at(Y, k * cols + k)
      const t = reflector(v, cols - k, at(R, k * rows + k))
      store<f64>(at(tau, k), t)
      if (t != 0)
        for (let j = k + 1; j < k1; j++) {
          const x = at(Y, j * cols + k)
          addTo(x, -t * dot(v, x, cols - k), v, cols - k)
        }
      for (let i = 0; i < k; i++) {
        const x = at(Y, k * cols + i)
        store<f64>(at(R, i * rows + k), load<f64>(x))
        store<f64>(x, 0)
      }
    }
    const n = at(N, k0 * BLOCK)
    makeN(Y, cols, k0, k1, tau, n, work)
    if (k1 < rows) applyBlock(Y, cols, k0, k1, n, true, at(Y, k1 * cols), rows - k1, work)
  }
}

/** One N per block of any Y[rows, cols] with its τ. */
export function blocks64(Y: usize, rows: i32, cols: i32, tau: usize, N: usize, work: usize): void {
  for (let k0 = 0; k0 < rows; k0 += BLOCK)
    makeN(Y, cols, k0, min(rows, k0 + BLOCK), tau, at(N, k0 * BLOCK), work)
}

/** The rows x of X[count, cols] ← H_0 ... H_rows-1 x, or the transpose. */
export function reflect64(Y: usize, rows: i32, cols: i32, N: usize, transposed: bool, X: usize, count: i32, work: usize): void {
  const blocks = (rows + BLOCK - 1) / BLOCK
  for (let i = 0; i < blocks; i++) {
    const k0 = BLOCK * (transposed ? i : blocks - 1 - i)
    applyBlock(Y, cols, k0, min(rows, k0 + BLOCK), at(N, k0 * BLOCK), transposed, X, count, work)
  }
}

/**
 * Row k of X[rows, cols] is H_0 ... H_rows-1 e_k: what the reflectors make of the first unit vectors. A block leaves those
 * before it alone.
 */
export function form64(Y: usize, rows: i32, cols: i32, N: usize, X: usize, work: usize): void {
  memory.fill(X, 0, <usize>(rows * cols) << 3)
  for (let k = 0; k < rows; k++) store<f64>(at(X, k * cols + k), 1)
  for (let k0 = (rows - 1) / BLOCK * BLOCK; k0 >= 0; k0 -= BLOCK)
    applyBlock(Y, cols, k0, min(rows, k0 + BLOCK), at(N, k0 * BLOCK), false, at(X, k0 * cols), rows - k0, work)
}

/** w ← Σ_i u_i a_i over rows of n entries, `step` entries apart; four rows to a pass over w. */
function combine(u: usize, A: usize, rows: i32, step: i32, w: usize, n: i32): void {
  memory.fill(w, 0, <usize>n << 3)
  let i = 0
  for (; i + 3 < rows; i += 4) {
    const a0 = at(A, i * step), a1 = at(a0, step), a2 = at(a1, step), a3 = at(a2, step)
    const u0 = load<f64>(at(u, i)), u1 = load<f64>(at(u, i + 1)), u2 = load<f64>(at(u, i + 2)), u3 = load<f64>(at(u, i + 3))
    const s0 = f64x2.splat(u0), s1 = f64x2.splat(u1), s2 = f64x2.splat(u2), s3 = f64x2.splat(u3)
    let j = 0
    for (; j + 1 < n; j += 2) {
      const b = <usize>j << 3
      const x = f64x2.add(f64x2.mul(s0, v128.load(a0 + b)), f64x2.mul(s1, v128.load(a1 + b)))
      const y = f64x2.add(f64x2.mul(s2, v128.load(a2 + b)), f64x2.mul(s3, v128.load(a3 + b)))
      v128.store(w + b, f64x2.add(v128.load(w + b), f64x2.add(x, y)))
    }
    if (j < n) {
      const b = <usize>j << 3
      const x = u0 * load<f64>(a0 + b) + u1 * load<f64>(a1 + b)
      const y = u2 * load<f64>(a2 + b) + u3 * load<f64>(a3 + b)
      store<f64>(w + b, load<f64>(w + b) + (x + y))
    }
  }
  for (; i < rows; i++) addTo(w, load<f64>(at(u, i)), at(A, i * step), n)
}

/** a ← a + s w, and ⟨a, v⟩ of the new a. */
function addAndDot(a: usize, s: f64, w: usize, v: usize, n: i32): f64 {
  const f = f64x2.splat(s)
  let s0 = f64x2.splat(0), s1 = s0
  let i = 0
  for (; i + 3 < n; i += 4) {
    const x = f64x2.add(v128.load(a), f64x2.mul(f, v128.load(w)))
    const y = f64x2.add(v128.load(a, 16), f64x2.mul(f, v128.load(w, 16)))
    v128.store(a, x)
    v128.store(a, y, 16)
    s0 = f64x2.add(s0, f64x2.mul(x, v128.load(v)))
    s1 = f64x2.add(s1, f64x2.mul(y, v128.load(v, 16)))
    a += 32
    w += 32
    v += 32
  }
  let sum = both(f64x2.add(s0, s1))
  for (; i < n; i++) {
    const x = load<f64>(a) + s * load<f64>(w)
    store<f64>(a, x)
    sum += x * load<f64>(v)
    a += 8
    w += 8
    v += 8
  }
  return sum
}

/**
 * A = P B Zᵀ for a square A[n, n] (lost): d[n] and e[n - 1] are the diagonals of the upper bidiagonal B, the rows of L and
 * of Z (zero before) the reflectors of P and Z; those of Z are zero before entry k + 1.
 *
 * A is passed over twice for a column and a row: once for w = Aᵀu, once row by row for both updates.
 */
export function bidiagonal64(A: usize, n: i32, L: usize, tauL: usize, Z: usize, tauZ: usize, d: usize, e: usize, w: usize): void {
  for (let k = 0; k < n; k++) {
    const rest = n - k - 1
    const u = at(L, k * n + k)
    for (let i = 0; i <= rest; i++) store<f64>(at(u, i), load<f64>(at(A, (k + i) * n + k)))
    const t = reflector(u, n - k, at(d, k))
    store<f64>(at(tauL, k), t)
    store<f64>(at(tauZ, k), 0)
    if (rest == 0) break
    const row = at(A, k * n + k + 1)
    if (t != 0) {
      combine(u, row, n - k, n, w, rest)
      addTo(row, -t, w, rest)
    } else memory.fill(w, 0, <usize>rest << 3)
    const v = at(Z, k * n + k + 1)
    memory.copy(v, row, <usize>rest << 3)
    const r = reflector(v, rest, at(e, k))
    store<f64>(at(tauZ, k), r)
    for (let i = 1; i <= rest; i++) {
      const a = at(row, i * n)
      const z = addAndDot(a, -t * load<f64>(at(u, i)), w, v, rest)
      if (r != 0) addTo(a, -r * z, v, rest)
    }
  }
}
