import { bytes, memoryFlags } from './bytes.js'

/**
 * What assembly/ exports: addresses and sizes are numbers, entries are f32 or f64 by the name's end. Most return nothing.
 */
export type Kernel = (...numbers: number[]) => number
export type WasmKernels = Readonly<Record<string, Kernel>>

/** The kernels in base64, and where among them the flags of their memory are: 1, or 3 for a shared one. */
export interface Code {
  readonly bytes: string
  readonly memoryFlags: number
}

/**
 * Builds of the kernels: the usual one, and the one with fused multiply-add when somebody brings it (../relaxed/). They have
 * the same kernels in the same order, and work on the same memory.
 */
export const codes: Code[] = [{ bytes, memoryFlags }]
const FUSED = 1

let build = 0

/** The number of the build that runs. */
export const runningBuild = (): number => build

/** The number of a kernel among those of all builds, given its number among the `count` of one. */
export const inBuild = (kernel: number, count: number): number => build * count + kernel

/** Is the build with fused multiply-add there, and does it run? */
export const hasFused = (): boolean => codes.length > FUSED
export const runsFused = (): boolean => build === FUSED

let noFused = "nobody asked for it: call useRelaxed() of 'physgrad/relaxed'"

/** Why it is not there. */
export const whyNoFused = (): string | undefined => (hasFused() ? undefined : noFused)

/** Adds it if `begin`, given its number, does not throw; what is thrown is the reason why it cannot run here. */
export function addFused(code: Code, begin: (build: number) => void): void {
  try {
    begin(FUSED)
    codes[FUSED] = code
  } catch (error) {
    noFused = error instanceof Error ? error.message : String(error)
  }
}

/** Runs f on the build with fused multiply-add, if it is there, or on the usual one. */
export function withBuild<T>(fused: boolean, f: () => T): T {
  const before = build
  build = fused && hasFused() ? FUSED : 0
  try {
    return f()
  } finally {
    build = before
  }
}

/** The kernels for a memory of one thread, or for a shared one. */
export function compile(code: Code, shared: boolean): WebAssembly.Module {
  const bytes = decode(code)
  if (shared) bytes[code.memoryFlags] = 3
  return new WebAssembly.Module(bytes)
}

/** Does the engine know all of its instructions? */
export const understood = (code: Code): boolean => WebAssembly.validate(decode(code))

const decode = ({ bytes }: Code) => Uint8Array.from(atob(bytes), c => c.charCodeAt(0))

export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): WasmKernels =>
  new WebAssembly.Instance(module, { env: { memory } }).exports as WasmKernels
