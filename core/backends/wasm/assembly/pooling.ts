// Max pooling over planes: y[q] = the largest entry of window q, index[q] its place in the plane, the first one of equals; NaN counts as larger than any number.
// And entries of planes at such places, taken, or added among zeros. All of it with the bits of core/backends/plain/pool.ts.

/** Whether a later value replaces the best one so far. */
// @ts-ignore: decorator
@inline function exceeds<T>(value: T, best: T): bool {
  return !(value <= best) && best == best
}

/** Windows that begin at bases[i] and whose entries lie at offsets from there. */
// @ts-ignore: decorator
@inline function windows<T>(x: usize, y: usize, index: usize, bases: usize, count: i32, offsets: usize, size: i32): void {
  for (let i = 0; i < count; i++) {
    const base = load<i32>(bases + (<usize>i << 2))
    let where = base
    let best = load<T>(x + <usize>base * sizeof<T>())
    for (let t = 1; t < size; t++) {
      const at = base + load<i32>(offsets + (<usize>t << 2))
      const value = load<T>(x + <usize>at * sizeof<T>())
      if (exceeds<T>(value, best)) {
        best = value
        where = at
      }
    }
    store<T>(y + <usize>i * sizeof<T>(), best)
    store<i32>(index + (<usize>i << 2), where)
  }
}

/** Four windows of 2 × 2 side by side, of f32: even and odd entries of two rows, `width` apart, are compared lane by lane. */
// @ts-ignore: decorator
@inline function fourSquares(x: usize, corner: i32, width: i32, y: usize, index: usize): void {
  const above = x + (<usize>corner << 2), below = above + (<usize>width << 2)
  const a = v128.load(above), b = v128.load(above, 16), c = v128.load(below), d = v128.load(below, 16)
  let best = v128.shuffle<f32>(a, b, 0, 2, 4, 6)
  let where = i32x4.add(i32x4.splat(corner), i32x4(0, 2, 4, 6))
  let place = where
  for (let k = 1; k < 4; k++) {
    const value = k == 1 ? v128.shuffle<f32>(a, b, 1, 3, 5, 7) : k == 2 ? v128.shuffle<f32>(c, d, 0, 2, 4, 6) : v128.shuffle<f32>(c, d, 1, 3, 5, 7)
    place = i32x4.add(place, i32x4.splat(k == 2 ? width - 1 : 1))
    const larger = v128.andnot(f32x4.eq(best, best), f32x4.le(value, best))
    best = v128.bitselect(value, best, larger)
    where = v128.bitselect(place, where, larger)
  }
  v128.store(y, best)
  v128.store(index, where)
}

/** Planes from … to - 1, of `plane` entries; across: windows of 2 × 2 in a row of them, `width` entries wide, or 0. */
// @ts-ignore: decorator
@inline function maxPool<T>(x: usize, y: usize, index: usize, plane: i32, bases: usize, count: i32, offsets: usize, size: i32, across: i32, width: i32, from: i32, to: i32): void {
  x += <usize>(from * plane) * sizeof<T>()
  y += <usize>(from * count) * sizeof<T>()
  index += <usize>(from * count) << 2
  for (let p = from; p < to; p++) {
    if (sizeof<T>() == 4 && across >= 4) {
      for (let i = 0; i < count; i += across) {
        const corner = load<i32>(bases + (<usize>i << 2))
        for (let j = 0; j < across; j += 4) {
          // The last four may begin among those before them.
          const k = min(j, across - 4)
          const q = <usize>(i + k) << 2
          fourSquares(x, corner + 2 * k, width, y + q, index + q)
        }
      }
    } else windows<T>(x, y, index, bases, count, offsets, size)
    x += <usize>plane * sizeof<T>()
    y += <usize>count * sizeof<T>()
    index += <usize>count << 2
  }
}
export function maxPool32(x: usize, y: usize, index: usize, plane: i32, bases: usize, count: i32, offsets: usize, size: i32, across: i32, width: i32, from: i32, to: i32): void {
  maxPool<f32>(x, y, index, plane, bases, count, offsets, size, across, width, from, to)
}
export function maxPool64(x: usize, y: usize, index: usize, plane: i32, bases: usize, count: i32, offsets: usize, size: i32, across: i32, width: i32, from: i32, to: i32): void {
  maxPool<f64>(x, y, index, plane, bases, count, offsets, size, across, width, from, to)
}

/** y[p, o] = x[p, index[p mod planes, o]]: `large` and `small` entries of a plane of x and of y. */
// @ts-ignore: decorator
@inline function gatherPlanes<T>(x: usize, index: usize, planes: i32, y: usize, large: i32, small: i32, from: i32, to: i32): void {
  for (let p = from; p < to; p++) {
    const plane = x + <usize>(p * large) * sizeof<T>()
    let at = index + (<usize>((p % planes) * small) << 2)
    let q = y + <usize>(p * small) * sizeof<T>()
    for (let o = 0; o < small; o++) {
      store<T>(q, load<T>(plane + <usize>load<i32>(at) * sizeof<T>()))
      at += 4
      q += sizeof<T>()
    }
  }
}
export function gatherPlanes32(x: usize, index: usize, planes: i32, y: usize, large: i32, small: i32, from: i32, to: i32): void { gatherPlanes<f32>(x, index, planes, y, large, small, from, to) }
export function gatherPlanes64(x: usize, index: usize, planes: i32, y: usize, large: i32, small: i32, from: i32, to: i32): void { gatherPlanes<f64>(x, index, planes, y, large, small, from, to) }

/** dx[p, index[p mod planes, o]] += ct[p, o] among zeros. */
// @ts-ignore: decorator
@inline function scatterPlanes<T>(ct: usize, index: usize, planes: i32, dx: usize, large: i32, small: i32, from: i32, to: i32): void {
  memory.fill(dx + <usize>(from * large) * sizeof<T>(), 0, <usize>((to - from) * large) * sizeof<T>())
  for (let p = from; p < to; p++) {
    const plane = dx + <usize>(p * large) * sizeof<T>()
    let at = index + (<usize>((p % planes) * small) << 2)
    let q = ct + <usize>(p * small) * sizeof<T>()
    for (let o = 0; o < small; o++) {
      const to = plane + <usize>load<i32>(at) * sizeof<T>()
      // JavaScript adds in f64.
      store<T>(to, <T>(<f64>load<T>(to) + <f64>load<T>(q)))
      at += 4
      q += sizeof<T>()
    }
  }
}
export function scatterPlanes32(ct: usize, index: usize, planes: i32, dx: usize, large: i32, small: i32, from: i32, to: i32): void { scatterPlanes<f32>(ct, index, planes, dx, large, small, from, to) }
export function scatterPlanes64(ct: usize, index: usize, planes: i32, dx: usize, large: i32, small: i32, from: i32, to: i32): void { scatterPlanes<f64>(ct, index, planes, dx, large, small, from, to) }
