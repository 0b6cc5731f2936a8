import { ProgressView } from './progress.js'
import { commandOf, type RunRecord, versions } from './record.js'
import { sentence } from './sentence.js'
import type { Preset, SettingValue } from './settings.js'
import { type AnyExperiment, Interrupted, type RunContext, type RunResult } from './types.js'

export interface RunOptions {
  preset: Preset
  settings: Record<string, SettingValue>
  seed: number
  /** Where progress and logged lines go. */
  out: NodeJS.WriteStream
}

/** What came out: a record unless there is nothing to keep, and the error if there was one. */
export interface Outcome {
  record?: RunRecord
  error?: unknown
}

/**
 * Runs an experiment with progress and Ctrl-C. The first Ctrl-C ends it after the current step, the second one ends
 * the program at once.
 */
export async function runExperiment(experiment: AnyExperiment, options: RunOptions): Promise<Outcome> {
  const { preset, settings, seed, out } = options
  const controller = new AbortController()
  const progress = new ProgressView(out, controller.signal)
  let partial: (() => RunResult) | undefined
  const context: RunContext = {
    seed,
    progress,
    signal: controller.signal,
    log: line => progress.log(line),
    keep: make => {
      partial = make
    }
  }
  const date = new Date().toISOString()
  const started = performance.now()
  const record = (status: RunRecord['status'], statusText: string, result: RunResult): RunRecord => ({
    experiment: experiment.name,
    title: experiment.title,
    status,
    statusText,
    command: commandOf(experiment, preset, settings, seed),
    preset,
    settings,
    seed,
    versions: versions(),
    date,
    seconds: (performance.now() - started) / 1000,
    result
  })
  const stopListening = onInterrupt(controller, progress)
  try {
    const result = await experiment.run(settings, context)
    return { record: record('complete', 'complete', result) }
  } catch (error) {
    progress.stop()
    const where = `after step ${progress.done} of ${progress.total}`
    // A kept result that cannot be made must not hide why the run ended.
    const kept = attempt(partial)
    if (error instanceof Interrupted)
      return kept ? { record: record('interrupted', `interrupted ${where}`, kept), error } : { error }
    return kept ? { record: record('failed', `failed ${where}: ${sentence(error)}`, kept), error } : { error }
  } finally {
    progress.stop()
    stopListening()
  }
}

function attempt<T>(make: (() => T) | undefined): T | undefined {
  try {
    return make?.()
  } catch {
    return undefined
  }
}

function onInterrupt(controller: AbortController, progress: ProgressView): () => void {
  let patient = false
  const handle = () => {
    if (!controller.signal.aborted) {
      controller.abort(new Interrupted())
      progress.log('Stopping after this step. Press Ctrl-C again to stop at once and keep nothing.')
      // Presses that piled up while a step held the event loop arrive together: they count as one.
      setTimeout(() => {
        patient = true
      }, 0).unref()
    } else if (patient) {
      progress.stop()
      process.exit(130)
    }
  }
  process.on('SIGINT', handle)
  return () => process.removeListener('SIGINT', handle)
}
