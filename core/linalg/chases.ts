/**
 * The singular values of an upper bidiagonal B [n, n] by chases of plane rotations, and the log of these:
 *
 *   B = X diag(d) Yᵀ      Xᵀ = all rotations of `left`, Yᵀ = all rotations of `right`; d of either sign and in any order
 *
 * A chase starts with a rotation from the right at the top, which makes a bulge below the diagonal, and moves it down
 * and out of the matrix with rotations from the left and the right in turn: one QR step with a shift on BᵀB, which is
 * never formed. The last off-diagonal entry of the block shrinks with the cube of itself. While the smallest singular
 * value is so small that a shift would cost it its digits, the shift is zero and the chase takes a form that has no
 * subtraction, so that small singular values of B come out to high relative accuracy.
 *
 * Cost: about n²/2 to n² rotations a side, and no more than that: the vectors are left to the log.
 *
 * Source: Golub & Kahan 1965; Demmel & Kahan 1990, "Accurate Singular Values of Bidiagonal Matrices" (criteria, zero
 * shift), as in LAPACK's dbdsqr.
 */
export interface BidiagonalSVD {
  d: Float64Array
  left: ChaseLog
  right: ChaseLog
  chases: number
  /** False if 30 chases per singular value were not enough; never seen. */
  converged: boolean
}

/** Rotations of neighbouring rows in the order in which they were made: row_i ← c row_i + s row_i+1, row_i+1 ← c row_i+1 - s row_i. */
export class ChaseLog {
  /** First row and number of rotations of each run, which moves down. */
  readonly runs: number[] = []
  /** c and s of each rotation. */
  cs = new Float64Array(256)
  count = 0

  run(first: number, count: number): void {
    this.runs.push(first, count)
    if (2 * (this.count + count) <= this.cs.length) return
    const cs = new Float64Array(2 * this.cs.length + 2 * count)
    cs.set(this.cs)
    this.cs = cs
  }

  push(c: number, s: number): void {
    const at = 2 * this.count++
    this.cs[at] = c
    this.cs[at + 1] = s
  }

  /** x ← all rotations x, in place. */
  forward(x: Float64Array): void {
    const { cs, runs } = this
    let at = 0
    for (let r = 0; r < runs.length; r += 2) {
      for (let i = runs[r]; i < runs[r] + runs[r + 1]; i++, at += 2) {
        const [a, b] = [x[i], x[i + 1]]
        x[i] = cs[at] * a + cs[at + 1] * b
        x[i + 1] = cs[at] * b - cs[at + 1] * a
      }
    }
  }

  /** The same on the rows of X [n, width]. */
  forwardRows(X: Float64Array, width: number): void {
    const { cs, runs } = this
    let at = 0
    for (let r = 0; r < runs.length; r += 2) {
      for (let i = runs[r]; i < runs[r] + runs[r + 1]; i++, at += 2) {
        const [c, s, x, y] = [cs[at], cs[at + 1], i * width, (i + 1) * width]
        for (let j = 0; j < width; j++) {
          const [a, b] = [X[x + j], X[y + j]]
          X[x + j] = c * a + s * b
          X[y + j] = c * b - s * a
        }
      }
    }
  }

  /** x ← the transpose of that times x, in place. */
  backward(x: Float64Array): void {
    const { cs, runs } = this
    let at = 2 * this.count
    for (let r = runs.length - 2; r >= 0; r -= 2) {
      for (let i = runs[r] + runs[r + 1] - 1; i >= runs[r]; i--) {
        at -= 2
        const [a, b] = [x[i], x[i + 1]]
        x[i] = cs[at] * a - cs[at + 1] * b
        x[i + 1] = cs[at] * b + cs[at + 1] * a
      }
    }
  }
}

const UNIT = Number.EPSILON / 2
/** An off-diagonal entry that changes no singular value by more than this, relative to itself, counts as zero. */
const TOLERANCE = 100 * UNIT
const TINIEST = 2 ** -1022

/** The rotation that turns (f, g) into (r, 0). Squares neither overflow nor underflow. */
class Rotation {
  c = 1
  s = 0
  /** Sets c and s, returns r. */
  set(f: number, g: number): number {
    if (g === 0) {
      this.c = 1
      this.s = 0
      return f
    }
    if (Math.abs(f) > Math.abs(g)) {
      const t = g / f
      const u = Math.sqrt(1 + t * t)
      this.c = 1 / u
      this.s = t / u
      return f * u
    }
    const t = f / g
    const u = Math.sqrt(1 + t * t)
    this.s = 1 / u
    this.c = t / u
    return g * u
  }
}

/** d[n] and e[n - 1], the diagonals of B; both are used up. */
export function bidiagonalSVD(d: Float64Array, e: Float64Array): BidiagonalSVD {
  const n = d.length
  const [left, right] = [new ChaseLog(), new ChaseLog()]
  const least = leastSingularValue(d, e)
  const negligible = Math.max((TOLERANCE * least) / Math.sqrt(n), 30 * n * n * TINIEST)
  let chases = 0
  let m = n - 1
  while (m > 0 && chases < 30 * n) {
    // The block l..m: e is negligible before it and nowhere inside.
    let l = m
    let largest = Math.abs(d[m])
    while (l > 0 && Math.abs(e[l - 1]) > negligible) {
      l--
      largest = Math.max(largest, Math.abs(d[l]), Math.abs(e[l]))
    }
    if (l > 0) e[l - 1] = 0
    if (l === m) {
      m--
      continue
    }
    const smallest = splitOrLeast(d, e, l, m)
    if (smallest < 0) continue
    let shift = 0
    if (n * TOLERANCE * smallest > UNIT * largest) {
      shift = smallerSingularValue(d[m - 1], e[m - 1], d[m])
      if ((shift / d[l]) ** 2 < UNIT) shift = 0
    }
    left.run(l, m - l)
    right.run(l, m - l)
    if (shift === 0) chaseUnshifted(d, e, l, m, left, right)
    else chase(d, e, l, m, shift, left, right)
    chases++
  }
  return { d, left, right, chases, converged: m <= 0 }
}

/** A lower bound of B's singular values, but for a factor √n (Demmel & Kahan, section 2); 0 if B is singular. */
function leastSingularValue(d: Float64Array, e: Float64Array): number {
  let mu = Math.abs(d[0])
  let least = mu
  for (let i = 1; i < d.length && least > 0; i++) {
    mu = Math.abs(d[i]) * (mu / (mu + Math.abs(e[i - 1])))
    least = Math.min(least, mu)
  }
  return least
}

/** Sets an entry of e that is negligible to zero and returns -1, or an estimate of the block's least singular value. */
function splitOrLeast(d: Float64Array, e: Float64Array, l: number, m: number): number {
  if (Math.abs(e[m - 1]) <= TOLERANCE * Math.abs(d[m])) {
    e[m - 1] = 0
    return -1
  }
  let mu = Math.abs(d[l])
  let least = mu
  for (let i = l; i < m; i++) {
    if (Math.abs(e[i]) <= TOLERANCE * mu) {
      e[i] = 0
      return -1
    }
    mu = Math.abs(d[i + 1]) * (mu / (mu + Math.abs(e[i])))
    least = Math.min(least, mu)
  }
  return least
}

/** Of [[f, g], [0, h]], as in LAPACK's dlas2. */
function smallerSingularValue(f: number, g: number, h: number): number {
  const lo = Math.min(Math.abs(f), Math.abs(h))
  const hi = Math.max(Math.abs(f), Math.abs(h))
  const off = Math.abs(g)
  if (lo === 0) return 0
  const [a, b] = [1 + lo / hi, (hi - lo) / hi]
  if (off < hi) {
    const u = (off / hi) ** 2
    return lo * (2 / (Math.sqrt(a * a + u) + Math.sqrt(b * b + u)))
  }
  const u = hi / off
  if (u === 0) return (lo * hi) / off
  return 2 * (lo * (1 / (Math.sqrt(1 + (a * u) ** 2) + Math.sqrt(1 + (b * u) ** 2)))) * u
}

function chase(d: Float64Array, e: Float64Array, l: number, m: number, shift: number, left: ChaseLog, right: ChaseLog) {
  const [p, q] = [new Rotation(), new Rotation()]
  let f = (Math.abs(d[l]) - shift) * (Math.sign(d[l]) + shift / d[l])
  let g = e[l]
  for (let i = l; i < m; i++) {
    const above = p.set(f, g)
    if (i > l) e[i - 1] = above
    f = p.c * d[i] + p.s * e[i]
    e[i] = p.c * e[i] - p.s * d[i]
    g = p.s * d[i + 1]
    d[i + 1] *= p.c
    d[i] = q.set(f, g)
    f = q.c * e[i] + q.s * d[i + 1]
    d[i + 1] = q.c * d[i + 1] - q.s * e[i]
    if (i < m - 1) {
      g = q.s * e[i + 1]
      e[i + 1] *= q.c
    }
    right.push(p.c, p.s)
    left.push(q.c, q.s)
  }
  e[m - 1] = f
}

/** The same with shift 0, rearranged so that every entry keeps its relative accuracy. */
function chaseUnshifted(d: Float64Array, e: Float64Array, l: number, m: number, left: ChaseLog, right: ChaseLog) {
  const [p, q] = [new Rotation(), new Rotation()]
  for (let i = l; i < m; i++) {
    const r = p.set(d[i] * p.c, e[i])
    if (i > l) e[i - 1] = q.s * r
    d[i] = q.set(q.c * r, d[i + 1] * p.s)
    right.push(p.c, p.s)
    left.push(q.c, q.s)
  }
  const h = d[m] * p.c
  d[m] = h * q.c
  e[m - 1] = h * q.s
}
