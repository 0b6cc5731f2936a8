import type { BatchStatistics } from '../plain/batchNorm.js'
import type { Data } from '../plain/data.js'
import { nameFor } from './module.js'
import { ENTRY, parts } from './parts.js'
import { inTeam } from './pool.js'

/** See the plain kernel, with which it agrees bit for bit. */
export function batchNorm(
  x: Data,
  w: Data,
  b: Data,
  y: Data,
  batch: number,
  n: number,
  eps: number
): BatchStatistics | undefined {
  const channels = w.length
  const statistics = new Float64Array(2 * channels + 1).fill(eps)
  inTeam(x.length * ENTRY, [x, y], call => {
    const [X, W, B, Y, S] = [call.put(x), call.put(w), call.put(b), call.out(y), call.put(statistics)]
    // Threads take runs of channels.
    const runs = parts(channels, batch * n)
    call.run(
      nameFor('batchNorm', x),
      runs.map(run => [X, W, B, Y, S, batch, channels, n, ...run]),
      call.rooms(0)
    )
    call.done(y, Y)
    statistics.set(call.view(statistics, S, 2 * channels))
  })
  const mean = statistics.subarray(0, channels)
  const deviation = statistics.subarray(channels, 2 * channels)
  return deviation.every(Number.isFinite) ? { mean, deviation } : undefined
}

/** See the plain kernel, with which it agrees bit for bit. */
export function batchNormAdjoint(
  x: Data,
  w: Data,
  ct: Data,
  { mean, deviation }: BatchStatistics,
  n: number,
  dx: Data,
  dw: Data,
  db: Data
): void {
  const channels = w.length
  const batch = x.length / (channels * n)
  const statistics = Float64Array.of(...mean, ...deviation)
  inTeam(x.length * ENTRY, [x, ct, dx], call => {
    const [X, W, CT, S] = [call.put(x), call.put(w), call.put(ct), call.put(statistics)]
    const [DX, DW, DB] = [call.out(dx), call.out(dw), call.out(db)]
    call.run(
      nameFor('batchNormAdjoint', x),
      parts(channels, batch * n).map(run => [X, W, CT, S, DX, DW, DB, batch, channels, n, ...run]),
      call.rooms(0)
    )
    call.done(dx, DX)
    call.done(dw, DW)
    call.done(db, DB)
  })
}
