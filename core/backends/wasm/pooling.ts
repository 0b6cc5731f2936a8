import { type Data, sizeOf } from '../plain/data.js'
import { type PoolGeometry, poolAddresses, poolOutputSize } from '../plain/pool.js'
import { nameFor } from './module.js'
import { ENTRY, parts } from './parts.js'
import { inTeam } from './pool.js'

/** Windows of 2 × 2 side by side in a row of them, and entries of a row of x; [0, 0] for other windows. */
function squares(g: PoolGeometry): [number, number] {
  const two = (list: readonly number[]) => list.length >= 2 && list.every((n, d) => n === (d < list.length - 2 ? 1 : 2))
  return two(g.window) && two(g.stride) ? [poolOutputSize(g).at(-1)!, g.size.at(-1)!] : [0, 0]
}

/** See the plain kernels of these names, with which they agree bit for bit. */
export function maxPool(x: Data, y: Data, argmax: Int32Array, planes: number, g: PoolGeometry): void {
  const { bases, offsets } = poolAddresses(g)
  inTeam(x.length * ENTRY, [x, y], call => {
    const [X, Y, I] = [call.put(x), call.out(y), call.reserve(argmax.byteLength)]
    const [B, O] = [call.putIntegers(bases), call.putIntegers(offsets)]
    const plane = sizeOf(g.size)
    call.run(
      nameFor('maxPool', x),
      parts(planes, plane).map(part => [
        ...[X, Y, I, plane, B, bases.length, O, offsets.length],
        ...squares(g),
        ...part
      ]),
      call.rooms(0)
    )
    call.done(y, Y)
    argmax.set(call.integers(I, argmax.length))
  })
}

export const gatherPlanes = (x: Data, index: Int32Array, y: Data, planes: number, large: number, small: number): void =>
  atPlaces('gatherPlanes', x, index, y, planes, large, small)
export const scatterPlanes = (
  ct: Data,
  index: Int32Array,
  dx: Data,
  planes: number,
  large: number,
  small: number
): void => atPlaces('scatterPlanes', ct, index, dx, planes, large, small)

function atPlaces(
  name: string,
  x: Data,
  index: Int32Array,
  y: Data,
  planes: number,
  large: number,
  small: number
): void {
  inTeam(y.length * ENTRY, [x, y], call => {
    const [X, I, Y] = [call.put(x), call.putIntegers(index), call.out(y)]
    call.run(
      nameFor(name, x),
      parts(planes, large).map(part => [X, I, index.length / small, Y, large, small, ...part]),
      call.rooms(0)
    )
    call.done(y, Y)
  })
}
