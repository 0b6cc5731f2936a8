import { binaryBroadcast, type RowKernel } from '../core/backends/plain/broadcast.js'
import { type ConvGeometry, conv, convInput, convWeight } from '../core/backends/plain/convolution.js'
import type { Data } from '../core/backends/plain/data.js'
import { matmul } from '../core/backends/plain/matmul.js'
import { permuteCopy } from '../core/backends/plain/permute.js'
import { maxPool } from '../core/backends/plain/pool.js'
import { reduceSum } from '../core/backends/plain/reduce.js'
import { sparseAlong, transposeSparse } from '../core/backends/plain/sparseAlong.js'
import { linearMatrix } from '../ops/convolution/upsampleLinear.js'

/**
 * Speed of the plain kernels, warm, median of rounds: `node dist/bench/plainKernels.js`. f64 and f32 run in the same
 * process, as in a program that uses both. GF/s count two operations per product.
 */
const ROUND_MS = 20
const ROUNDS = 11

/** Milliseconds per call: warms up, then takes the median of rounds of about ROUND_MS. */
function measure(run: () => void): number {
  let calls = 1
  for (;;) {
    const start = performance.now()
    for (let i = 0; i < calls; i++) run()
    const spent = performance.now() - start
    if (spent >= ROUND_MS) break
    calls = Math.max(calls + 1, Math.ceil((calls * ROUND_MS) / Math.max(spent, ROUND_MS / 10)))
  }
  const rounds: number[] = []
  for (let r = 0; r < ROUNDS; r++) {
    const start = performance.now()
    for (let i = 0; i < calls; i++) run()
    rounds.push((performance.now() - start) / calls)
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1]
}

const dtypes: [string, (n: number) => Data][] = [
  ['f64', n => Float64Array.from({ length: n }, () => Math.random() - 0.5)],
  ['f32', n => Float32Array.from({ length: n }, () => Math.random() - 0.5)]
]

function report(name: string, ms: number, flops = 0): void {
  const time = ms < 0.1 ? `${(ms * 1000).toFixed(2)} µs` : `${ms.toFixed(2)} ms`
  const rate = flops > 0 ? `${(flops / ms / 1e6).toFixed(2)} GF/s` : ''
  console.log(`${name.padEnd(48)}${time.padStart(12)}${rate.padStart(14)}`)
}

function benchMatmul(m: number, n: number, k: number): void {
  for (const [dtype, random] of dtypes) {
    const a = random(m * k)
    const b = random(k * n)
    const c = random(m * n)
    const ms = measure(() => matmul(a, 0, b, 0, c, 0, m, n, k, false, false, false))
    report(`matmul ${dtype} ${m}x${n}x${k}`, ms, 2 * m * n * k)
  }
}

function benchConv(batch: number, inChannels: number, size: number, outChannels: number): void {
  const both = (v: number) => [v, v]
  const g: ConvGeometry = {
    batch,
    inChannels,
    outChannels,
    groups: 1,
    size: both(size),
    kernel: both(3),
    stride: both(1),
    dilation: both(1),
    padding: both(1)
  }
  const flops = 2 * batch * outChannels * inChannels * 9 * size * size
  for (const [dtype, random] of dtypes) {
    const x = random(batch * inChannels * size * size)
    const y = random(batch * outChannels * size * size)
    const w = random(outChannels * inChannels * 9)
    const name = `conv2d 3x3 ${dtype} [${batch},${inChannels},${size},${size}]->${outChannels}`
    report(
      `${name} forward`,
      measure(() => conv(x, w, y, g)),
      flops
    )
    report(
      `${name} input`,
      measure(() => convInput(y, w, x, g)),
      flops
    )
    report(
      `${name} weight`,
      measure(() => convWeight(x, y, w, g)),
      flops
    )
  }
}

const add: RowKernel = (a, ia, da, b, ib, db, y, iy, n) => {
  for (let t = 0; t < n; t++) y[iy + t] = a[ia + t * da] + b[ib + t * db]
}

function benchBroadcast(aShape: number[], bShape: number[]): void {
  const size = (shape: number[]) => shape.reduce((p, s) => p * s, 1)
  for (const [dtype, random] of dtypes) {
    const a = random(size(aShape))
    const b = random(size(bShape))
    const y = random(size(aShape))
    report(
      `add ${dtype} [${aShape}] + [${bShape}]`,
      measure(() => binaryBroadcast(add, a, aShape, b, bShape, y, aShape))
    )
  }
}

for (const n of [16, 32, 64, 128, 256, 512, 1024]) benchMatmul(n, n, n)
benchMatmul(4, 20, 20)
benchMatmul(1000, 1, 1000)
benchMatmul(1, 1000, 1000)
benchConv(16, 16, 64, 16)
benchConv(16, 1, 64, 16)
benchConv(16, 32, 64, 16)

for (const [dtype, random] of dtypes) {
  const planes = 16 * 16
  const x = random(planes * 64 * 64)
  const small = random(planes * 32 * 32)
  const large = random(planes * 128 * 128)
  const argmax = new Int32Array(small.length)
  const shape = [16, 16, 64 * 64]
  const channels = random(16)
  report(
    `maxPool2d 2 ${dtype} [16,16,64,64]`,
    measure(() => maxPool(x, small, argmax, planes, { size: [64, 64], window: [2, 2], stride: [2, 2] }))
  )
  const wide = random(planes * 64 * 128)
  const linear = linearMatrix(64, 2)
  const transposed = transposeSparse(linear)
  report(
    `upsample x2 ${dtype} [16,16,64,64]`,
    measure(() => {
      sparseAlong(linear, x, wide, planes * 64, 1)
      sparseAlong(linear, wide, large, planes, 128)
    })
  )
  report(
    `upsample x2 adjoint ${dtype}`,
    measure(() => {
      sparseAlong(transposed, large, wide, planes, 128)
      sparseAlong(transposed, wide, x, planes * 64, 1)
    })
  )
  report(
    `reduceSum ${dtype} [16,16,4096] all`,
    measure(() => reduceSum(x, channels.subarray(0, 1), shape, [false, false, false]))
  )
  report(
    `reduceSum ${dtype} [16,16,4096] keep C`,
    measure(() => reduceSum(x, channels, shape, [false, true, false]))
  )
  report(
    `reduceSum ${dtype} [16,16,4096] keep last`,
    measure(() => reduceSum(x, small.subarray(0, 4096), shape, [false, false, true]))
  )
  const copy = random(x.length)
  report(
    `transpose ${dtype} [1024,1024]`,
    measure(() => permuteCopy(x, [1024, 1024], [1, 0], copy))
  )
}
benchBroadcast([32, 4], [4])
benchBroadcast([32, 20], [20])
benchBroadcast([32, 20], [32, 1])
benchBroadcast([32, 4], [])
benchBroadcast([16, 16, 4096], [16, 1])
