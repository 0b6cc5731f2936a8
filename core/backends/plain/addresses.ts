/** Row-major: how far apart neighbours along each axis lie. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length)
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis--]) strides[axis] = step
  return strides
}

/** first, first + step, …: the addresses along one axis. */
export const along = (count: number, step: number, first = 0): number[] =>
  Array.from({ length: count }, (_, i) => first + i * step)

/**
 * All sums of one number from each list, those of the last list next to each other: the addresses of a grid whose axes
 * are the lists. [[0, 10], [1, 2]] gives 1, 2, 11, 12.
 */
export function addresses(lists: readonly (readonly number[])[]): Int32Array {
  let grid = new Int32Array(1)
  for (const list of lists) {
    const next = new Int32Array(grid.length * list.length)
    for (let i = 0, at = 0; i < grid.length; i++) for (let j = 0; j < list.length; j++) next[at++] = grid[i] + list[j]
    grid = next
  }
  return grid
}
