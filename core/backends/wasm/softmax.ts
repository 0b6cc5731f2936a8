import type { Data } from '../plain/data.js'
import { Call, inCommon, kernelOf, nameFor } from './module.js'
import { ENTRY, parts } from './parts.js'
import { inTeam } from './pool.js'

export type RowsName = 'softmax' | 'logSoftmax' | 'logsumexp'

/** Bytes of rows that are copied in at a time: they stay in the processor's cache. A longer row comes alone. */
const WINDOW = 1 << 16

/** y = f of every row of n entries of x: as many entries, or one for logsumexp. */
export function eachRow(name: RowsName, x: Data, y: Data, n: number): void {
  const each = name === 'logsumexp' ? 1 : n
  if (inCommon(x) || inCommon(y)) rowsThere(name, x, y, n, each)
  else rowsInWindows(name, x, y, n, each)
}

/** Where they are, the rows shared by the threads. */
function rowsThere(name: RowsName, x: Data, y: Data, n: number, each: number): void {
  const unit = x.BYTES_PER_ELEMENT
  inTeam(x.length * ENTRY, [x, y], call => {
    const [X, Y] = [call.put(x), call.out(y)]
    const piece = ([from, to]: [number, number]) => [X + from * n * unit, Y + from * each * unit, to - from, n]
    call.run(nameFor(name, x), parts(x.length / n, n).map(piece), call.rooms(0))
    call.done(y, Y)
  })
}

function rowsInWindows(name: RowsName, x: Data, y: Data, n: number, each: number): void {
  const rows = Math.max(1, Math.floor(WINDOW / (n * x.BYTES_PER_ELEMENT)))
  const call = new Call()
  const X = call.reserve(rows * n * x.BYTES_PER_ELEMENT)
  const Y = each === n ? X : call.reserve(rows * x.BYTES_PER_ELEMENT)
  const [into, from] = [call.view(x, X, rows * n), call.view(x, Y, rows * each)]
  const kernel = kernelOf(name, x)
  for (let row = 0; row * n < x.length; row += rows) {
    const count = Math.min(rows, x.length / n - row)
    into.set(x.subarray(row * n, (row + count) * n))
    kernel(X, Y, count, n)
    y.set(from.subarray(0, count * each), row * each)
  }
}
