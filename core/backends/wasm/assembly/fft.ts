// Complex Fourier transforms of a power of two n, two vectors at a time in the two lanes: radix 4, in place, from digits in reversed order. Every
// operation is that of fft.js in its order, so results are its bits, and with them those of core/backends/plain/fft.ts.
//
// A room holds the input and the output, n complex numbers each, as vectors re, im.

import { loadLanes } from './vectors'

/** How vectors lie in memory: sixteen integers, eight for x and eight for y. */
const SIDE = 32
/** Bytes from real to imaginary part, from number to number, from vector to vector along `inner`, and from one index of `outer` to the next. */
// @ts-ignore: decorator
@inline function field(plan: usize, i: i32): i32 {
  return load<i32>(plan + (<usize>i << 2))
}
