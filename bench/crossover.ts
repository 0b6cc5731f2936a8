import type { ConvGeometry } from '../core/backends/convolutionPlan.js'
import { conv, convInput, convProducts, convWeight, matmul } from '../core/backends/kernels.js'
import { withBackend } from '../core/index.js'
import type { DType } from '../core/tensor.js'
import { numbers } from './case.js'
import { alternate } from './measure.js'

/**
 * `node dist/bench/crossover.js`: plain against wasm by size, best times of both in turn, and the size from which wasm
 * stays ahead. The constants of core/backends/kernels.ts come from here: a little above where the two are even, since
 * what is lost just below is less than what noise makes of it.
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

function convolution(kernel: 'conv' | 'convInput' | 'convWeight', channels: number, side: number, dtype: DType): Sized {
  const both = (v: number) => [v, v]
  const g: ConvGeometry = {
    batch: 1,
    inChannels: channels,
    outChannels: channels,
    groups: 1,
    size: both(side),
    kernel: both(3),
    stride: both(1),
    dilation: both(1),
    padding: both(1)
  }
  const [x, y, w] = [
    numbers(channels * side ** 2, dtype),
    numbers(channels * side ** 2, dtype),
    numbers(9 * channels ** 2, dtype)
  ]
  const runs = {
    conv: () => conv(x, w, y, g),
    convInput: () => convInput(y, w, x, g),
    convWeight: () => convWeight(x, y, w, g)
  }
  return { name: `[${channels},${side},${side}]`, products: convProducts(g), run: runs[kernel] }
}

/** Prints the ratio of times for each size, smallest first, and where wasm is ahead for good. */
function compare(title: string, cases: Sized[]): void {
  const ratios = cases.map(({ run }) => {
    const forced = (name: 'plain' | 'wasm') => () => withBackend(name, run)
    const [plain, wasm] = alternate([forced('plain'), forced('wasm')], 200)
    return plain.best / wasm.best
  })
  let from = ratios.length
  while (from > 0 && ratios[from - 1] > 1) from--
  const even = from < cases.length ? `from ${cases[from].products} products` : 'nowhere here'
  console.log(`${title}: wasm ahead ${even}`)
  console.log(`  ${cases.map((c, i) => `${c.name} ${c.products}: ${ratios[i].toFixed(2)}`).join('\n  ')}`)
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
  for (const kernel of ['conv', 'convInput', 'convWeight'] as const)
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
      ].map(([channels, side]) => convolution(kernel, channels, side, dtype))
    )
}
