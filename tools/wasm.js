// Compiles the AssemblyScript kernels and writes their bytes, as base64, into a module: core/backends/wasm/bytes.ts.
// Part of `npm run build` and `npm run typecheck`; does nothing while the bytes are newer than the sources.
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const folder = new URL('../core/backends/wasm/', import.meta.url)
const out = new URL('bytes.ts', folder)
const age = url => statSync(url, { throwIfNoEntry: false })?.mtimeMs ?? 0
const sources = readdirSync(new URL('assembly/', folder)).map(name => new URL(`assembly/${name}`, folder))

if (age(out) < Math.max(age(import.meta.filename), ...sources.map(age))) {
  let bytes
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      ...['--baseDir', fileURLToPath(folder), '--outFile', 'kernels.wasm', '--importMemory', '--runtime', 'stub'],
      ...['-O3', '--noAssert', '--enable', 'simd', '--enable', 'bulk-memory']
    ],
    {
      writeFile: (_, content) => {
        bytes = content
      }
    }
  )
  if (error || !bytes) throw new Error(`The kernels do not compile:\n${stderr}`)
  writeFileSync(
    out,
    `// Made by tools/wasm.js from assembly/: ${bytes.length} bytes of WebAssembly.\nexport const bytes =\n  '${Buffer.from(bytes).toString('base64')}'\n`
  )
}
