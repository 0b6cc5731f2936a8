// What tests/core/relaxed.test.ts runs in a process of its own, whose engine may have relaxed SIMD: prints one line of JSON.
import type { ConvGeometry } from '../../core/backends/convolutionPlan.js'
import { conv, convInput, convWeight, matmul } from '../../core/backends/kernels.js'
import type { Data } from '../../core/backends/plain/data.js'
import { useRelaxed } from '../../core/backends/relaxed/index.js'
import { inspectTeam, sizes } from '../../core/backends/wasm/pool.js'
import { type BackendName, backends, withBackend, withProfile, withThreads } from '../../core/index.js'
import { convolutionErrors, matmulError, numbers, winogradErrors } from './kernelFuzz.js'

// Threads from the smallest products on.
Object.assign(sizes, { pays: 0, part: 1 })

const g: ConvGeometry = {
  batch: 40,
  inChannels: 8,
  outChannels: 6,
  groups: 1,
  size: [14, 11],
  kernel: [3, 3],
  stride: [1, 1],
  dilation: [1, 1],
  padding: [1, 1]
}
const n = 200

/** The bits of a product, of a convolution and of both its adjoints. */
function results(dtype: 'f32' | 'f64', operands: readonly Data[]): string[] {
  const [x, w, y, a, b] = operands
  const empty = (length: number): Data => (dtype === 'f64' ? new Float64Array(length) : new Float32Array(length))
  const bits = (length: number, run: (out: Data) => void): string => {
    const out = empty(length)
    run(out)
    return Buffer.from(out.buffer).toString('base64')
  }
  return [
    bits(n * n, c => matmul(a, 0, b, 0, c, 0, n, n, n, false, true, false)),
    bits(y.length, out => conv(x, w, out, g)),
    bits(x.length, out => convInput(y, w, out, g)),
    bits(w.length, out => convWeight(x, y, out, g))
  ]
}

/** Are results the same bits on 1, 2 and 3 threads, and do they differ from those of `wasm`? */
function compare(dtype: 'f32' | 'f64') {
  const plane = g.size[0] * g.size[1]
  const sizes = [g.batch * g.inChannels * plane, 9 * g.inChannels * g.outChannels, g.batch * g.outChannels * plane]
  const operands = [...sizes, n * n, n * n].map(length => numbers(length, dtype))
  const on = (backend: BackendName, count: number) =>
    withBackend(backend, () => withThreads(count, () => results(dtype, operands)))
  const [one, two, three] = [1, 2, 3].map(count => on('relaxed', count))
  const wasm = on('wasm', 2)
  return {
    same: one.map((bits, i) => bits === two[i] && bits === three[i]),
    other: one.map((bits, i) => bits !== wasm[i]),
    // Back and forth: each build has its own constants, in one memory.
    again: on('relaxed', 2).every((bits, i) => bits === one[i]) && on('wasm', 1).every((bits, i) => bits === wasm[i])
  }
}

// A team that started before anybody asked must learn of the new build.
const before = withThreads(2, () =>
  results(
    'f32',
    [1, 1, 1, 1, 1].map(() => new Float32Array(n * n))
  )
)
const workersBefore = inspectTeam()?.workers.length
const { fused } = useRelaxed()
useRelaxed()
const compared = { f32: compare('f32'), f64: compare('f64') }
const errors = withBackend('relaxed', () => ({
  matmul: { f32: matmulError('f32', 300), f64: matmulError('f64', 300) },
  convolution: { f32: convolutionErrors('f32', 100), f64: convolutionErrors('f64', 100) },
  winograd: winogradErrors(200, 50)
}))
const profiled = withProfile(() => withBackend('relaxed', () => compare('f32'))).profile.kernels
console.log(
  JSON.stringify({
    fused,
    row: backends().find(b => b.name === 'relaxed'),
    zeros: before.every(bits => /^A+=*$/.test(bits)),
    workersBefore,
    ...{ compared, errors, profiled: [...new Set(profiled.map(k => k.backend))].sort() }
  })
)
