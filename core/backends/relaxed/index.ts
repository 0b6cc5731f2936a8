import { DeviceError } from '../../errors.js'
import { hasFused, whyNoFused, withBuild } from '../wasm/builds.js'
import { matmul } from '../wasm/matmul.js'
import { bringFused } from '../wasm/module.js'
import { endTeam } from '../wasm/pool.js'
import * as code from '../wasm/relaxedBytes.js'

/** What the relaxed backend does here. */
export interface Relaxed {
  /** Are products and sums fused? Not where the processor cannot: then the bits, and the times, are those of `wasm`. */
  readonly fused: boolean
}

/**
 * Makes the relaxed backend available: the kernels of `wasm` in a build of their own, in which matrix products and convolutions
 * multiply and add in one instruction, a b + c rounded once, of WebAssembly's relaxed SIMD.
 *
 *     import { useRelaxed } from 'physgrad/relaxed'
 *     useRelaxed()
 *     theta = withBackend('relaxed', () => step(theta))
 *
 * Its bits are the same for any number of threads and in every run, but another processor may give others; so it is never
 * chosen by itself. A bundle without this entry does not contain the build, and importing it does nothing. Calling it again
 * changes nothing.
 *
 * Throws DeviceError where the engine has no relaxed SIMD, or no WebAssembly; `backends()` then gives the reason, and
 * withBackend('relaxed', f) computes on `wasm`.
 */
export function useRelaxed(): Relaxed {
  if (!hasFused()) {
    bringFused(code)
    // Its workers do not know the new build.
    endTeam()
  }
  const found = whyNoFused()
  if (found)
    throw new DeviceError(
      'useRelaxed',
      found,
      'Chromium has it from 114 on and Node from 21; Node 20 with --experimental-wasm-relaxed-simd. Without it, use wasm'
    )
  return { fused: withBuild(true, fuses) }
}

/** Is -1·c + a·a, a = 1 + 2⁻¹², c = 1 + 2⁻¹¹, the 2⁻²⁴ that is lost where a·a is rounded? */
function fuses(): boolean {
  const [a, c] = [1 + 2 ** -12, 1 + 2 ** -11]
  const y = new Float32Array(1)
  matmul(Float32Array.of(-1, a), 0, Float32Array.of(c, a), 0, y, 0, 1, 1, 2, false, false, false)
  return y[0] !== 0
}
