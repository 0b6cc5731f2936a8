// The tests in a browser (`npm run test:browser`): bundles compiled modules with esbuild, serves them on 127.0.0.1, and
// opens them in the Chromium that is installed (or the one that $CHROMIUM names).
import assert from 'node:assert/strict'
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { builtinModules } from 'node:module'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { chromium } from 'playwright-core'
import { withBackend } from '../../core/index.js'
import { Checks } from '../checks.js'
import * as cases from './cases.js'
import * as close from './close.js'
import * as platforms from './platforms.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../../', import.meta.url))
const seconds = 120

const flags = [
  '--no-sandbox', // as root, in a container
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/** WebGL2 in software; WebGPU in software, which takes other flags. */
const webGL2 = [...flags, '--disable-gpu']
const webGPU = [...flags, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']

function findChromium(): string {
  if (process.env.CHROMIUM) return process.env.CHROMIUM
  for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
    for (const folder of (process.env.PATH ?? '').split(delimiter))
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {
        // not here
      }
  throw new Error('No Chromium found. Install it (Debian: apt-get install chromium) or set $CHROMIUM to its path.')
}

/** The module at `path` for the browser, as text; its exports are in the global `tests`. Built-ins of Node are an error. */
async function bundle(path: string): Promise<string> {
  const found: string[] = []
  const builtins: Plugin = {
    name: 'builtins',
    setup(esbuild) {
      esbuild.onResolve({ filter: /./ }, ({ path, importer }) => {
        if (!path.startsWith('node:') && !builtinModules.includes(path)) return
        found.push(`${path} from ${importer}`)
        return { path, external: true }
      })
    }
  }
  const options = { format: 'iife', platform: 'browser', target: 'es2022', bundle: true, write: false } as const
  const result = await build({
    ...options,
    entryPoints: [path],
    globalName: 'tests',
    sourcemap: 'inline',
    logLevel: 'silent',
    plugins: [builtins]
  })
  assert.deepEqual(found, [], 'the bundle asks for modules of Node')
  return result.outputFiles[0].text
}

/** Numbers as text that survives the way out of the browser: JSON has no -0, NaN and infinity. */
function encode(numbers: number[]): string[] {
  return Array.from(numbers, x => (Object.is(x, -0) ? '-0' : String(x)))
}

/** How far apart two numbers are, relative to the larger; 0 only for the same bits (all NaN being one). */
function distance(a: number, b: number): number {
  if (Object.is(a, b)) return 0
  return a === b ? Number.MIN_VALUE : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b))
}

const checks = new Checks()

// Every entry of the package, as it is shipped, must be fit for a browser.
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
// What is for Node only has no default: a bundler for browsers says so itself.
for (const [name, entry] of Object.entries<{ default?: string }>(exports))
  if (entry.default)
    await checks.check(`${join('physgrad', name)} bundles for the browser without modules of Node`, async () => {
      const text = await bundle(join(root, entry.default!))
      return `${Math.ceil(text.length / 1024)} kB with source map`
    })

/** Pages without shared memory, and without WebAssembly. */
const [ALONE, STRICT] = ['/alone', '/strict']

const scripts = new Map<string, string>()
const server = createServer((request, response) => {
  // The two headers allow SharedArrayBuffer, hence threads.
  if (request.url !== ALONE) {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
  }
  // Without 'wasm-unsafe-eval' there is no WebAssembly.
  if (request.url === STRICT) response.setHeader('Content-Security-Policy', "script-src 'self'")
  const script = scripts.get(request.url ?? '')
  response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html')
  response.end(script ?? '<!doctype html><title>physgrad</title><link rel="icon" href="data:,">')
})
await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const launch = (args: string[]) => chromium.launch({ executablePath: findChromium(), args })
const browser = await launch(webGL2)
console.log(`# Chromium ${browser.version()}, Node ${process.version}`)

/** A fresh page with the exports of `file` in the global `tests`, and a way to evaluate an expression there. */
async function open(file: string, inBrowser = browser, path = '/') {
  scripts.set(`/${file}`, await bundle(join(here, file)))
  const page = await inBrowser.newPage()
  const errors: string[] = []
  page.on('pageerror', error => errors.push(String(error.stack)))
  await page.goto(address + path)
  await page.addScriptTag({ url: `/${file}` })
  return async <T>(expression: string): Promise<T> => {
    const tooLong = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`no answer after ${seconds} s`)), 1000 * seconds).unref()
    })
    const value = await Promise.race([page.evaluate<T>(expression), tooLong])
    assert.deepEqual(errors, [], 'the page reports errors')
    return value
  }
}

try {
  for (const [file, module, bound] of [['cases.js', cases, 0] as const, ['close.js', close, 1e-12] as const]) {
    const evaluate = await open(file)
    for (const [name, run] of Object.entries<() => number[] | Promise<number[]>>(module))
      await checks.check(
        `${name}: the same in Node and in the browser, ${bound ? `to ${bound}` : 'bit for bit'}`,
        async () => {
          const expected = Array.from(await run())
          const actual = await evaluate<string[]>(`(async () => (${encode})(await tests[${JSON.stringify(name)}]()))()`)
          assert.ok(expected.length, 'a case returns numbers')
          assert.equal(actual.length, expected.length, 'how many numbers')
          const distances = expected.map((x, i) => distance(x, Number(actual[i])))
          const wrong = distances.flatMap((d, i) => (d <= bound ? [] : [i]))
          const first = `the first is [${wrong[0]}]: ${expected[wrong[0]]} and ${actual[wrong[0]]}`
          assert.ok(!wrong.length, `${wrong.length} of ${expected.length} numbers differ; ${first}`)
          return `${expected.length} numbers, differing by at most ${Math.max(...distances)}`
        }
      )
  }

  for (const [path, backend, shared] of [
    [ALONE, 'wasm', false],
    [STRICT, 'plain', true]
  ] as const)
    await checks.check(
      `a page ${shared ? 'without WebAssembly' : 'without shared memory'} trains on ${backend}`,
      async () => {
        const evaluate = await open('platforms.js', browser, path)
        const { available, notices, ...rest } = await evaluate<ReturnType<typeof platforms.about>>('tests.about()')
        assert.equal(available.wasm, backend === 'wasm')
        assert.equal(rest.shared, shared)
        assert.deepEqual(notices, backend === 'wasm' ? [] : ['NO_WASM'], 'one notice where something is missing')
        const actual = await evaluate<number[]>('tests.step()')
        assert.deepEqual(actual, withBackend(backend, platforms.step), 'the numbers of Node')
        return `${actual.length} numbers`
      }
    )

  for (const file of readdirSync(here).filter(name => name.endsWith('.browser.js'))) {
    const own = file.startsWith('webgpu') ? await launch(webGPU) : undefined
    const evaluate = await open(file, own)
    if (own && !(await evaluate<boolean>('(async () => !!(await navigator.gpu?.requestAdapter()))()')))
      console.log(`# ${file}: this Chromium has no WebGPU in software, so nothing runs on it here`)
    else
      for (const name of await evaluate<string[]>('Object.keys(tests)'))
        await checks.check(`${file.replace('.browser.js', '')}: ${name}`, () =>
          evaluate<string | undefined>(`(async () => await tests[${JSON.stringify(name)}]())()`)
        )
    await own?.close()
  }
} catch (error) {
  await checks.check('the page opens', () => {
    throw error
  })
} finally {
  await browser.close()
  server.close()
}
checks.end()
