import Table from 'cli-table3'
import { backendFor } from '../../core/backends/choice.js'
import type { ConvGeometry } from '../../core/backends/convolutionPlan.js'
import * as kernels from '../../core/backends/kernels.js'
import type { Data } from '../../core/backends/plain/data.js'
import { type BackendName, backends, random, withBackend } from '../../core/index.js'
import { eigh, qr, svd } from '../../core/linalg/index.js'
import { UnknownOperator } from './unknown.js'

const dtypes = ['f32', 'f64'] as const

/** A GPU is measured where there is one: by the page that `npm run bench:gpu` builds. */
type Cpu = Exclude<BackendName, 'gpu'>

type Factorisation = 'qr' | 'svd' | 'eigh'

/** A kernel at a size: what runs for it, and how fast each backend is. */
export interface BackendRow {
  kernel: 'matmul' | 'conv2d' | Factorisation
  size: string
  dtype: (typeof dtypes)[number]
  runs: Cpu
  /** Best of a few runs after a first one; null where the backend cannot run. */
  gflops: Record<Cpu, number | null>
}

export interface BackendReport {
  backends: ReturnType<typeof backends>
  rows: BackendRow[]
}

/** Something to time. */
interface Case {
  kernel: BackendRow['kernel']
  size: string
  products: number
  /** Both, if not said. */
  dtypes?: readonly (typeof dtypes)[number][]
  /** Which one runs. */
  backend(): Cpu
  prepare(numbers: (n: number) => Data): () => void
}

function matmulCase(m: number, k = m, n = k): Case {
  return {
    kernel: 'matmul',
    size: `[${m},${k}]×[${k},${n}]`,
    products: m * n * k,
    backend: () => kernels.matmulBackend(m, n, k),
    prepare(numbers) {
      const [a, b, c] = [numbers(m * k), numbers(k * n), numbers(m * n)]
      return () => kernels.matmul(a, 0, b, 0, c, 0, m, n, k, false, false, false)
    }
  }
}

function convCase(batch: number, channels = 16, side = 64, filters = channels): Case {
  const both = (v: number) => [v, v]
  const g: ConvGeometry = {
    batch,
    inChannels: channels,
    outChannels: filters,
    groups: 1,
    size: both(side),
    kernel: both(3),
    stride: both(1),
    dilation: both(1),
    padding: both(1)
  }
  return {
    kernel: 'conv2d',
    size: `3×3 on [${batch},${channels},${side},${side}] to ${filters}`,
    products: kernels.convProducts(g),
    backend: () => backendFor('convolution', kernels.convProducts(g)),
    prepare(numbers) {
      const [x, w] = [numbers(batch * channels * side ** 2), numbers(filters * channels * 9)]
      const y = numbers(batch * filters * side ** 2)
      return () => kernels.conv(x, w, y, g)
    }
  }
}

/** Rates are those of a QR factorisation, 2 m n r flops, for the others too, which take 4 to 10 times as many. */
const factorisation =
  (kernel: Factorisation) =>
  (m: number, n = m): Case => {
    const r = Math.min(m, n)
    const products = kernel === 'qr' ? m * n * r : r ** 3
    const run = { qr, svd, eigh }[kernel]
    return {
      kernel,
      size: `[${m},${n}]`,
      products: m * n * r,
      dtypes: ['f64'],
      backend: () => backendFor(kernel, products),
      prepare(numbers) {
        const A = numbers(m * n) as Float64Array
        return () => run(A, m, n)
      }
    }
  }

const makers = {
  matmul: { make: matmulCase, sizes: 3, words: 'm [k [n]]' },
  conv2d: { make: convCase, sizes: 4, words: 'batch [channels [side [filters]]]' },
  qr: { make: factorisation('qr'), sizes: 2, words: 'm [n]' },
  svd: { make: factorisation('svd'), sizes: 2, words: 'm [n]' },
  eigh: { make: factorisation('eigh'), sizes: 1, words: 'n' }
}

const usual = [
  matmulCase(64),
  matmulCase(256),
  matmulCase(512),
  convCase(1),
  convCase(4),
  makers.qr.make(64),
  makers.svd.make(64),
  makers.eigh.make(64)
]

/**
 * What there is and how fast it is, in a few seconds: of the kernel and size that the words name (`matmul 256`, `conv2d
 * 16 16 64`), or of a few usual ones. Throws UnknownOperator for words that are neither.
 */
export function backendReport(words: readonly string[]): BackendReport {
  const cases = words.length > 0 ? [caseOf(words)] : usual
  return {
    backends: backends(),
    rows: cases.flatMap(one => (one.dtypes ?? dtypes).map(dtype => measured(one, dtype)))
  }
}

function caseOf([name, ...rest]: readonly string[]): Case {
  if (!Object.hasOwn(makers, name))
    throw new UnknownOperator(`'${name}' has no backends. Kernels to ask for: ${Object.keys(makers).join(', ')}.`)
  const { make, sizes, words } = makers[name as keyof typeof makers]
  const numbers = rest.map(Number)
  if (rest.length < 1 || rest.length > sizes || !numbers.every(n => Number.isInteger(n) && n > 0 && n <= 4096))
    throw new UnknownOperator(`Give the sizes of ${name} as '${name} ${words}': whole numbers from 1 to 4096.`)
  const [first, ...others] = numbers
  return make(first, ...others)
}

function measured({ kernel, size, products, backend, prepare }: Case, dtype: BackendRow['dtype']): BackendRow {
  const run = prepare(n => {
    const data = random(n).uniform([n], -1, 1).data
    return dtype === 'f64' ? data : Float32Array.from(data)
  })
  const entries = onCpu(backends()).map(({ name, available }) => {
    const ms = available ? withBackend(name, () => best(run)) : null
    return [name, ms === null ? null : (2 * products) / ms / 1e6] as const
  })
  return {
    kernel,
    size,
    dtype,
    runs: backend(),
    gflops: Object.fromEntries(entries) as BackendRow['gflops']
  }
}

const onCpu = (all: BackendReport['backends']) => all.filter(b => b.name !== 'gpu')

/** Milliseconds of a call: the best of rounds of a few milliseconds, over a tenth of a second or two. */
function best(run: () => void): number {
  run()
  let [least, calls] = [Number.POSITIVE_INFINITY, 1]
  for (const begin = performance.now(); performance.now() - begin < 100; ) {
    const start = performance.now()
    for (let i = 0; i < calls; i++) run()
    const spent = performance.now() - start
    least = Math.min(least, spent / calls)
    if (spent < 3) calls *= 2
  }
  return least
}

/** Two tables: what is there (and why not), and kernel by kernel what runs and how fast each is. */
export function backendText({ backends, rows }: BackendReport): string {
  const names = onCpu(backends).map(b => b.name as Cpu)
  const table = new Table({
    head: ['kernel', 'size', 'dtype', 'runs', ...names.map(name => `${name} GFLOP/s`)],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'left', 'left', ...names.map(() => 'right' as const)]
  })
  for (const { kernel, size, dtype, runs, gflops } of rows)
    table.push([kernel, size, dtype, runs, ...names.map(name => gflops[name]?.toFixed(2) ?? '-')])
  return [
    ...backends.map(b => `${b.name.padEnd(8)}${b.available ? 'available' : `not available: ${b.reason}`}`),
    '',
    table.toString()
  ].join('\n')
}
