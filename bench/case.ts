import type { Data } from '../core/backends/plain/data.js'
import { random } from '../core/random.js'
import { Tape } from '../core/tape.js'
import { type DType, Tensor } from '../core/tensor.js'
import { mul } from '../ops/index.js'
import type { Peers } from './peers.js'

/** How much is measured: `--quick` for a look, `--full` for the largest problems too. */
export type Extent = 'quick' | 'usual' | 'full'

/** One line of the table, and a further one for each peer. */
export interface Case {
  name: string
  /** Prepares the data and returns what is timed. */
  setup(): () => void
  /** Threads of this library, and of Python; one by default. Other peers have one. */
  threads?: number
  /** Floating-point operations of a run, two per product. */
  flops?: number
  /** Bytes read and written. */
  bytes?: number
  /** The same by others: undefined where that peer is not installed, a word where it is left out. */
  peers?: Record<string, (() => () => void) | string | undefined>
  /** The name of the same case in peers/numpy.py, or peers/torch.py. */
  python?: { script: 'numpy' | 'torch'; key: string }
  /** What is to be said besides, after the measurement: printed below the table. */
  note?(): string
}

export type Cases = (extent: Extent, peers: Peers) => Case[]

/** n numbers in [-1, 1), the same in every run. */
export function numbers(n: number, dtype: DType): Data {
  const { data } = random(n).uniform([n], -1, 1)
  return dtype === 'f64' ? data : Float32Array.from(data)
}

export const uniform = (shape: readonly number[], dtype: DType): Tensor =>
  new Tensor(
    shape,
    numbers(
      shape.reduce((p, n) => p * n, 1),
      dtype
    )
  )

/** The same tensors where training has them, in the arena: of a tape that stays. */
export function resident<T extends readonly Tensor[]>(...tensors: T): T {
  const tape = new Tape()
  return tape.record(() => tensors.map(t => mul(t, 1))) as unknown as T
}
