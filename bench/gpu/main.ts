// `npm run bench:gpu`: builds the page, one file that needs nothing else (dist/bench/gpu.html), and serves it on this machine.
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const style = `body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; max-width: 75rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .25rem .75rem; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left }
pre { color: #555; white-space: pre-wrap }`

/** The page as one text. */
export async function gpuPage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.js', import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'warning'
  })
  // A closing tag inside of the script would end it.
  const script = outputFiles[0].text.replaceAll('</script', '<\\/script')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<link rel="icon" href="data:,">
<style>${style}</style>
<body>
<script>${script}</script>
</body>
</html>
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = await gpuPage()
  const file = fileURLToPath(new URL('../gpu.html', import.meta.url))
  writeFileSync(file, page)
  const server = createServer((_, response) => {
    // The two headers allow WebAssembly its threads.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
    response.setHeader('Content-Type', 'text/html')
    response.end(page)
  })
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    console.log(`Open http://127.0.0.1:${port} in a browser with a GPU, add ?small for one without. Ctrl-C ends this.
The same page as one file, where WebAssembly has one thread: ${file}`)
  })
}
