// Convolutions of 3 × 3 in Winograd's form (winograd.ts), over runs of samples. For each of the 36 places s of a transformed tile,
// with tiles t and channels c, o, the products ⊙ summed over channels are a product of matrices,
//
//     M_s[t, o] = Σ_c V_s[t, c] U_s[c, o]        V = Bᵀ d B of all tiles,   y = Aᵀ M A
//
// and the adjoint in the weights is that of the same formula: from the cotangent of a tile, W = A ct Aᵀ, follows
//
//     dU_s[o, c] = Σ_t W_s[t, o] V_s[t, c]       and dw = Gᵀ dU G, once, when all samples have been summed up.
//
// Vectors are four channels everywhere but in x and y. A few tiles at a time go through all steps, so that they stay in the cache.
//
// A plan is a list of integers: channels of x and of y, height and width of x, rows and columns before x, height and width of y.

import { madd } from './lanes'
import { applyA, applyAt, applyBt, storeTransposed } from './winograd'

/** Tiles at a time; places of a tile. */
const T: i32 = 16
const PLACES: usize = 36

// @ts-ignore: decorator
@inline function field(plan: usize, i: i32): i32 { return load<i32>(plan + (<usize>i << 2)) }

// @ts-ignore: decorator
@inline function upTo(multiple: i32, n: i32): i32 { return (n + multiple - 1) & -multiple }

/** Bytes of T tiles at one place; not a power of two, at which all places would share a few sets of the cache. */
// @ts-ignore: decorator
@inline function placeStep(channels: i32): usize { return (<usize>(T * channels) << 2) + 64 }

/**
 * x [channels, h, w] into its image [channels / 4, rows, columns, 4], below `above` rows and `left` columns. The channels beyond
 * the last, up to a whole vector, are copies of it: nothing reads what becomes of them.
 */
function loadLanes(x: usize, channels: i32, h: i32, w: i32, above: i32, left: i32, rows: i32, columns: i32, image: usize): void {
  const plane = <usize>(h * w) << 2
  for (let c = 0; c < channels; c += 4) {
    const last = channels - 1 - c
    const c1 = <usize>min(1, last) * plane, c2 = <usize>min(2, last) * plane, c3 = <usize>min(3, last) * plane
    let from = x + <usize>c * plane
    for (let i = 0; i < h; i++) {
      let to = image + (<usize>((i + above) * columns + left) << 4)
      let j = 0
      for (; j + 4 <= w; j += 4) {
        storeTransposed(v128.load(from), v128.load(from + c1), v128.load(from + c2), v128.load(from + c3), to, 16)
        from += 16
        to += 64
      }
      for (; j < w; j++) {
        store<f32>(to, load<f32>(from))
        store<f32>(to, load<f32>(from + c1), 4)
        store<f32>(to, load<f32>(from + c2), 8)
        store<f32>(to, load<f32>(from + c3), 12)
        from += 4
        to += 16
      }
    }
    image += <usize>(rows * columns) << 4
  }
}

/** V = Bᵀ d B of one tile: places 36, step bytes apart, channels next to each other. room: 36 vectors. */
// @ts-ignore: decorator
@inline function transformInput(d: usize, line: usize, plane: usize, channels: i32, v: usize, step: usize, room: usize): void {
  for (let c = 0; c < channels; c += 4) {
    for (let j: usize = 0; j < 6; j++) applyBt(d + (j << 4), line, room + (j << 4), 96)
    for (let i: usize = 0; i < 6; i++) applyBt(room + 96 * i, 16, v + 6 * i * step, step)
    d += plane
    v += 16
  }
}

/** W = A ct Aᵀ of one tile, likewise. */
// @ts-ignore: decorator
@inline function transformCotangent(ct: usize, line: usize, plane: usize, channels: i32, w: usize, step: usize, room: usize): void {
  for (let c = 0; c < channels; c += 4) {
    for (let j: usize = 0; j < 4; j++) applyA(ct + (j << 4), line, room + (j << 4), 64)
    for (let i: usize = 0; i < 6; i++) applyA(room + 64 * i, 16, w + 6 * i * step, step)
    ct += plane
    w += 16
  }
}

/** y = Aᵀ M A of one tile; only `rows` and `columns` of its 4 × 4 outputs exist. */
// @ts-ignore: decorator
@inline function transformOutput(m: usize, step: usize, y: usize, line: usize, plane: usize, channels: i32, rows: i32, columns: i32, room: usize): void {
  for (let c = 0; c < channels; c += 4) {
    const n = min(4, channels - c)
    for (let j: usize = 0; j < 6; j++) applyAt(m + j * step, 6 * step, room + (j << 4), 96)
    for (let i: usize = 0; i < <usize>rows; i++) {
      const row = room + 96 * i
      const to = y + i * line
      applyAt(row, 16, row, 16)
      const y0 = v128.load(row), y1 = v128.load(row, 16), y2 = v128.load(row, 32), y3 = v128.load(row, 48)
      if (n == 4 && columns == 4) storeTransposed(y0, y1, y2, y3, to, plane)
      else
        for (let r: usize = 0; r < <usize>n; r++)
          for (let j: usize = 0; j < <usize>columns; j++)
            store<f32>(to + r * plane + (j << 2), load<f32>(row + (j << 4) + (r << 2)))
    }
    m += 16
    y += 4 * plane
  }
}

/** c[4, 8] = Σ_k a[4, k] b[k, 8], or added to c. Steps in bytes: rows of a, its columns, rows of b, rows of c. */
// @ts-ignore: decorator
@inline function tile(a: usize, am: usize, ak: usize, b: usize, bk: usize, k: i32, c: usize, cm: usize, onTop: bool): void {
  const c1 = c + cm, c2 = c1 + cm, c3 = c2 + cm
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00
  if (onTop) {
    c00 = v128.load(c); c01 = v128.load(c, 16)
    c10 = v128.load(c1); c11 = v128.load(c1, 16)
    c20 = v128.load(c2); c21 = v128.load(c2, 16)
    c30 = v128.load(c3); c31 = v128.load(c3, 16)
  }
  let a1 = a + am, a2 = a1 + am, a3 = a2 + am
  for (; k > 0; k--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16)
    b += bk
    let v = v128.load32_splat(a)
    c00 = madd<f32>(v, b0, c00)
    c01 = madd<f32>(v, b1, c01)
    v = v128.load32_splat(a1)
    c10 = madd<f32>(v, b0, c10)
    c11 = madd<f32>(v, b1, c11)
    v = v128.load32_splat(a2)
    c20 = madd<f32>(v, b0, c20)
    c21 = madd<f32>(v, b1, c21)
    v = v128.load32_splat(a3)
    c30 = madd<f32>(v, b0, c30)
    c31 = madd<f32>(v, b1, c31)
    a += ak; a1 += ak; a2 += ak; a3 += ak
  }
  v128.store(c, c00); v128.store(c, c01, 16)
  v128.store(c1, c10); v128.store(c1, c11, 16)
  v128.store(c2, c20); v128.store(c2, c21, 16)
  v128.store(c3, c30); v128.store(c3, c31, 16)
}

/**
 * y of `count` samples, which lie xStep and yStep bytes apart. U: for each place and eight channels of y a panel [c, 8].
 * room: the image, whose border is zero already, a tile's scratch, V and M.
 */
/**
 * y of `count` samples, which lie xStep and yStep bytes apart. U: for each place, and each eight channels o, a panel [c, 8].
 * room: the image of a sample, whose border is zero already, scratch for one tile, V and M.
 */
export function winogradProduct32(x: usize, xStep: usize, y: usize, yStep: usize, count: i32, U: usize, plan: usize, room: usize): void {
  const C = field(plan, 0), O = field(plan, 1), h = field(plan, 2), w = field(plan, 3)
  const above = field(plan, 4), left = field(plan, 5), H = field(plan, 6), W = field(plan, 7)
  const across = (W + 3) / 4, tiles = (H + 3) / 4 * across
  const rows = 4 * ((H + 3) / 4) + 2, columns = 4 * across + 2
  const C4 = upTo(4, C), O8 = upTo(8, O)
  const line = <usize>columns << 4, plane = <usize>rows * line
  const yLine = <usize>W << 2, yPlane = <usize>H * yLine
  const scratch = room + <usize>(C4 / 4) * plane
  const V = scratch + PLACES * 16, vStep = placeStep(C4), vTile = <usize>C4 << 2
  const M = V + PLACES * vStep, mStep = placeStep(O8), mTile = <usize>O8 << 2
  for (; count > 0; count--) {
    loadLanes(x, C, h, w, above, left, rows, columns, room)
    for (let first = 0; first < tiles; first += T) {
      const n = min(T, tiles - first)
      for (let t = 0; t < n; t++) {
        const i = (first + t) / across * 4, j = (first + t) % across * 4
        transformInput(room + <usize>i * line + (<usize>j << 4), line, plane, C, V + <usize>t * vTile, vStep, scratch)
      }
      let u = U
      for (let s: usize = 0; s < PLACES; s++)
        for (let o = 0; o < O; o += 8) {
          for (let t: usize = 0; t < <usize>n; t += 4)
            tile(V + s * vStep + t * vTile, vTile, 4, u, 32, C, M + s * mStep + t * mTile + (<usize>o << 2), mTile, false)
          u += <usize>C << 5
        }
      for (let t = 0; t < n; t++) {
        const i = (first + t) / across * 4, j = (first + t) % across * 4
        transformOutput(M + <usize>t * mTile, mStep, y + <usize>i * yLine + (<usize>j << 2), yLine, yPlane, O, min(4, H - i), min(4, W - j), scratch)
      }
    }
    x += xStep
    y += yStep
  }
}

/** total += x, n entries in f64 and f32. */
// @ts-ignore: decorator
@inline function addTo(total: usize, x: usize, n: i32): void {
  for (; n > 0; n -= 4) {
    const v = v128.load(x)
    v128.store(total, f64x2.add(v128.load(total), f64x2.promote_low_f32x4(v)))
    v128.store(total, f64x2.add(v128.load(total, 16), f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3))), 16)
    x += 16
    total += 32
  }
}

/**
 * total[s, o, c], o in whole fours and c in whole eights, += dU of `count` samples, which lie xStep and ctStep bytes apart.
 * room: the images of a sample and of its cotangent, whose borders are zero already, scratch for one tile, V, W and dU.
 */
export function winogradAdjoint32(x: usize, xStep: usize, ct: usize, ctStep: usize, count: i32, total: usize, plan: usize, room: usize): void {
  const C = field(plan, 0), O = field(plan, 1), h = field(plan, 2), w = field(plan, 3)
  const above = field(plan, 4), left = field(plan, 5), H = field(plan, 6), W = field(plan, 7)
  const down = (H + 3) / 4, across = (W + 3) / 4, tiles = down * across
  const C4 = upTo(4, C), C8 = upTo(8, C), O4 = upTo(4, O)
  const rows = 4 * down + 2, columns = 4 * across + 2
  const line = <usize>columns << 4, plane = <usize>rows * line
  const ctLine = <usize>across << 6, ctPlane = <usize>down * 4 * ctLine
  const cotangent = room + <usize>(C4 / 4) * plane
  const scratch = cotangent + <usize>(O4 / 4) * ctPlane
  const V = scratch + PLACES * 16, vStep = placeStep(C8), vTile = <usize>C8 << 2
  const M = V + PLACES * vStep, mStep = placeStep(O4), mTile = <usize>O4 << 2
  const dU = M + PLACES * mStep, uStep = <usize>(O4 * C8) << 2, uLine = <usize>C8 << 2
  for (; count > 0; count--) {
    loadLanes(x, C, h, w, above, left, rows, columns, room)
    loadLanes(ct, O, H, W, 0, 0, 4 * down, 4 * across, cotangent)
    memory.fill(dU, 0, PLACES * uStep)
    for (let first = 0; first < tiles; first += T) {
      const n = min(T, tiles - first)
      for (let t = 0; t < n; t++) {
        const i = <usize>((first + t) / across * 4), j = <usize>((first + t) % across) << 6
        transformInput(room + i * line + j, line, plane, C, V + <usize>t * vTile, vStep, scratch)
        transformCotangent(cotangent + i * ctLine + j, ctLine, ctPlane, O, M + <usize>t * mTile, mStep, scratch)
      }
      for (let s: usize = 0; s < PLACES; s++)
        for (let o: usize = 0; o < <usize>O; o += 4)
          for (let c: usize = 0; c < <usize>C; c += 8)
            tile(M + s * mStep + (o << 2), 4, mTile, V + s * vStep + (c << 2), vTile, n, dU + s * uStep + o * uLine + (c << 2), uLine, true)
    }
    addTo(total, dU, <i32>PLACES * O4 * C8)
    x += xStep
    ct += ctStep
  }
}
