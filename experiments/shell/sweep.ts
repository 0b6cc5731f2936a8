import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { keptParts, readRecord } from './folder.js'
import { partsOf } from './parts.js'
import type { RunRecord } from './record.js'
import { type Preset, type SettingValue, showValue } from './settings.js'
import type { AnyExperiment, Metric, SweepResult, SweepRow } from './types.js'
import { program, shellLine, wordsOf } from './words.js'

/** A sweep as the command line asks for it. */
export interface SweepPlan {
  experiment: AnyExperiment
  /** Of the sweep, where the experiment names it; 'xi-phi', after what is swept, otherwise. */
  name: string
  about: string
  preset: Preset
  /** Swept settings and their values; the first is the figure's x axis. */
  swept: Record<string, SettingValue[]>
  /** All settings of every cell, except those swept. */
  settings: Record<string, SettingValue>
  methods: string[]
  seeds: number[]
  /** What the table shows of each cell; the loss unless given. */
  result?: SweepResult<any, string, any>
  metrics?(rows: readonly SweepRow[]): Metric[]
  out: string
}

/** One run of a sweep: a value of each swept setting, a method, a seed. Cells know nothing of each other. */
export interface Cell {
  /** Fit for a folder: 'xi=1_phi=45_SIP_seed=0'. */
  name: string
  swept: Record<string, SettingValue>
  settings: Record<string, SettingValue>
  method: string
  seed: number
  out: string
  /** What to call the program with. */
  words: string[]
}

/** Every combination of one value of each. */
export function combinations(of: Record<string, SettingValue[]>): Record<string, SettingValue>[] {
  let all: Record<string, SettingValue>[] = [{}]
  for (const [key, values] of Object.entries(of))
    all = all.flatMap(one => values.map(value => ({ ...one, [key]: value })))
  return all
}

/** Those of one seed together, so that a sweep that is stopped half-way has something of everything. */
export function cellsOf(plan: SweepPlan): Cell[] {
  const { experiment, preset, swept, methods, seeds, out } = plan
  return seeds.flatMap(seed =>
    combinations(swept).flatMap(values =>
      methods.map(method => {
        const settings = { ...plan.settings, ...values, method: [method], seeds: 1 }
        const named = Object.entries(values).map(([key, value]) => `${key}=${showValue(value)}`)
        const name = [...named, method, `seed=${seed}`].map(word => word.replace(/[^\w.=+,-]+/g, '-')).join('_')
        const folder = join(out, name)
        // One thread: the cells that run beside it have the other cores.
        const how = ['--out', folder, '--resume', '--no-report', '--jobs', '1', '--threads', '1']
        const words = [...wordsOf(experiment, preset, settings, seed), ...how]
        return { name, swept: values, settings, method, seed, out: folder, words }
      })
    )
  )
}

/** The line that runs a cell, from this folder. It may run again at any time: what is complete stays as it is. */
export const lineOf = (cell: Cell): string => shellLine([...program(), ...cell.words])

/** What a cell has left, if it is complete. Throws UsageError where its folder holds something else. */
export function readCell(experiment: AnyExperiment, { out, settings, seed }: Cell): RunRecord | undefined {
  if (!existsSync(join(out, 'result.json'))) return undefined
  const wanted = partsOf(experiment, settings, seed)
  const parts = keptParts(out, experiment, settings, wanted)
  const record = readRecord(out)
  return record.status === 'complete' && parts.length === wanted.length ? { ...record, parts } : undefined
}
