import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { spread } from './data.js'
import { nameOf } from './parts.js'
import type { Preset, SettingValue } from './settings.js'
import type { AnyExperiment, Done, Field, Metric, Series } from './types.js'

/** A run with all that is needed to read it later, to draw it again and to do it again: what result.json holds. */
export interface RunRecord {
  experiment: string
  title: string
  status: 'complete' | 'interrupted' | 'failed'
  /** A sentence: 'complete', 'interrupted after step 7 of 20', or what went wrong. */
  statusText: string
  command: string
  preset: Preset
  settings: Record<string, SettingValue>
  seed: number
  versions: Record<string, string>
  date: string
  seconds: number
  metrics: Metric[]
  notes: string[]
  /** Seconds per named part, e.g. { 'SIP, per step': 1.1 }. */
  timings: Record<string, number>
  parts: Done[]
}

/** Adds what follows from the parts: metrics, notes, timings. */
export function recordOf(
  experiment: AnyExperiment,
  run: Omit<RunRecord, 'experiment' | 'title' | 'versions' | 'metrics' | 'notes' | 'timings'>
): RunRecord {
  const { parts, settings } = run
  const own: string[] = experiment.notes?.(parts, settings) ?? []
  return {
    experiment: experiment.name,
    title: experiment.title,
    versions: versions(),
    ...run,
    metrics: experiment.metrics(parts, settings),
    notes: [...new Set([...own, ...parts.flatMap(notesOf)])],
    timings: timingsOf(parts)
  }
}

/** What a part says for itself: as one of several it says its name first. */
const notesOf = (part: Done, _i: number, { length }: readonly Done[]): string[] =>
  (part.notes ?? []).map(note => (length > 1 ? `${nameOf(part)}: ${note}` : note))

/** Seconds per step of each method (and variant): the median over its parts. */
function timingsOf(parts: readonly Done[]): Record<string, number> {
  const name = ({ method, variant }: Done) => [method, variant].filter(Boolean).join(', ')
  return Object.fromEntries(
    [...new Set(parts.map(name))].flatMap(group => {
      const each = parts
        .filter(part => name(part) === group)
        .flatMap(({ course }) => {
          const longest = Object.values(course).sort((a, b) => (b.at.at(-1) ?? 0) - (a.at.at(-1) ?? 0))[0]
          const [steps, seconds] = [longest?.at.at(-1) ?? 0, longest?.seconds.at(-1) ?? 0]
          return steps > 0 && seconds > 0 ? [seconds / steps] : []
        })
      return each.length > 0 ? [[`${group}, per step`, spread(each).median]] : []
    })
  )
}

export function versions(): Record<string, string> {
  const [cpu] = cpus()
  return {
    physgrad: packageVersion(),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`
  }
}

/** Of the nearest package.json above this file, which lies deeper in dist/ than in the source. */
function packageVersion(): string {
  for (let up = '../'; up.length < 30; up += '../') {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(`${up}package.json`, import.meta.url), 'utf8'))
      if (name === 'physgrad') return version
    } catch {
      // Not here: one folder up.
    }
  }
  return 'unknown'
}

/** Without the fields' values, which have a file of their own; typed arrays as plain ones, not finite as null. */
export function recordJson(record: RunRecord): string {
  const parts = record.parts.map(({ fields, ...part }) => part)
  return `${JSON.stringify({ ...record, parts }, plain, 2)}\n`
}

/** Fields by part, with seven digits, which is what a field of f32 has. */
export const fieldsJson = (parts: readonly Done[]): string =>
  `${JSON.stringify(
    Object.fromEntries(
      parts
        .filter(p => p.fields?.length)
        .map(p => [
          nameOf(p),
          p.fields!.map(f => ({ ...f, values: Array.from(f.values, v => Number(v.toPrecision(7))) }))
        ])
    ),
    plain
  )}\n`

/** A part by itself, in full. */
export const partJson = (done: Done): string => `${JSON.stringify(done, plain)}\n`

const plain = (_key: string, value: unknown) =>
  ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as unknown as ArrayLike<number>) : value

/** JSON writes NaN and infinities as null: where numbers are kept they are NaN again. */
export function readPart(part: Done, fields?: Field[]): Done {
  const numbers = (v: (number | null)[]) => v.map(x => x ?? Number.NaN)
  const series = ({ at, seconds, y }: Series): Series => ({ at: numbers(at), seconds: numbers(seconds), y: numbers(y) })
  const held = fields ?? part.fields
  return {
    ...part,
    ...('data' in part ? { data: numbersAgain(part.data) } : {}),
    course: Object.fromEntries(Object.entries(part.course).map(([name, s]) => [name, series(s)])),
    ...(held ? { fields: held.map(f => ({ ...f, values: numbers(f.values as (number | null)[]) })) } : {})
  }
}

/** What an experiment keeps for its tables and figures has numbers, and no null of its own. */
function numbersAgain(value: unknown): any {
  if (value === null) return Number.NaN
  if (Array.isArray(value)) return value.map(numbersAgain)
  if (typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbersAgain(inner)]))
}

/** Of a metric too: NaN is what the table shows of a method that diverged. */
export const readMetric = (metric: Metric): Metric => ({ ...metric, value: numbersAgain(metric.value) })

/** Long form, one measured number per line: every program reads it. */
export function curvesCsv(parts: readonly Done[]): string {
  const quote = (name: string) => (/[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)
  const lines = parts.flatMap(({ method, variant, seed, course }) =>
    Object.entries(course).flatMap(([name, { at, seconds, y }]) =>
      at.map((step, i) => [quote(method), quote(variant), seed, quote(name), step, seconds[i] ?? '', y[i]].join(','))
    )
  )
  return ['method,variant,seed,series,step,seconds,value', ...lines, ''].join('\n')
}
