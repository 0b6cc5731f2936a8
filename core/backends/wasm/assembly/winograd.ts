// Winograd's minimal filtering F(4×4, 3×3): a tile of 4 × 4 outputs y of a 3 × 3 filter g over 6 × 6 inputs d takes 36
// multiplications instead of 144 (Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016, eq. 8 and § 4.3):
//
//     y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
//
// In one dimension: the product of polynomials g(x) of degree 2 and c(x) of degree 3 has degree 5, so its values at six points
// determine it. Evaluate both, multiply, interpolate (Cook and Toom); correlation with g is the transpose of that, linear in c.
// With points p = 0, a, -a, b, -b and ∞, where ∞ stands for the leading coefficient, evaluation and interpolation become
//
//     row p of G:   (1, p, p²) / N(p)      N(p) = Π_{q≠p} (p - q)               row ∞: (0, 0, 1)
//     row p of Bᵀ:  the coefficients of Π_{q≠p} (x - q), q among the finite points     row ∞: those of Π_q (x - q)
//     column p of Aᵀ: (1, p, p², p³)                                           column ∞: (0, 0, 0, 1)
//
// The paper has a = 1, b = 2. Here a = √½, b = √2: since ab = 1, the entries are within 1/6 and 2√2, and errors in f32
// are a third of the paper's (Barabasz et al., Error Analysis and Improving the Accuracy of Winograd Convolution, 2020).
// N is 1 at 0, -3/2 at ±a and 6 at ±b.
//
//          ⎡ 1   0  -5/2   0    1   0 ⎤           ⎡  1      0      0  ⎤
//          ⎢ 0  -b   -2    a    1   0 ⎥           ⎢-2/3  -2a/3   -1/3 ⎥           ⎡ 1  1   1   1   1   0 ⎤
//     Bᵀ = ⎢ 0   b   -2   -a    1   0 ⎥       G = ⎢-2/3   2a/3   -1/3 ⎥      Aᵀ = ⎢ 0  a  -a   b  -b   0 ⎥
//          ⎢ 0  -a  -1/2   b    1   0 ⎥           ⎢ 1/6    b/6    1/3 ⎥           ⎢ 0  ½   ½   2   2   0 ⎥
//          ⎢ 0   a  -1/2  -b    1   0 ⎥           ⎢ 1/6   -b/6    1/3 ⎥           ⎣ 0 a/2 -a/2 2b -2b  1 ⎦
//          ⎣ 0   1    0  -5/2   0   1 ⎦           ⎣  0      0      1  ⎦
//
// Here are Bᵀ, Aᵀ and A, each applied to vectors of four channels. G acts on weights only, and stays in TypeScript (../winograd.ts).

import { madd } from './lanes'

const a: f32 = 0.70710678118654752
const b: f32 = 1.41421356237309505

// @ts-ignore: decorator
@inline function add(u: v128, v: v128): v128 { return f32x4.add(u, v) }
// @ts-ignore: decorator
@inline function sub(u: v128, v: v128): v128 { return f32x4.sub(u, v) }
// @ts-ignore: decorator
@inline function times(s: f32, u: v128): v128 { return f32x4.mul(f32x4.splat(s), u) }
/** s u + v */
// @ts-ignore: decorator
@inline function plus(s: f32, u: v128, v: v128): v128 { return madd<f32>(f32x4.splat(s), u, v) }

/** y = Bᵀ d: six vectors from six, dStep and yStep bytes apart. */
// @ts-ignore: decorator
@inline export function applyBt(d: usize, dStep: usize, y: usize, yStep: usize): void {
  const d0 = v128.load(d), d1 = v128.load(d + dStep), d2 = v128.load(d + 2 * dStep)
  const d3 = v128.load(d + 3 * dStep), d4 = v128.load(d + 4 * dStep), d5 = v128.load(d + 5 * dStep)
  v128.store(y, plus(-2.5, d2, add(d0, d4)))
  let even = plus(-2, d2, d4), odd = plus(a, d3, times(-b, d1))
  v128.store(y + yStep, add(even, odd))
  v128.store(y + 2 * yStep, sub(even, odd))
  even = plus(-0.5, d2, d4)
  odd = plus(b, d3, times(-a, d1))
  v128.store(y + 3 * yStep, add(even, odd))
  v128.store(y + 4 * yStep, sub(even, odd))
  v128.store(y + 5 * yStep, plus(-2.5, d3, add(d1, d5)))
}

/** y = Aᵀ m: four vectors from six. May work in place. */
// @ts-ignore: decorator
@inline export function applyAt(m: usize, mStep: usize, y: usize, yStep: usize): void {
  const m0 = v128.load(m), m1 = v128.load(m + mStep), m2 = v128.load(m + 2 * mStep)
  const m3 = v128.load(m + 3 * mStep), m4 = v128.load(m + 4 * mStep), m5 = v128.load(m + 5 * mStep)
  const evenA = add(m1, m2), evenB = add(m3, m4), oddA = times(a, sub(m1, m2)), oddB = times(b, sub(m3, m4))
  v128.store(y, add(m0, add(evenA, evenB)))
  v128.store(y + yStep, add(oddA, oddB))
  v128.store(y + 2 * yStep, plus(0.5, evenA, add(evenB, evenB)))
  v128.store(y + 3 * yStep, plus(2, oddB, plus(0.5, oddA, m5)))
}

/** m = A c: six vectors from four, the adjoint of the above. */
// @ts-ignore: decorator
@inline export function applyA(c: usize, cStep: usize, m: usize, mStep: usize): void {
  const c0 = v128.load(c), c1 = v128.load(c + cStep), c2 = v128.load(c + 2 * cStep), c3 = v128.load(c + 3 * cStep)
  v128.store(m, c0)
  let even = plus(0.5, c2, c0), odd = times(a, plus(0.5, c3, c1))
  v128.store(m + mStep, add(even, odd))
  v128.store(m + 2 * mStep, sub(even, odd))
  even = plus(2, c2, c0)
  odd = times(b, plus(2, c3, c1))
  v128.store(m + 3 * mStep, add(even, odd))
  v128.store(m + 4 * mStep, sub(even, odd))
  v128.store(m + 5 * mStep, c3)
}

/** The transpose of four vectors of four, stored yStep bytes apart. */
// @ts-ignore: decorator
@inline export function storeTransposed(u: v128, v: v128, w: v128, x: v128, y: usize, yStep: usize): void {
  const uv0 = v128.shuffle<f32>(u, v, 0, 4, 1, 5), uv2 = v128.shuffle<f32>(u, v, 2, 6, 3, 7)
  const wx0 = v128.shuffle<f32>(w, x, 0, 4, 1, 5), wx2 = v128.shuffle<f32>(w, x, 2, 6, 3, 7)
  v128.store(y, v128.shuffle<f32>(uv0, wx0, 0, 1, 4, 5))
  v128.store(y + yStep, v128.shuffle<f32>(uv0, wx0, 2, 3, 6, 7))
  v128.store(y + 2 * yStep, v128.shuffle<f32>(uv2, wx2, 0, 1, 4, 5))
  v128.store(y + 3 * yStep, v128.shuffle<f32>(uv2, wx2, 2, 3, 6, 7))
}
