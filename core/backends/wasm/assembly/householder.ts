// One Householder reflector H = I - τ v vᵀ, and the vector loops around it, in f64.

/** A norm from which entries are scaled up, by 2^600. */
const SMALL: f64 = 1e-280
const SCALE: f64 = 4.149515568880993e180

// @ts-ignore: decorator
@inline export function at(p: usize, i: i32): usize {
  return p + (<usize>i << 3)
}

// @ts-ignore: decorator
@inline export function both(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1)
}

/** ⟨x, y⟩ */
export function dot(x: usize, y: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0
  let i = 0
  for (; i + 7 < n; i += 8) {
    s0 = f64x2.add(s0, f64x2.mul(v128.load(x), v128.load(y)))
    s1 = f64x2.add(s1, f64x2.mul(v128.load(x, 16), v128.load(y, 16)))
    s2 = f64x2.add(s2, f64x2.mul(v128.load(x, 32), v128.load(y, 32)))
    s3 = f64x2.add(s3, f64x2.mul(v128.load(x, 48), v128.load(y, 48)))
    x += 64
    y += 64
  }
  let sum = both(f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3)))
  for (; i < n; i++) {
    sum += load<f64>(x) * load<f64>(y)
    x += 8
    y += 8
  }
  return sum
}

/** y ← y + a x */
export function addTo(y: usize, a: f64, x: usize, n: i32): void {
  const s = f64x2.splat(a)
  let i = 0
  for (; i + 3 < n; i += 4) {
    v128.store(y, f64x2.add(v128.load(y), f64x2.mul(s, v128.load(x))))
    v128.store(y, f64x2.add(v128.load(y, 16), f64x2.mul(s, v128.load(x, 16))), 16)
    x += 32
    y += 32
  }
  for (; i < n; i++) {
    store<f64>(y, load<f64>(y) + a * load<f64>(x))
    x += 8
    y += 8
  }
}

/** Euclidean norm without overflow or underflow of the squares, as in core/linalg/scaling.ts. */
function norm(x: usize, n: i32): f64 {
  const sum = dot(x, x, n)
  if (sum > 1e-250 && sum < 1e300) return Math.sqrt(sum)
  let max: f64 = 0
  for (let i = 0; i < n; i++) max = Math.max(max, Math.abs(load<f64>(at(x, i))))
  if (max == 0 || !(max < Infinity)) return max
  let scaled: f64 = 0
  for (let i = 0; i < n; i++) {
    const q = load<f64>(at(x, i)) / max
    scaled += q * q
  }
  return max * Math.sqrt(scaled)
}

/**
 * Turns x[n] into v, x[0] into 1, and returns τ; writes β, with H x = β e_0, to `beta`. x_0 - β adds two numbers of one
 * sign, so nothing cancels; a multiple of e_0 needs no reflection: τ = 0. Subnormal numbers, which have few digits, are
 * scaled up before, or H would not be orthogonal: they are what rounding leaves of rounding in a matrix of low rank.
 */
export function reflector(x: usize, n: i32, beta: usize): f64 {
  if (norm(x + 8, n - 1) == 0) {
    store<f64>(beta, load<f64>(x))
    store<f64>(x, 1)
    return 0
  }
  let size = norm(x, n)
  let scale: f64 = 1
  if (size < SMALL) {
    scale = SCALE
    for (let i = 0; i < n; i++) store<f64>(at(x, i), load<f64>(at(x, i)) * scale)
    size = norm(x, n)
  }
  const x0 = load<f64>(x)
  const b = x0 > 0 ? -size : size
  const pivot = x0 - b
  store<f64>(x, 1)
  for (let i = 1; i < n; i++) store<f64>(at(x, i), load<f64>(at(x, i)) / pivot)
  store<f64>(beta, b / scale)
  return (b - x0) / b
}
