import type { Figure } from './figure.js'
import type { Preset, Presets, Settings, SettingValue, Values } from './settings.js'

/** Numbers in a row: plain or typed. They end up in JSON as plain arrays, with null for what is not finite. */
export type Numbers = ArrayLike<number>

/** One number, or a spread over seeds. */
export type Quantity = number | { median: number; low: number; high: number }

/** A number of others: of some, only the range is known. */
export type Known = Quantity | { low: number; high: number }

/** One row of the table "published / measured elsewhere / this run". */
export interface Metric {
  name: string
  unit?: string
  /** This run. */
  value: Quantity
  /** What the authors print. */
  published?: Known
  /** What others measured, with the authors' code or a port of it. */
  measured?: Known
  /** Where `value` (its median) should lie; decides the mark in the table. */
  expected?: [low: number, high: number]
  /** Significant digits shown; 4 unless given. */
  digits?: number
  /** Where the comparison numbers come from, or under which settings they hold. */
  note?: string
}

/** A 2-D field, row by row from the top: values[i * width + j]. */
export interface Field {
  name: string
  width: number
  height: number
  values: Numbers
}

/**
 * One of the independent pieces of which a run consists: a method with a seed, and a variant of the problem where an
 * experiment shows several side by side ('' otherwise). Parts know nothing of each other, so they run in parallel, in any
 * order, and go on one by one after an interruption.
 */
export interface Part<M extends string = string> {
  method: M
  /** Of every random number: weights, data. Parts with one seed see the same. */
  seed: number
  variant: string
}

/** A quantity over the steps at which it was measured. */
export interface Series {
  at: number[]
  /** Seconds of training until then; what was measured on the way does not count. */
  seconds: number[]
  y: number[]
}

/** What a part hands over: plain data, so that it can be sent, written, read again and drawn later. */
export interface Outcome<D = unknown> {
  /** By name: 'loss', 'x loss', ... */
  course: Record<string, Series>
  fields?: Field[]
  /** Whatever else tables and figures need; has to survive JSON. */
  data?: D
  /** A sentence for the reader, e.g. why a run ended early. */
  notes?: string[]
}

/** A part that has run, or as far as it came. */
export interface Done<M extends string = string, D = unknown> extends Part<M>, Outcome<D> {
  status: 'complete' | 'partial'
}

/** What a running part may say and ask. All of it is synchronous: a part has a thread of its own. */
export interface PartContext {
  /** `count` steps are done (1 unless given); the numbers are shown beside the progress. Throws Interrupted after Ctrl-C: let it pass. */
  step(numbers?: Record<string, number>, count?: number): void
  /** The same, but Ctrl-C only shows in `signal`: for loops that end by themselves. */
  tell(numbers?: Record<string, number>, count?: number): void
  readonly signal: AbortSignal
  /** A line for the person watching. */
  log(line: string): void
  /** Says how to make an outcome of what is there so far: asked for when the part is interrupted. Once, before the loop. */
  keep(partial: () => Outcome): void
  /** The file for the state between two steps. Where there is one already, the part goes on from it: see training(). */
  readonly checkpoint?: string
}

/** Raised by `step()` after Ctrl-C. */
export class Interrupted extends Error {
  override name = 'Interrupted'
  constructor() {
    super('The run was interrupted by Ctrl-C.')
  }
}

/**
 * A sweep that an experiment names, so that `sweep <experiment> <name>` knows it: every value of every swept setting, each
 * with every method and seed, is a run of its own (a cell), and one number of each goes into a table and a figure.
 */
export interface Sweep<S extends Settings = Settings, M extends string = string, D = unknown> {
  about: string
  /** Setting → its values. The first is the figure's x axis; each combination of the others is a panel. */
  values: { [K in keyof S]?: Presets<readonly Values<S>[K][]> }
  /** Other settings of every cell, `method` and `seeds` among them, unless the command line gives them. */
  fixed?: Partial<Values<S>> & { method?: M[]; seeds?: number }
  result: SweepResult<S, M, D>
  /** What the numbers of all cells come to: the claims of the figure. Of the rows that are there, perhaps not all. */
  metrics?(rows: readonly SweepRow[]): Metric[]
}

/** The number of one part of a cell. */
export interface SweepRow {
  swept: Record<string, SettingValue>
  method: string
  variant: string
  seed: number
  value: number
  /** Of the whole cell. */
  seconds: number
}

/** The number of a cell, and how the figure shows it. */
export interface SweepResult<S extends Settings = Settings, M extends string = string, D = unknown> {
  /** The last value of a series, or what the function makes of the part. */
  of: string | ((part: Done<M, D>, settings: Values<S>) => number)
  /** Of the y axis, with the unit. */
  label: string
  /** 'log' unless given. */
  scale?: 'linear' | 'log'
}

export interface Experiment<S extends Settings = Settings, M extends string = string, D = unknown> {
  name: string
  title: string
  /** Two sentences: what is solved, and why it is hard. */
  problem: string
  /** TeX, one display formula each. */
  formulas: string[]
  /** Text, section, figure. */
  source: string
  /** What `--method` chooses from, in the order of legends and tables. */
  methods: readonly M[]
  /** How many independent runs of each; 1 unless given. */
  seeds?: Presets<number>
  settings: S
  /** Variants of the problem side by side. */
  variants?(settings: Values<S>): readonly string[]
  /** Steps that a part announces by `step()`: for the progress. */
  steps(part: Part<M>, settings: Values<S>): number
  run(part: Part<M>, settings: Values<S>, ctx: PartContext): Outcome<D> | Promise<Outcome<D>>
  /** Pure, as are figures and notes: from what the parts hand over, perhaps not all of them. */
  metrics(parts: readonly Done<M, D>[], settings: Values<S>): Metric[]
  figures(parts: readonly Done<M, D>[], settings: Values<S>): Figure[]
  /** Seconds that a preset takes on two cores, roughly: for `list` and `--help`. */
  takes?: Partial<Record<Preset, number>>
  sweeps?: Record<string, Sweep<NoInfer<S>, NoInfer<M>, NoInfer<D>>>
  /** Sentences for the reader: what differs from the source, what to look at. */
  notes?(parts: readonly Done<M, D>[], settings: Values<S>): string[]
}

/** Infers the types of settings, methods and data. */
export const defineExperiment = <S extends Settings, const M extends string, D = undefined>(
  experiment: Experiment<S, M, D>
): Experiment<S, M, D> => experiment

export type AnyExperiment = Experiment<any, any, any>

/** What `experiments/index.ts` exports: name → one line, and the module whose default export is the experiment. */
export type ExperimentTable = Record<string, { about: string; module: URL }>

export const loadExperiment = async (module: URL | string): Promise<AnyExperiment> =>
  ((await import(String(module))) as { default: AnyExperiment }).default
