/** What starts and ends a thread. */
export interface Worker {
  terminate(): unknown
}

/** How workers start here; undefined where they cannot, or where nobody may wait for them. */
interface Platform {
  readonly start?: (program: string, data: unknown) => Worker
  readonly cores: number
}

let known: Platform | undefined

export const platform = (): Platform => (known ??= find())

/** No import from `node:`, so that bundlers for browsers have nothing to resolve. */
function find(): Platform {
  const builtin = globalThis.process?.getBuiltinModule
  if (typeof SharedArrayBuffer !== 'function') return { cores: 1 }
  if (builtin) {
    const { Worker, isMainThread } = builtin('node:worker_threads')
    return {
      cores: isMainThread ? builtin('node:os').availableParallelism() : 1,
      start: (program, workerData) => {
        const text = `const { workerData } = require('node:worker_threads');${program}(workerData)`
        // Neither the flags nor the environment of the process: no loaders, no hooks.
        const worker = new Worker(text, { eval: true, workerData, execArgv: [], env: {}, name: 'physgrad' })
        worker.unref()
        // One that has gone is not replaced: the others do its work.
        worker.on('error', () => {})
        return worker
      }
    }
  }
  const inWorker = typeof document === 'undefined' && globalThis.crossOriginIsolated && typeof Worker === 'function'
  if (!inWorker) return { cores: 1 }
  return {
    cores: 1,
    start: (program, data) => {
      const url = URL.createObjectURL(new Blob([`onmessage = m => ${program}(m.data)`], { type: 'text/javascript' }))
      const worker = new Worker(url)
      worker.postMessage(data)
      return worker
    }
  }
}
