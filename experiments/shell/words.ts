import { isAbsolute, relative } from 'node:path'
import { usual } from './parts.js'
import { flagOf, type Preset, type SettingValue, showValue } from './settings.js'
import type { AnyExperiment } from './types.js'

/** The command that does the same again, in a clone. */
export const commandOf = (...run: Parameters<typeof wordsOf>): string =>
  `node dist/experiments/main.js ${shellLine(wordsOf(...run))}`

/** Its words after the program's name: the preset, and what differs from it. */
export function wordsOf(
  experiment: AnyExperiment,
  preset: Preset,
  settings: Record<string, SettingValue>,
  seed: number
): string[] {
  const presets = usual(experiment, preset)
  const words = ['run', experiment.name]
  if (preset !== 'default') words.push(`--${preset}`)
  if (seed !== 0) words.push('--seed', String(seed))
  for (const [key, value] of Object.entries(settings)) {
    if (showValue(value) === showValue(presets[key])) continue
    const flag = flagOf(key)
    if (typeof value === 'boolean') words.push(value ? flag : flag.replace('--', '--no-'))
    else words.push(flag, showValue(value))
  }
  return words
}

/** Words as a shell reads them: quoted where needed, as names of methods may have spaces. */
export const shellLine = (words: readonly string[]): string =>
  words.map(word => (/^[\w.,:+/-][\w.,:=+/-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')

/** How this program was called, for lines that call it again from the same folder. */
export function program(script = process.argv[1] ?? 'dist/experiments/main.js'): string[] {
  const near = relative(process.cwd(), script)
  return ['node', near.startsWith('..') || isAbsolute(near) ? script : near]
}
