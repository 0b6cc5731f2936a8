// A = Q T Qᵀ for a symmetric A, T tridiagonal, Q = H_0 H_1 ... by reflectors, in panels, in f64.
//
// Within a panel A stays as it was: what its reflectors v and their companions w would have changed,
//
//     A ← A - v wᵀ - w vᵀ        w = τ (A v) - ½ τ² (vᵀ A v) v
//
// is added to the row that is needed next and to each product A v; a matrix product makes up for it at the panel's end.
// So half of the flops are in gemm, and the other half pass once over a triangle of A.
// Source: Dongarra, Sorensen & Hammarling 1989; LAPACK's dsytrd and dlatrd.

import { addTo, at, both, dot, reflector } from './householder'
import { gemm64 } from './gemm'

/** Reflectors per panel, and rows per product; core/backends/wasm/linalg.ts reserves memory accordingly. */
const PANEL: i32 = 32
const STRIPE: i32 = 64

/** y ← A x, from the upper triangle of A[m, m] (rows n entries apart) only: four rows to a pass. */
function symmetricTimes(A: usize, n: i32, m: i32, x: usize, y: usize): void {
  memory.fill(y, 0, <usize>m << 3)
  let i = 0
  for (; i + 3 < m; i += 4) {
    // The corner, 4 × 4.
    for (let r = i; r < i + 4; r++) {
      const row = at(A, r * n)
      const xr = load<f64>(at(x, r))
      let sum = load<f64>(at(row, r)) * xr
      for (let q = r + 1; q < i + 4; q++) {
        const a = load<f64>(at(row, q))
        sum += a * load<f64>(at(x, q))
        store<f64>(at(y, q), load<f64>(at(y, q)) + a * xr)
      }
      store<f64>(at(y, r), load<f64>(at(y, r)) + sum)
    }
    const a0 = at(A, i * n), a1 = at(a0, n), a2 = at(a1, n), a3 = at(a2, n)
    const x0 = load<f64>(at(x, i)), x1 = load<f64>(at(x, i + 1)), x2 = load<f64>(at(x, i + 2)), x3 = load<f64>(at(x, i + 3))
    const f0 = f64x2.splat(x0), f1 = f64x2.splat(x1), f2 = f64x2.splat(x2), f3 = f64x2.splat(x3)
    let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0
    let j = i + 4
    for (; j + 1 < m; j += 2) {
      const b = <usize>j << 3
      const v = v128.load(x + b)
      const p = v128.load(a0 + b), q = v128.load(a1 + b), r = v128.load(a2 + b), t = v128.load(a3 + b)
      s0 = f64x2.add(s0, f64x2.mul(p, v))
      s1 = f64x2.add(s1, f64x2.mul(q, v))
      s2 = f64x2.add(s2, f64x2.mul(r, v))
      s3 = f64x2.add(s3, f64x2.mul(t, v))
      const u = f64x2.add(f64x2.mul(f0, p), f64x2.mul(f1, q))
      const w = f64x2.add(f64x2.mul(f2, r), f64x2.mul(f3, t))
      v128.store(y + b, f64x2.add(v128.load(y + b), f64x2.add(u, w)))
    }
    let t0 = both(s0), t1 = both(s1), t2 = both(s2), t3 = both(s3)
    if (j < m) {
      const b = <usize>j << 3
      const v = load<f64>(x + b)
      const p = load<f64>(a0 + b), q = load<f64>(a1 + b), r = load<f64>(a2 + b), t = load<f64>(a3 + b)
      t0 += p * v
      t1 += q * v
      t2 += r * v
      t3 += t * v
      store<f64>(y + b, load<f64>(y + b) + (x0 * p + x1 * q + (x2 * r + x3 * t)))
    }
    const to = at(y, i)
    store<f64>(to, load<f64>(to) + t0)
    store<f64>(to, load<f64>(to, 8) + t1, 8)
    store<f64>(to, load<f64>(to, 16) + t2, 16)
    store<f64>(to, load<f64>(to, 24) + t3, 24)
  }
  for (; i < m; i++) {
    const row = at(A, i * n + i)
    const xi = load<f64>(at(x, i))
    store<f64>(at(y, i), load<f64>(at(y, i)) + dot(row, at(x, i), m - i))
    addTo(at(y, i + 1), xi, row + 8, m - i - 1)
  }
}

/**
 * Only the upper triangle of A[n, n] is read. Row k becomes v_k (zero before entry k + 1), d[n] and e[n] the diagonals of T,
 * the last of e 0. work: 4 PANEL n entries for the panel, and gemm's.
 */
export function tridiagonal64(A: usize, n: i32, d: usize, e: usize, tau: usize, work: usize): void {
  // X = [V; W] and Y = [-W; -V], a row for each reflector: A ← A + Xᵀ Y.
  const X = work
  const Y = at(X, 2 * PANEL * n)
  const rest = at(Y, 2 * PANEL * n)
  for (let k0 = 0; k0 < n; k0 += PANEL) {
    const k1 = min(n, k0 + PANEL)
    const b = k1 - k0
    const W = at(X, b * n)
    for (let k = k0; k < k1; k++) {
      const i = k - k0
      const row = at(A, k * n + k)
      for (let j = 0; j < i; j++) {
        const v = at(X, j * n + k), w = at(W, j * n + k)
        addTo(row, -load<f64>(v), w, n - k)
        addTo(row, -load<f64>(w), v, n - k)
      }
      store<f64>(at(d, k), load<f64>(row))
      const len = n - k - 1
      const v = at(X, i * n + k + 1), w = at(W, i * n + k + 1)
      if (len == 0) {
        store<f64>(at(e, k), 0)
        store<f64>(at(tau, k), 0)
        memory.fill(at(A, k * n), 0, <usize>n << 3)
        continue
      }
      const t = reflector(row + 8, len, at(e, k))
      store<f64>(at(tau, k), t)
      memory.fill(at(A, k * n), 0, <usize>(k + 1) << 3)
      memory.copy(v, row + 8, <usize>len << 3)
      if (t == 0) {
        memory.fill(w, 0, <usize>len << 3)
        continue
      }
      symmetricTimes(at(A, (k + 1) * n + k + 1), n, len, v, w)
      for (let j = 0; j < i; j++) {
        const vj = at(X, j * n + k + 1), wj = at(W, j * n + k + 1)
        const a = dot(wj, v, len), c = dot(vj, v, len)
        addTo(w, -a, vj, len)
        addTo(w, -c, wj, len)
      }
      const half = -0.5 * t * dot(w, v, len)
      for (let j = 0; j < len; j++) store<f64>(at(w, j), t * (load<f64>(at(w, j)) + half * load<f64>(at(v, j))))
    }
    if (k1 == n) break
    const left = n - k1
    for (let i = 0; i < b; i++) {
      const v = at(X, i * n + k1), w = at(W, i * n + k1)
      const minusW = at(Y, i * n + k1), minusV = at(Y, (b + i) * n + k1)
      for (let j = 0; j < left; j++) {
        store<f64>(at(minusW, j), -load<f64>(at(w, j)))
        store<f64>(at(minusV, j), -load<f64>(at(v, j)))
      }
    }
    for (let i = k1; i < n; i += STRIPE)
      gemm64(at(X, i), 1, n, at(Y, i), n, 1, at(A, i * n + i), n, min(STRIPE, n - i), n - i, 2 * b, rest)
  }
}
