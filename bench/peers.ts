import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Peers of their own package, bench/package.json: what is not installed is shown as such, and nothing else needs it. */
const folder = new URL('../../bench/', import.meta.url)
const load = createRequire(new URL('package.json', folder))

export const INSTALL = 'npm install --prefix bench'

export interface Peers {
  /** @tensorflow/tfjs-core on its WebAssembly backend (f32, one thread in Node). */
  tfjs?: any
  /** @jax-js/jax on its WebAssembly backend (f32, one thread in Node). */
  jax?: any
  /** Names and versions of what is there; how to install what is not. */
  readonly about: readonly string[]
}

export async function loadPeers(): Promise<Peers> {
  const about: string[] = []
  const attempt = async (name: string, start: () => Promise<any>): Promise<any> => {
    const at = new URL(`node_modules/${name}/package.json`, folder)
    if (!existsSync(at)) {
      about.push(`${name}: not installed (${INSTALL})`)
      return undefined
    }
    try {
      const peer = await start()
      about.push(`${name} ${JSON.parse(readFileSync(at, 'utf8')).version}`)
      return peer
    } catch (error) {
      about.push(`${name}: does not run here: ${error instanceof Error ? error.message : error}`)
      return undefined
    }
  }
  const tfjs = await attempt('@tensorflow/tfjs-backend-wasm', async () => {
    const tf = load('@tensorflow/tfjs-core')
    const { setWasmPaths } = load('@tensorflow/tfjs-backend-wasm')
    setWasmPaths(new URL('node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', folder).pathname)
    if (!(await tf.setBackend('wasm'))) throw new Error('its WebAssembly backend does not start')
    return tf
  })
  const jax = await attempt('@jax-js/jax', async () => {
    const jax = load('@jax-js/jax')
    await jax.init('wasm')
    jax.defaultDevice('wasm')
    return jax
  })
  return { tfjs, jax, about }
}

/** A run of tfjs: made of its tensors, waits for the result and frees it. */
export const tfjsRun = (
  tf: any,
  shapes: readonly (readonly number[])[],
  run: (...tensors: any[]) => any
): (() => () => void) | undefined =>
  tf &&
  (() => {
    const tensors = shapes.map(shape => tf.randomUniform(shape, -1, 1))
    return () => {
      const y = run(...tensors)
      y.dataSync()
      y.dispose()
    }
  })

/** A run of jax-js, which counts references: `ref` keeps an array for the next run. */
export const jaxRun = (
  jax: any,
  shapes: readonly (readonly number[])[],
  run: (...arrays: any[]) => any
): (() => () => void) | undefined =>
  jax &&
  (() => {
    const arrays = shapes.map((shape, i) => jax.random.uniform(jax.random.key(i), shape))
    return () => {
      run(...arrays.map(a => a.ref)).dataSync()
    }
  })
