import type { Figure } from './figure.js'
import type { Settings, Values } from './settings.js'

/** Numbers in a row: plain or typed. They end up in JSON as plain arrays, with null for what is not finite. */
export type Numbers = ArrayLike<number>

/** One number, or a spread over seeds. */
export type Quantity = number | { median: number; low: number; high: number }

/** One row of the table "published / measured elsewhere / this run". */
export interface Metric {
  name: string
  unit?: string
  /** This run. */
  value: Quantity
  /** What the authors print. */
  published?: Quantity
  /** What others measured, with the authors' code or a port of it. */
  measured?: Quantity
  /** Where `value` (its median) should lie; decides the mark in the table. */
  expected?: [low: number, high: number]
  /** Significant digits shown; 4 unless given. */
  digits?: number
  /** Where the comparison numbers come from, or under which settings they hold. */
  note?: string
}

/** A named series over steps, epochs, seconds... Everything that is kept of a run's course. */
export interface Curve {
  name: string
  x: Numbers
  y: Numbers
}

/** A 2-D field, row by row from the top: values[i * width + j]. */
export interface Field {
  name: string
  width: number
  height: number
  values: Numbers
}

/** What a run hands over: plain data, so that it can be written, read again and drawn later. */
export interface RunResult {
  metrics: Metric[]
  curves: Curve[]
  fields?: Field[]
  /** Seconds per named part, e.g. { 'SIP, per step': 1.1 }. */
  timings?: Record<string, number>
  /** Sentences for the reader: what differs from the source, what to look at. */
  notes?: string[]
  /** Whatever else the figures need; has to survive JSON. */
  data?: Record<string, unknown>
}

export interface Progress {
  /** Announces `total` steps. A second call begins a new phase with its own count. */
  start(total: number, label?: string): void
  /**
   * One step is done; the numbers (losses...) are shown beside it. Must be awaited: this is where Ctrl-C is noticed.
   * After Ctrl-C it throws `Interrupted`, which the shell turns into "kept what was there": let it pass.
   */
  step(numbers?: Record<string, number>): Promise<void>
  /** Lets Ctrl-C be noticed in the middle of a long step; throws nothing. Await it between parts of a second or more. */
  breathe(): Promise<void>
}

export interface RunContext {
  readonly seed: number
  readonly progress: Progress
  /** Aborted by Ctrl-C, for those who want to end a loop of their own early. */
  readonly signal: AbortSignal
  /** A line for the person watching; never on standard output under --json. */
  log(line: string): void
  /**
   * Says how to make a result of what is there so far. Called only when the run is interrupted or fails: hand it over
   * once, before the loop, as a closure over the arrays that the loop fills.
   */
  keep(partial: () => RunResult): void
}

/** Raised by `progress.step()` after Ctrl-C. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  constructor() {
    super('The run was interrupted by Ctrl-C.')
  }
}

export interface Experiment<S extends Settings = Settings> {
  name: string
  title: string
  /** Two sentences: what is solved, and why it is hard. */
  problem: string
  /** TeX, one display formula each. */
  formulas: string[]
  /** Text, section, figure. */
  source: string
  settings: S
  run(settings: Values<S>, ctx: RunContext): RunResult | Promise<RunResult>
  /** Pure: from the result (perhaps a partial one) to figures. */
  figures(result: RunResult, settings: Values<S>): Figure[]
}

/** Infers the types of the settings for `run` and `figures`. */
export const defineExperiment = <S extends Settings>(experiment: Experiment<S>): Experiment<S> => experiment

export type AnyExperiment = Experiment<any>

/** What `experiments/index.ts` exports: name → one line, and how to load it. The module's default export is the experiment. */
export type ExperimentTable = Record<string, { about: string; load: () => Promise<{ default: AnyExperiment }> }>
