// What every kernel needs: two vectors of T fill a tile's width.

// @ts-ignore: decorator
@inline export const ROWS: i32 = 4

/** Entries in two vectors: the columns of a tile. */
// @ts-ignore: decorator
@inline export function width<T>(): i32 {
  return 32 / <i32>sizeof<T>()
}

/** One entry in all lanes. */
// @ts-ignore: decorator
@inline export function splatAt<T>(p: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(p) : v128.load64_splat(p)
}

/** a b + c in each lane: rounded once in the relaxed build (fused multiply-add, where the processor has it), else twice. */
// @ts-ignore: decorator
@inline export function madd<T>(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<T>(a, b, c)
  return v128.add<T>(c, v128.mul<T>(a, b))
}
