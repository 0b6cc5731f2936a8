import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

export const cores = (): number => availableParallelism()

/**
 * Runs a worker module once per job, at most `threads` at a time, and yields what the workers post, as it comes. A job's
 * numbers do not depend on how many run beside it. Ends when all jobs have, or, after one failed, when the rest has;
 * `stopped` keeps jobs that have not begun from beginning. What workers print goes to standard error.
 */
export async function* inWorkers<Job, Message>(
  module: URL,
  jobs: readonly Job[],
  threads: number,
  stopped: () => boolean
): AsyncGenerator<{ job: number; message: Message } | { job: number; failure: unknown }> {
  const arrived: ({ job: number; message: Message } | { job: number; failure: unknown })[] = []
  const running = new Set<Worker>()
  let next = 0
  let wake = () => {}
  const begin = (): void => {
    const job = next++
    const worker = new Worker(module, { workerData: jobs[job], stdout: true, stderr: true })
    running.add(worker)
    for (const stream of [worker.stdout, worker.stderr]) stream.on('data', text => process.stderr.write(text))
    worker.on('message', (message: Message) => {
      arrived.push({ job, message })
      wake()
    })
    worker.on('error', failure => {
      arrived.push({ job, failure })
      wake()
    })
    worker.on('exit', () => {
      running.delete(worker)
      if (next < jobs.length && !stopped()) begin()
      wake()
    })
  }
  try {
    while (next < Math.min(threads, jobs.length)) begin()
    for (;;) {
      while (arrived.length > 0) yield arrived.shift()!
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
