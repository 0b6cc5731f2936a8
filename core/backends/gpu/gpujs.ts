import { GPU } from 'gpu.js'
import { DeviceError } from '../../errors.js'
import type { Handle, KernelSource, Runner, RunnerMode } from './runner.js'

/**
 * The only file that knows GPU.js (2.24). GPU.js 3 answers every call with a promise: then `Synchronous` goes, and
 * nothing else changes.
 *
 * GPU.js compiles a kernel, given as source text, to a fragment shader (WebGL2), to a compute shader (WebGPU) or to
 * JavaScript (cpu). A kernel says what one entry of its result is. With `pipeline` and `immutable` the result is a
 * texture, or a buffer, of its own, which later kernels read where it is. All arrays are flat, so that a texture of n
 * entries has the same layout whoever made it, and another shape costs nothing.
 *
 * What GPU.js cannot express, and what the kernels here pay for that: no memory shared by neighbouring entries, so a
 * matrix product reads its operands anew for every entry; no result of several entries at once that a kernel could
 * read again; no scattered writes, so adjoints gather; and on WebGL2 every address costs an integer division.
 */
export async function openRunner(mode: RunnerMode): Promise<Runner> {
  if (mode === 'cpu') return new Synchronous('cpu', new GPU({ mode: 'cpu' }))
  if (mode === 'webgpu') {
    if (!(await GPU.isWebGPUAvailable())) throw absent('WebGPU has no adapter here')
    const runner = new Deferred(new GPU({ mode: 'webgpu' }))
    await runner.readAsync(runner.upload(Float32Array.of(1)))
    return runner
  }
  const { canvas, gl } = openWebGL2()
  return new Synchronous('webgl2', new GPU({ mode: 'webgl2', canvas, context: gl }), gl)
}

function openWebGL2(): { canvas: OffscreenCanvas | HTMLCanvasElement; gl: WebGL2RenderingContext } {
  const canvas =
    typeof OffscreenCanvas !== 'undefined'
      ? new OffscreenCanvas(1, 1)
      : typeof document !== 'undefined'
        ? document.createElement('canvas')
        : undefined
  if (!canvas) throw absent('no WebGL2: there is no canvas, as in Node')
  const gl = canvas.getContext('webgl2', {
    alpha: false,
    depth: false,
    antialias: false
  }) as WebGL2RenderingContext | null
  if (!gl) throw absent('the platform offers no WebGL2')
  if (!gl.getExtension('EXT_color_buffer_float')) throw absent('WebGL2 without textures of 32-bit floats')
  return { canvas, gl }
}

/** What GPU.js returns in pipeline mode: a texture, a buffer, or with its cpu mode an array. */
interface Stored {
  readonly texture?: WebGLTexture
  readonly size?: ArrayLike<number>
  delete(): void
  toArray(): Promise<Float32Array>
}

/** A compiled kernel. */
interface Kept {
  readonly call: { (...args: unknown[]): unknown; destroy(): void }
  /** Results that are alive: a kernel that is destroyed takes them along. */
  live: number
}

/** So many compiled kernels are kept; beyond, those that were not used for longest and whose results are gone are freed. */
const MOST_KERNELS = 1024

/** Compiled kernels by source and by the sizes of result and arguments, which GPU.js compiles into them; the last used last. */
class Kernels {
  readonly #kept = new Map<string, Kept>()

  constructor(readonly gpu: GPU) {}

  get count(): number {
    return this.#kept.size
  }

  get({ source, size }: KernelSource, sizes: string): Kept {
    const key = `${size} of ${sizes}: ${source}`
    let known = this.#kept.get(key)
    if (known) this.#kept.delete(key)
    else known = { call: this.#compile(source, size), live: 0 }
    this.#kept.set(key, known)
    if (this.#kept.size > MOST_KERNELS) this.#evict(known)
    return known
  }

  #compile(source: string, size: number): Kept['call'] {
    return this.gpu.createKernel(source, {
      output: [size],
      pipeline: true,
      immutable: true,
      precision: 'single',
      tactic: 'precision'
    }) as unknown as Kept['call']
  }

  #evict(but: Kept): void {
    for (const [key, kept] of this.#kept) {
      if (kept.live > 0 || kept === but) continue
      this.#kept.delete(key)
      kept.call.destroy()
      return
    }
  }
}

/** The one kernel whose argument is an array of the CPU: GPU.js compiles for those and for textures apart. */
const upload = (size: number): KernelSource => ({
  source: 'function (uploaded) { return uploaded[this.thread.x] }',
  size
})

const absent = (found: string): DeviceError =>
  new DeviceError('the gpu backend', found, 'Compute on the CPU, or open the page where there is a GPU')

const sizesOf = (args: readonly (Handle | number)[]): string =>
  args.map(a => (typeof a === 'number' ? 'number' : a.size)).join(', ')

/** A result of a kernel that has run. */
class Result implements Handle {
  stored: Stored | Float32Array | undefined
  /** Why there is none, if it failed. */
  failure: unknown
  constructor(
    readonly size: number,
    readonly kernel: Kept,
    stored?: Stored | Float32Array
  ) {
    this.stored = stored
    kernel.live++
  }

  release(): void {
    if (this.stored !== undefined && !(this.stored instanceof Float32Array)) this.stored.delete()
    this.stored = undefined
    this.kernel.live--
  }
}

/** WebGL2, and GPU.js's own reference on the CPU: a call returns when the work is in the queue, and a read waits for it. */
class Synchronous implements Runner {
  readonly synchronous = true
  readonly #kernels: Kernels
  readonly #framebuffer: WebGLFramebuffer | null

  constructor(
    readonly mode: RunnerMode,
    readonly gpu: GPU,
    readonly context?: WebGL2RenderingContext
  ) {
    this.#kernels = new Kernels(gpu)
    this.#framebuffer = context?.createFramebuffer() ?? null
  }

  get lost(): boolean {
    return this.context?.isContextLost() ?? false
  }

  get kernels(): number {
    return this.#kernels.count
  }

  upload(data: Float32Array): Handle {
    return this.#call(upload(data.length), `${data.length}`, [data])
  }

  run(kernel: KernelSource, args: readonly (Handle | number)[]): Handle {
    return this.#call(
      kernel,
      sizesOf(args),
      args.map(a => (typeof a === 'number' ? a : (a as Result).stored))
    )
  }

  #call(kernel: KernelSource, sizes: string, args: readonly unknown[]): Handle {
    const kept = this.#kernels.get(kernel, sizes)
    return new Result(kernel.size, kept, kept.call(...args) as Stored | Float32Array)
  }

  read(handle: Handle): Float32Array {
    const { stored, size } = handle as Result
    return stored instanceof Float32Array ? stored.slice() : this.#readTexture(stored!, size)
  }

  async readAsync(handle: Handle): Promise<Float32Array> {
    return this.read(handle)
  }

  /** One number per entry where the driver reads so; otherwise four, of which the first counts. */
  #readTexture(stored: Stored, size: number): Float32Array {
    const gl = this.context!
    const [width, height] = Array.from(stored.size!)
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.#framebuffer)
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, stored.texture!, 0)
    const single =
      gl.getParameter(gl.IMPLEMENTATION_COLOR_READ_FORMAT) === gl.RED &&
      gl.getParameter(gl.IMPLEMENTATION_COLOR_READ_TYPE) === gl.FLOAT
    const channels = single ? 1 : 4
    const pixels = new Float32Array(width * height * channels)
    gl.readPixels(0, 0, width, height, single ? gl.RED : gl.RGBA, gl.FLOAT, pixels)
    return single ? pixels.subarray(0, size) : Float32Array.from({ length: size }, (_, i) => pixels[4 * i])
  }

  release(handle: Handle): void {
    ;(handle as Result).release()
  }

  destroy(): void {
    void this.gpu.destroy()
  }
}

/** WebGPU: a handle stands for a result to come. Everything goes through one queue, in the order in which it was asked. */
class Deferred implements Runner {
  readonly mode = 'webgpu'
  readonly synchronous = false
  readonly #kernels: Kernels
  #queue: Promise<unknown> = Promise.resolve()
  #lost = false

  constructor(readonly gpu: GPU) {
    this.#kernels = new Kernels(gpu)
  }

  get lost(): boolean {
    return this.#lost
  }

  get kernels(): number {
    return this.#kernels.count
  }

  #enqueue<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done.catch(() => {})
    return done
  }

  upload(data: Float32Array): Handle {
    const copy = data.slice()
    return this.#call(upload(data.length), `${data.length}`, () => [copy])
  }

  run(kernel: KernelSource, args: readonly (Handle | number)[]): Handle {
    return this.#call(kernel, sizesOf(args), () =>
      args.map(a => {
        if (typeof a === 'number') return a
        const { stored } = a as Result
        if (stored === undefined) throw (a as Result).failure ?? absent('an operand was released')
        return stored
      })
    )
  }

  #call(kernel: KernelSource, sizes: string, args: () => readonly unknown[]): Handle {
    const kept = this.#kernels.get(kernel, sizes)
    const result = new Result(kernel.size, kept)
    // A failure shows where the result is read: its handle stays empty.
    this.#enqueue(async () => {
      result.stored = (await kept.call(...args())) as Stored
    }).catch(error => {
      if (/lost/i.test(String(error))) this.#lost = true
      result.failure = error
    })
    return result
  }

  read(): never {
    throw absent('WebGPU cannot be read synchronously')
  }

  readAsync(handle: Handle): Promise<Float32Array> {
    const result = handle as Result
    return this.#enqueue(async () => {
      if (result.stored === undefined) throw result.failure ?? absent('the result was released')
      return (result.stored as Stored).toArray()
    })
  }

  release(handle: Handle): void {
    void this.#enqueue(() => (handle as Result).release())
  }

  destroy(): void {
    void this.#enqueue(() => this.gpu.destroy())
  }
}
