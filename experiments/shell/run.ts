import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKPOINTS, keepPart, keptParts, makePartsFolder, readRecord } from './folder.js'
import { inOrder, nameOf, partsOf } from './parts.js'
import { ProgressView } from './progress.js'
import { type RunRecord, recordOf } from './record.js'
import { sentence } from './sentence.js'
import type { Preset, SettingValue } from './settings.js'
import { type Done, Interrupted, loadExperiment, type Part } from './types.js'
import { commandOf } from './words.js'
import { cores, inWorkers } from './workers.js'

export interface RunOptions {
  preset: Preset
  settings: Record<string, SettingValue>
  seed: number
  /** The folder of the results, where parts that have ended are kept until the run has. */
  out: string
  /** Go on with what an earlier run left there. */
  resume: boolean
  /** Parts side by side; as many as there are cores unless given. */
  jobs?: number
  /** Of the library's kernels in each part; the cores shared out between the parts unless given. */
  threads?: number
  /** Where progress and logged lines go. */
  screen: NodeJS.WriteStream
}

/** What a worker is given. */
export interface PartJob {
  module: string
  part: Part
  settings: Record<string, SettingValue>
  checkpoint: string
  /** stop[0] becomes 1 after Ctrl-C. */
  stop: Int32Array
  /** Of the library's kernels. */
  threads: number
}

/** What it posts. */
export type Message =
  | { kind: 'steps'; count: number; numbers?: Record<string, number> }
  | { kind: 'line'; line: string }
  | { kind: 'done'; done: Done }

/** What came out: a record unless there is nothing to keep, and the error if there was one. */
export interface RunOutcome {
  record?: RunRecord
  error?: unknown
}

/**
 * Runs the parts of an experiment side by side, each in a thread, with progress. The first Ctrl-C ends every part after
 * its current step, the second one the program at once.
 */
export async function runExperiment(module: URL, options: RunOptions): Promise<RunOutcome> {
  const experiment = await loadExperiment(module)
  const { preset, settings, seed, out, resume, screen } = options
  const parts = partsOf(experiment, settings, seed)
  const done = resume ? keptParts(out, experiment, settings, parts) : []
  const left = parts.filter(part => !done.some(d => nameOf(d) === nameOf(part)))
  if (!resume) rmSync(join(out, CHECKPOINTS), { recursive: true, force: true })
  makePartsFolder(out, experiment, settings)

  const stop = new Int32Array(new SharedArrayBuffer(4))
  const progress = new ProgressView(screen)
  const started = performance.now()
  const date = new Date().toISOString()
  const atOnce = Math.max(1, Math.min(options.jobs ?? cores(), left.length))
  const jobs = left.map(
    (part): PartJob => ({
      module: module.href,
      part,
      settings,
      checkpoint: join(out, CHECKPOINTS, `${nameOf(part)}.checkpoint`),
      stop,
      threads: options.threads ?? Math.max(1, Math.floor(cores() / atOnce))
    })
  )
  const total = parts.reduce((n, part) => n + experiment.steps(part, settings), 0)
  progress.start(
    total,
    labelOf(parts),
    done.reduce((n, part) => n + experiment.steps(part, settings), 0)
  )
  const stopListening = onInterrupt(stop, progress)
  let error: unknown
  try {
    const worker = new URL('./partWorker.js', import.meta.url)
    for await (const event of inWorkers<PartJob, Message>(worker, jobs, atOnce, () => Atomics.load(stop, 0) === 1)) {
      if ('failure' in event) {
        error ??= event.failure
        Atomics.store(stop, 0, 1)
      } else if (event.message.kind === 'steps') {
        progress.step(event.message.count, named(event.message.numbers, left[event.job], parts))
      } else if (event.message.kind === 'line') {
        progress.log(event.message.line)
      } else {
        done.push(event.message.done)
        if (event.message.done.status === 'complete') keepPart(out, event.message.done)
      }
    }
    if (!error && Atomics.load(stop, 0) === 1) error = new Interrupted()
  } finally {
    progress.stop()
    stopListening()
  }
  if (done.length === 0) return { error }
  const where = `after step ${progress.done} of ${total}`
  const statusText = !error
    ? 'complete'
    : error instanceof Interrupted
      ? `interrupted ${where}`
      : `failed ${where}: ${sentence(error)}`
  const record = recordOf(experiment, {
    status: !error ? 'complete' : error instanceof Interrupted ? 'interrupted' : 'failed',
    statusText,
    command: commandOf(experiment, preset, settings, seed),
    preset,
    settings,
    seed,
    date,
    seconds: (performance.now() - started) / 1000,
    parts: inOrder(done, parts)
  })
  return { record: resume && left.length === 0 ? { ...record, ...timeOf(out, record) } : record, error }
}

/** When a run that was complete already was made, and by what: so that resuming it changes nothing. */
function timeOf(out: string, { parts }: RunRecord): Partial<RunRecord> {
  if (!existsSync(join(out, 'result.json'))) return {}
  const { status, date, seconds, versions, parts: earlier } = readRecord(out)
  return status === 'complete' && earlier.length === parts.length ? { date, seconds, versions } : {}
}

/** 'SIP and GD, 5 seeds'. */
function labelOf(parts: readonly Part[]): string {
  const some = (of: (part: Part) => string | number) => [...new Set(parts.map(of))].filter(v => v !== '')
  const [methods, variants, seeds] = [some(p => p.method), some(p => p.variant), some(p => p.seed)]
  const words = [
    methods.join(', '),
    variants.length > 0 ? variants.join(', ') : '',
    seeds.length > 1 ? `${seeds.length} seeds` : ''
  ]
  return words.filter(Boolean).join('; ')
}

/** Numbers with the name of the method before them, where there are several. */
function named(numbers: Record<string, number> | undefined, part: Part, parts: readonly Part[]) {
  const several = new Set(parts.map(p => p.method)).size > 1
  return Object.fromEntries(
    Object.entries(numbers ?? {}).map(([name, v]) => [several ? `${part.method} ${name}` : name, v])
  )
}

function onInterrupt(stop: Int32Array, progress: ProgressView): () => void {
  let patient = false
  const handle = (signal: NodeJS.Signals) => {
    if (Atomics.load(stop, 0) === 0) {
      Atomics.store(stop, 0, 1)
      progress.log('Stopping after this step. Press Ctrl-C again to stop at once.')
      // Presses that piled up arrive together: they count as one.
      setTimeout(() => {
        patient = true
      }, 0).unref()
    } else if (patient && signal === 'SIGINT') {
      progress.stop()
      process.exit(130)
    }
  }
  // The second is how batch systems and `parallel` ask, several times in a row: that is no impatience.
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, handle)
  return () => {
    for (const signal of signals) process.removeListener(signal, handle)
  }
}
