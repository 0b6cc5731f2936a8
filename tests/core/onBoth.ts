import t, { type Test } from 'tap'
import { withBackend } from '../../core/index.js'

/** A test that runs with every kernel in TypeScript, and again with every one in WebAssembly. */
export function onBoth(name: string, body: (t: Test) => void): void {
  for (const backend of ['plain', 'wasm'] as const)
    t.test(`${name} (${backend})`, async t => withBackend(backend, () => body(t)))
}
