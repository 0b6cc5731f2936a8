// Compiles the AssemblyScript kernels and writes their bytes, as base64, into modules: core/backends/wasm/bytes.ts, and
// relaxedBytes.ts with fused multiply-add, which only core/backends/relaxed/ loads. Part of `npm run build` and of `npm run
// typecheck`; does nothing while the bytes are newer than the sources.
//
// Threads need a shared memory, one thread is faster without. The two builds differ in a single byte, the flags of the
// imported memory (1: it has a maximum, 3: and is shared), so one of them ships, with the place of that byte.
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'
import { constantsInMemory } from './vectorConstants.js'

const folder = new URL('../core/backends/wasm/', import.meta.url)
/** Both builds work on one memory, so each has a place of its own there for its constants. */
const builds = [
  { name: 'bytes.ts', options: [], constants: 1 << 10 },
  { name: 'relaxedBytes.ts', options: ['--enable', 'relaxed-simd'], constants: 1 << 15 }
]
const age = url => statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0
const sources = [
  new URL(import.meta.url),
  new URL('vectorConstants.js', import.meta.url),
  ...readdirSync(new URL('assembly/', folder)).map(name => new URL(`assembly/${name}`, folder))
]

async function compile(constants, ...options) {
  let bytes
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      ...['--baseDir', fileURLToPath(folder), '--outFile', 'kernels.wasm', '--importMemory', '--runtime', 'stub'],
      ...['-O3', '--noAssert', '--enable', 'simd', '--enable', 'bulk-memory', '--maximumMemory', '65536', ...options]
    ],
    {
      writeFile: (_, content) => {
        bytes = content
      }
    }
  )
  if (error || !bytes) throw new Error(`The kernels do not compile:\n${stderr}`)
  return constantsInMemory(bytes, constants)
}

for (const { name, options, constants } of builds) {
  const out = new URL(name, folder)
  if (age(out) >= Math.max(...sources.map(age))) continue
  const bytes = await compile(constants, ...options)
  const shared = await compile(constants, ...options, '--enable', 'threads', '--sharedMemory')
  const differ = [...bytes.keys()].filter(i => bytes[i] !== shared[i])
  const [flags] = differ
  if (bytes.length !== shared.length || differ.length !== 1 || bytes[flags] !== 1 || shared[flags] !== 3)
    throw new Error('With shared memory, the kernels differ in more than the flags of the memory: ship both builds')
  writeFileSync(
    out,
    [
      `// Made by tools/wasm.js from assembly/: ${bytes.length} bytes of WebAssembly.`,
      '/** Where the flags of the memory are: 1, or 3 for a shared one. */',
      `export const memoryFlags = ${flags}`,
      `export const bytes: string =\n  '${Buffer.from(bytes).toString('base64')}'\n`
    ].join('\n')
  )
}
