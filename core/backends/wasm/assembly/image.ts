// A sample copied into its image: rows of `width` bytes to their starts (in bytes).
export function loadImage(x: usize, width: i32, starts: usize, rows: i32, image: usize): void {
  for (let r = 0; r < rows; r++) {
    memory.copy(image + <usize>load<i32>(starts + (<usize>r << 2)), x, <usize>width)
    x += <usize>width
  }
}

/** n bytes from one place to another, also faster here. */
export function copy(to: usize, from: usize, n: usize): void {
  memory.copy(to, from, n)
}

/** n bytes of zeros, which is faster here than from JavaScript when the memory is shared. */
export function zero(at: usize, n: usize): void {
  memory.fill(at, 0, n)
}
