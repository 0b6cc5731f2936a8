// The page that `npm run bench:gpu` builds: the table of `npm run bench` for the GPU of whoever opens it, beside WebAssembly
// in the same browser. `?small` for small sizes (a GPU in software).
import { type Gpu, useGpu } from '../../core/backends/gpu/index.js'
import { backends, read, scoped, type Tensor, withBackend } from '../../core/index.js'
import { slice } from '../../ops/index.js'
import { type GpuCase, gpuCases } from './cases.js'

const small = new URLSearchParams(location.search).has('small')
const BUDGET_MS = small ? 100 : 1000
/** A round lasts at least so long, so that waiting for its end costs little of it. */
const ROUND_MS = small ? 10 : 100
const MOST_ROUNDS = 9

type Where = 'wasm' | 'webgl2' | 'webgpu'

/** Lets the page draw. */
const pause = () => new Promise(done => setTimeout(done, 20))

/**
 * Milliseconds of a run, the median of rounds. A GPU's work is only queued when a call returns: a round ends when a number
 * of its last result is there.
 */
async function median(one: GpuCase, where: Where): Promise<number> {
  const on = where === 'wasm' ? 'wasm' : 'gpu'
  const run = withBackend(on, () => one.setup())
  const round = async (count: number): Promise<number> => {
    const start = performance.now()
    const last = withBackend(on, () =>
      scoped(() => {
        for (let k = 1; k < count; k++) scoped(() => void run())
        const y = run()
        return where === 'wasm' ? y : first(y)
      })
    )
    await read(last)
    return (performance.now() - start) / count
  }
  await round(1)
  const once = await round(1)
  const count = Math.max(1, Math.ceil(ROUND_MS / Math.max(1e-3, once)))
  const times: number[] = []
  for (const begin = performance.now(); times.length < MOST_ROUNDS && performance.now() - begin < BUDGET_MS; )
    times.push(await round(count))
  times.sort((a, b) => a - b)
  return times[times.length >> 1]
}

const first = (y: Tensor): Tensor => {
  let t = y
  for (let axis = 0; axis < y.rank; axis++) t = slice(t, axis, 0, 1)
  return t
}

const digits = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3))
const rate = ({ flops, bytes }: GpuCase, ms: number): string =>
  flops > 0 ? `${(flops / ms / 1e6).toFixed(1)} GFLOP/s` : `${((bytes ?? 0) / ms / 1e6).toFixed(1)} GB/s`

const element = <K extends keyof HTMLElementTagNameMap>(name: K, text = ''): HTMLElementTagNameMap[K] => {
  const e = document.createElement(name)
  e.textContent = text
  return e
}

/** The driver's name for what draws. */
function renderer(gpu: Gpu): string {
  const gl = gpu.context
  const info = gl?.getExtension('WEBGL_debug_renderer_info')
  return gl ? String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER)) : ''
}

async function main(): Promise<void> {
  document.title = 'physgrad on a GPU'
  const about = element('pre')
  const status = element('p')
  const table = element('table')
  document.body.append(element('h1', 'physgrad on a GPU'), about, table, status)
  const say = (line: string) => about.append(`${line}\n`)
  say(navigator.userAgent)
  const { threads } = backends().find(b => b.name === 'wasm')!
  say(`wasm: ${threads} ${threads === 1 ? 'thread' : 'threads'}`)

  const cases = gpuCases(small)
  const heads = ['kernel', 'size', 'wasm ms', 'speed']
  const rows = cases.map(one => [one.kernel, one.size])
  const head = table.createTHead().insertRow()
  const body = table.createTBody()
  const lines = rows.map(() => body.insertRow())
  const draw = () => {
    head.replaceChildren(...heads.map(text => element('th', text)))
    for (const [k, row] of rows.entries()) lines[k].replaceChildren(...row.map(text => element('td', text)))
  }
  const wasm: number[] = []
  const column = async (where: Where) => {
    for (const [k, one] of cases.entries()) {
      status.textContent = `${where}: ${one.kernel} ${one.size}`
      await pause()
      try {
        const ms = await median(one, where)
        rows[k].push(digits(ms), rate(one, ms))
        if (where === 'wasm') wasm[k] = ms
        else rows[k].push((wasm[k] / ms).toFixed(2))
      } catch (error) {
        rows[k].push('failed', '', ...(where === 'wasm' ? [] : ['']))
        say(`${where}, ${one.kernel} ${one.size}: ${error}`)
      }
      draw()
    }
  }
  draw()
  await column('wasm')
  for (const mode of ['webgl2', 'webgpu'] as const)
    try {
      const gpu = await useGpu({ mode })
      say(`${mode}: ${renderer(gpu) || 'available'}`)
      heads.push(`${mode} ms`, 'speed', 'wasm / it')
      await column(mode)
      const { uploads, readbacks, launches, kernels } = gpu.statistics()
      say(`${mode}: ${launches} kernels ran, ${kernels} were compiled; ${uploads} uploads, ${readbacks} readbacks`)
      gpu.close()
    } catch (error) {
      say(`${mode}: ${(error as { found?: string }).found ?? error}`)
    }
  status.textContent = 'Done. Medians; a ratio above 1 says how many times longer WebAssembly takes.'
  document.body.dataset.done = 'true'
}

void main()
