import type { ConvGeometry } from '../core/backends/convolutionPlan.js'
import { conv, convInput, convProducts, convWeight, matmul } from '../core/backends/kernels.js'
import { winogradFrom } from '../core/backends/wasm/winograd.js'
import { withBackend } from '../core/index.js'
import { qrOfTranspose } from '../core/linalg/qr.js'
import { squareSVD } from '../core/linalg/squareSvd.js'
import { factorSymmetric } from '../core/linalg/tridiagonal.js'
import type { DType } from '../core/tensor.js'
import { numbers } from './case.js'
import { alternate } from './measure.js'

/**
 * `node dist/bench/crossover.js`: plain against wasm by size, best times of both in turn, and the size from which wasm
 * stays ahead; then two ways of wasm to convolve. The constants of core/backends/choice.ts and wasm/winograd.ts come from
 * here: a little above where the two are even, since what is lost just below is less than what noise makes of it.
 */
interface Sized {
  name: string
  products: number
  run: () => void
}

function product(m: number, k: number, n: number, dtype: DType): Sized {
  const [a, b, c] = [numbers(m * k, dtype), numbers(k * n, dtype), numbers(m * n, dtype)]
  return {
    name: `[${m},${k}]×[${k},${n}]`,
    products: m * k * n,
    run: () => matmul(a, 0, b, 0, c, 0, m, n, k, false, false, false)
  }
}

const convolutions = ['conv', 'convInput', 'convWeight'] as const

function convolution(
  kernel: (typeof convolutions)[number],
  [batch, inChannels, outChannels, side]: readonly number[],
  dtype: DType
): Sized {
  const both = (v: number) => [v, v]
  const g: ConvGeometry = {
    batch,
    inChannels,
    outChannels,
    groups: 1,
    size: both(side),
    kernel: both(3),
    stride: both(1),
    dilation: both(1),
    padding: both(1)
  }
  const [x, y, w] = [
    numbers(batch * inChannels * side ** 2, dtype),
    numbers(batch * outChannels * side ** 2, dtype),
    numbers(9 * inChannels * outChannels, dtype)
  ]
  const runs = {
    conv: () => conv(x, w, y, g),
    convInput: () => convInput(y, w, x, g),
    convWeight: () => convWeight(x, y, w, g)
  }
  return {
    name: `[${batch},${inChannels},${side},${side}]→${outChannels}`,
    products: convProducts(g),
    run: runs[kernel]
  }
}

const random64 = (n: number): Float64Array => numbers(n, 'f64') as Float64Array

/** The factorisations of core/linalg, of a matrix or of its transpose; each uses its operand up. */
const factorisations = {
  qr: (rows: number, cols: number): Sized => {
    const J = random64(rows * cols)
    return { name: `[${rows},${cols}]`, products: rows ** 2 * cols, run: () => qrOfTranspose(J.slice(), rows, cols) }
  },
  svd: (n: number): Sized => {
    const R = random64(n * n)
    const run = () => {
      const f = squareSVD(R.slice(), n)
      f.Ut()
      f.Wt()
    }
    return { name: `[${n},${n}]`, products: n ** 3, run }
  },
  eigh: (n: number): Sized => {
    const A = random64(n * n)
    return { name: `[${n},${n}]`, products: n ** 3, run: () => factorSymmetric(A.slice(), n).rows() }
  }
}

/** The same work in a way. */
type Way = (run: () => void) => () => void

/** Best times of the case in one way over those in another, in turn. */
function ratio({ run }: Sized, ways: readonly Way[]): number {
  const [one, other] = alternate(
    ways.map(way => way(run)),
    200
  )
  return one.best / other.best
}

const list = (cases: Sized[], ratios: number[]): string =>
  cases.map((c, i) => `${c.name} ${c.products}: ${ratios[i].toFixed(2)}`).join('\n  ')

/** Prints the ratio of times for each size, smallest first, and where wasm is ahead for good. */
function compare(title: string, cases: Sized[]): void {
  const forced = (name: 'plain' | 'wasm') => (run: () => void) => () => withBackend(name, run)
  const ratios = cases.map(one => ratio(one, [forced('plain'), forced('wasm')]))
  let from = ratios.length
  while (from > 0 && ratios[from - 1] > 1) from--
  const even = from < cases.length ? `from ${cases[from].products} products` : 'nowhere here'
  console.log(`${title}: wasm ahead ${even}`)
  console.log(`  ${list(cases, ratios)}`)
}

/** Prints the time of the direct product over that of Winograd's, of a 3×3 convolution in f32 where both can run. */
function compareWinograd(kernel: (typeof convolutions)[number], shapes: number[][]): void {
  const usual = { ...winogradFrom }
  const from = (limits: typeof usual) => (run: () => void) => () => {
    Object.assign(winogradFrom, limits)
    run()
  }
  const ways = [from({ ...usual, tiles: Infinity }), from({ channels: 1, tiles: 1, saving: 0, filters: Infinity })]
  const cases = shapes.map(shape => convolution(kernel, shape, 'f32'))
  console.log(
    `${kernel} f32, 3×3, direct over Winograd:\n  ${list(
      cases,
      cases.map(one => ratio(one, ways))
    )}`
  )
  Object.assign(winogradFrom, usual)
}

for (const dtype of ['f32', 'f64'] as const) {
  const sides = [4, 6, 8, 10, 12, 14, 16, 20, 24]
  compare(
    `matmul ${dtype}, square`,
    sides.map(n => product(n, n, n, dtype))
  )
  compare(
    `matmul ${dtype}, a batch times a layer`,
    [4, 8, 16, 32, 64, 128].map(m => product(m, 20, 20, dtype))
  )
  compare(
    `matmul ${dtype}, a matrix times a vector`,
    [16, 32, 64, 128, 256, 512].map(m => product(m, m, 1, dtype))
  )
  for (const kernel of convolutions)
    compare(
      `${kernel} ${dtype}, 3×3`,
      [
        [1, 4],
        [1, 8],
        [2, 8],
        [1, 16],
        [2, 16],
        [4, 16],
        [8, 16]
      ].map(([channels, side]) => convolution(kernel, [1, channels, channels, side], dtype))
    )
}

const orders = [4, 6, 8, 10, 12, 16, 20, 24, 32]
compare(
  'qr, square',
  orders.map(n => factorisations.qr(n, n))
)
compare(
  'qr, four times as wide',
  orders.map(n => factorisations.qr(n, 4 * n))
)
for (const kernel of ['svd', 'eigh'] as const) compare(`${kernel} with vectors`, orders.map(factorisations[kernel]))

for (const kernel of convolutions) {
  // By channels, by tiles, and by how much of the tiles lies beyond the edge.
  const channels = [2, 3, 4, 6, 8, 16]
  compareWinograd(kernel, [
    ...channels.flatMap(n => [
      [8, n, n, 32],
      [8, n, 16, 32],
      [8, 16, n, 32]
    ]),
    ...[1, 2, 4, 8].flatMap(batch => [
      [batch, 16, 16, 16],
      [batch, 32, 32, 16],
      [4 * batch, 16, 16, 8]
    ]),
    ...[4, 5, 6, 7, 9, 10, 13].map(side => [32, 16, 16, side])
  ])
}
