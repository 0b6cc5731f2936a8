import { existsSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { Message, PartJob } from './run.js'
import { type Done, Interrupted, loadExperiment, type Outcome, type PartContext } from './types.js'

/** A part of a run in a thread of its own: says how it comes on, and ends with what it has. */
const { module, part, settings, checkpoint, stop, threads } = workerData as PartJob
const say = (message: Message) => parentPort!.postMessage(message)

const controller = new AbortController()
let partial: (() => Outcome) | undefined
let unsaid = 0
let saidAt = Number.NEGATIVE_INFINITY

const context: PartContext = {
  tell(numbers, count = 1) {
    unsaid += count
    // Ten times a second is as often as somebody can read it.
    if (performance.now() - saidAt > 100) {
      say({ kind: 'steps', count: unsaid, numbers })
      unsaid = 0
      saidAt = performance.now()
    }
    if (Atomics.load(stop, 0) === 1 && !controller.signal.aborted) controller.abort(new Interrupted())
  },
  step(numbers, count) {
    context.tell(numbers, count)
    if (controller.signal.aborted) throw new Interrupted()
  },
  signal: controller.signal,
  log: line => say({ kind: 'line', line }),
  keep: make => {
    partial = make
  },
  checkpoint
}

const end = (status: Done['status'], outcome: Outcome) => {
  if (unsaid > 0) say({ kind: 'steps', count: unsaid })
  say({ kind: 'done', done: { ...part, ...outcome, status } })
}

try {
  const { setThreads } = await import('../../core/index.js')
  setThreads(threads)
  const experiment = await loadExperiment(module)
  end('complete', await experiment.run(part, settings, context))
} catch (error) {
  // A kept outcome that cannot be made must not hide why the part ended.
  try {
    if (partial) end('partial', partial())
  } catch {
    partial = undefined
  }
  if (!(error instanceof Interrupted)) throw error
  // Without an outcome the checkpoint is what remains of it.
  if (checkpoint && existsSync(checkpoint) && !partial) say({ kind: 'line', line: `Its state is in ${checkpoint}.` })
}
