/** What a device must be able to do: the seam between the kernels here and GPU.js, which gpujs.ts fills. */

/** `cpu` is GPU.js without a GPU, its reference: for tests of kernels, slower than the plain backend. */
export type RunnerMode = 'webgl2' | 'webgpu' | 'cpu'

/**
 * A kernel in GPU.js's language, `function (a, b) { … this.thread.x … }`: flat arrays and numbers in, and out of it the
 * entry number this.thread.x of the result.
 */
export interface KernelSource {
  readonly source: string
  /** Entries of the result. */
  readonly size: number
}

/** A result on the device; only who made it looks into it. */
export interface Handle {
  readonly size: number
}

export interface Runner {
  readonly mode: RunnerMode
  /** The device is gone, with all that was on it. */
  readonly lost: boolean
  /** Does `read` work? Otherwise only `readAsync` does. */
  readonly synchronous: boolean
  /** What it draws on, if it is WebGL2. */
  readonly context?: WebGL2RenderingContext
  /** How many compiled kernels are kept. */
  readonly kernels: number
  upload(data: Float32Array): Handle
  run(kernel: KernelSource, args: readonly (Handle | number)[]): Handle
  read(handle: Handle): Float32Array
  readAsync(handle: Handle): Promise<Float32Array>
  release(handle: Handle): void
  destroy(): void
}
