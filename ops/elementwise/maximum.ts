import { binaryFunction } from '../../core/families/binary.js'
import { extremum } from './extremum.js'

export const maximumOp = extremum({
  name: 'maximum',
  wins: 'larger',
  gpu: 'Math.max(a, b)',
  row: (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db) y[iy + j] = Math.max(a[ia], b[ib])
  }
})

/** The larger of a and b, entry by entry, broadcasting. */
export const maximum = binaryFunction(maximumOp)
