import { binaryFunction } from '../../core/families/binary.js'
import { extremum } from './extremum.js'

export const minimumOp = extremum({
  name: 'minimum',
  wins: 'smaller',
  gpu: 'Math.min(a, b)',
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = Math.min(a[ia], b[ib])
  }
})

/** The smaller of a and b, entry by entry, broadcasting. */
export const minimum = binaryFunction(minimumOp)
