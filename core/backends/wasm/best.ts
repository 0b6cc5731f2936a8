import { type Data, sizeOf } from '../plain/data.js'
import { nameFor } from './module.js'
import { ENTRY, parts } from './parts.js'
import { inTeam } from './pool.js'

/** [outer, n, inner] of a reduction over neighbouring axes; undefined for one over axes that are apart. */
export function neighbours(shape: readonly number[], keep: readonly boolean[]): [number, number, number] | undefined {
  const [first, last] = [keep.indexOf(false), keep.lastIndexOf(false)]
  if (first < 0 || keep.slice(first, last).includes(true)) return undefined
  return [sizeOf(shape.slice(0, first)), sizeOf(shape.slice(first, last + 1)), sizeOf(shape.slice(last + 1))]
}

/** See the plain kernels of these names, with which they agree bit for bit. */
export function best(
  name: 'reduceMax' | 'reduceMin',
  x: Data,
  y: Data,
  [outer, n, inner]: readonly [number, number, number]
): void {
  inTeam(x.length * ENTRY, [x, y], call => {
    const [X, Y] = [call.put(x), call.out(y)]
    call.run(
      nameFor(name, x),
      parts(outer, n * inner).map(part => [X, Y, n, inner, ...part]),
      call.rooms(0)
    )
    call.done(y, Y)
  })
}
