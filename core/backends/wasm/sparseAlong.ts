import type { Data } from '../plain/data.js'
import type { Sparse } from '../plain/sparseAlong.js'
import { nameFor } from './module.js'
import { ENTRY, parts } from './parts.js'
import { inTeam } from './pool.js'

/** y[o, i, r] = Σ_j M[i, j] x[o, j, r]: see the plain kernel, with which it agrees bit for bit where it takes blocks. */
export function sparseAlong(m: Sparse, x: Data, y: Data, outer: number, inner: number): void {
  inTeam(y.length * ENTRY, [x, y], call => {
    const [X, Y] = [call.put(x), call.out(y)]
    const weights = m.weight ? call.put(m.weight) : 0
    const matrix = call.putIntegers([m.rows, m.columns, weights, ...m.start, ...m.column])
    call.run(
      nameFor('along', y),
      parts(outer, m.rows * inner).map(part => [X, Y, matrix, inner, ...part]),
      call.rooms(0)
    )
    call.done(y, Y)
  })
}
