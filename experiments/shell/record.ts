import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { flagOf, type Preset, presetOf, type SettingValue, showValue } from './settings.js'
import type { AnyExperiment, RunResult } from './types.js'

/** A run with all that is needed to read it later and to do it again: what result.json holds. */
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
  result: RunResult
}

/** The command that does the same again: the preset, and what differs from it. */
export function commandOf(
  experiment: AnyExperiment,
  preset: Preset,
  settings: Record<string, SettingValue>,
  seed: number
): string {
  const usual = presetOf(experiment.settings, preset)
  const words = ['node dist/experiments/main.js', experiment.name]
  if (preset !== 'default') words.push(`--${preset}`)
  if (seed !== 0) words.push(`--seed ${seed}`)
  for (const [key, value] of Object.entries(settings)) {
    if (showValue(value) === showValue(usual[key])) continue
    const flag = flagOf(key)
    words.push(
      typeof value === 'boolean' ? (value ? flag : flag.replace('--', '--no-')) : `${flag} ${showValue(value)}`
    )
  }
  return words.join(' ')
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
  const { fields = [], ...result } = record.result
  const shapes = fields.map(({ name, width, height }) => ({ name, width, height }))
  return `${JSON.stringify({ ...record, result: { ...result, fields: shapes } }, plain, 2)}\n`
}

/** Seven digits, which is what a field of f32 has. */
export const fieldsJson = (result: RunResult): string =>
  `${JSON.stringify(
    (result.fields ?? []).map(f => ({ ...f, values: Array.from(f.values, v => Number(v.toPrecision(7))) })),
    plain
  )}\n`

const plain = (_key: string, value: unknown) =>
  ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as unknown as ArrayLike<number>) : value

/** Long form, one point per line: every program reads it, whatever the lengths of the curves. */
export function curvesCsv(result: RunResult): string {
  const quote = (name: string) => (/[",\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)
  const lines = result.curves.flatMap(({ name, x, y }) =>
    Array.from(x, (at, i) => `${quote(name)},${at},${y[i] ?? ''}`)
  )
  return ['curve,x,y', ...lines, ''].join('\n')
}
