import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

/**
 * Runs a worker module once per job, at most `threads` at a time, and yields what the workers post, as it comes. A job's
 * numbers do not depend on how many run beside it. Ends when all jobs have; stopping early ends the workers.
 */
export async function* inWorkers<Job, Message>(
  module: URL,
  jobs: readonly Job[],
  threads = availableParallelism()
): AsyncGenerator<{ job: number; message: Message }> {
  const arrived: { job: number; message: Message }[] = []
  const running = new Set<Worker>()
  let failure: unknown
  let next = 0
  let wake = () => {}
  const begin = (): void => {
    const job = next++
    const worker = new Worker(module, { workerData: jobs[job] })
    running.add(worker)
    worker.on('message', (message: Message) => {
      arrived.push({ job, message })
      wake()
    })
    worker.on('error', error => {
      failure ??= error
      wake()
    })
    worker.on('exit', () => {
      running.delete(worker)
      if (next < jobs.length && !failure) begin()
      wake()
    })
  }
  try {
    while (next < Math.min(threads, jobs.length)) begin()
    for (;;) {
      while (arrived.length > 0) yield arrived.shift()!
      if (failure) throw failure
      if (running.size === 0) return
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  } finally {
    next = jobs.length
    await Promise.all([...running].map(w => w.terminate()))
  }
}
