import type { AnyExperiment } from './types.js'

/**
 * Settings of an experiment: a table of named values with a description and up to three presets. From it come the
 * options of the command line, their checks, the help text and the settings table of the report.
 */
export type SettingValue = number | string | boolean | string[] | number[]

export type Preset = 'default' | 'quick' | 'full'

export interface Setting<V extends SettingValue = SettingValue> {
  about: string
  presets: Record<Preset, V>
  /** Text after the flag in the help; empty for a switch. */
  argument: string
  /** What may be given, where that is one or some of several names: for the completion of the shell. */
  choices?: readonly string[]
  /** Text from the command line to a value; throws UsageError with what would be right. */
  parse(text: string): V
}

export type Settings = Record<string, Setting<any>>
export type Values<S extends Settings> = { [K in keyof S]: S[K]['presets']['default'] }

/** Something that the person at the command line can mend. Exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** The value in the main run; `quick` and `full` are the same unless given. */
export interface Presets<V> {
  default: V
  quick?: V
  full?: V
}

const fill = <V>({ default: d, quick = d, full = d }: Presets<V>): Record<Preset, V> => ({ default: d, quick, full })

/** A whole number, at least 1 unless said otherwise. */
export function count(about: string, options: Presets<number> & { min?: number; max?: number }): Setting<number> {
  const { min = 1, max = 1e9 } = options
  return { about, presets: fill(options), argument: '<n>', parse: text => parseCount(text, min, max) }
}

/** A real number in a range; the ends belong to it, except that `above` does not. */
export function real(
  about: string,
  options: Presets<number> & { min?: number; above?: number; max?: number }
): Setting<number> {
  const { min = -Infinity, above = -Infinity, max = Infinity } = options
  const parse = (text: string) => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (Number.isFinite(value) && value >= min && value > above && value <= max) return value
    const limits = [
      above > -Infinity ? `above ${above}` : '',
      min > -Infinity ? `at least ${min}` : '',
      max < Infinity ? `at most ${max}` : ''
    ]
    throw new UsageError(['a number', limits.filter(Boolean).join(' and ')].filter(Boolean).join(' '))
  }
  return { about, presets: fill(options), argument: '<x>', parse }
}

/** On or off. */
export const toggle = (about: string, options: Presets<boolean>): Setting<boolean> => ({
  about,
  presets: fill(options),
  argument: '',
  parse: text => text === 'true'
})

/** Several numbers, separated by commas. */
export function numbers(about: string, options: Presets<number[]>): Setting<number[]> {
  const parse = (text: string) => {
    const values = text.split(',').map(part => (part.trim() === '' ? Number.NaN : Number(part)))
    if (values.every(Number.isFinite)) return [...new Set(values)]
    throw new UsageError('numbers, separated by commas')
  }
  return { about, presets: fill(options), argument: '<numbers>', parse }
}

/** One of several names. */
export function oneOf<T extends string>(about: string, choices: readonly T[], options: Presets<T>): Setting<T> {
  const parse = (text: string) => pick(text, choices)
  return { about: `${about} (${choices.join(', ')})`, presets: fill(options), argument: '<name>', choices, parse }
}

/** Some of several names, separated by commas; all of them unless `options` says otherwise. */
export function someOf<T extends string>(
  about: string,
  choices: readonly T[],
  options: Presets<T[]> = { default: [...choices] }
): Setting<T[]> {
  const parse = (text: string) => [...new Set(namesIn(text, choices))]
  const some = `${about}: some of ${choices.join(', ')}`
  return { about: some, presets: fill(options), argument: '<names>', choices, parse }
}

/** Several values of a setting, for a sweep: between commas, or between semicolons where a value is itself a list. */
export function parseValues(setting: Setting, text: string): SettingValue[] {
  const words = text.split(Array.isArray(setting.presets.default) ? ';' : ',')
  const values = words.map(word => setting.parse(word.trim()))
  return values.filter((value, i) => values.findIndex(other => showValue(other) === showValue(value)) === i)
}

export function parseCount(text: string, min: number, max: number): number {
  const value = /^[+-]?\d+(e\d+)?$/i.test(text.trim()) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new UsageError(max < 1e9 ? `a whole number from ${min} to ${max}` : `a whole number, at least ${min}`)
}

/** Names between commas, some of which may have commas themselves: at each place the longest that is a choice. */
function namesIn<T extends string>(text: string, choices: readonly T[]): T[] {
  const words = text.split(',')
  for (let n = words.length; n > 0; n--) {
    const name = words.slice(0, n).join(',').trim().toLowerCase()
    const found = choices.find(choice => choice.toLowerCase() === name)
    if (found !== undefined)
      return n === words.length ? [found] : [found, ...namesIn(words.slice(n).join(','), choices)]
  }
  return [pick(words[0].trim(), choices)]
}

function pick<T extends string>(text: string, choices: readonly T[]): T {
  const found = choices.find(choice => choice.toLowerCase() === text.toLowerCase())
  if (found === undefined) throw new UsageError(`one of ${choices.join(', ')}`)
  return found
}

/** The settings of an experiment with those that all have: which methods, how many seeds. */
export const settingsOf = ({ settings, methods, seeds = { default: 1 } }: AnyExperiment): Settings => ({
  method: someOf('methods', methods),
  seeds: count('independent runs, from --seed on', { max: 10_000, ...seeds }),
  ...settings
})

/** The flag of a setting: camelCase → kebab-case. */
export const flagOf = (key: string): string => `--${key.replace(/[A-Z]/g, c => `-${c.toLowerCase()}`)}`

export const presetOf = (settings: Settings, preset: Preset): Record<string, SettingValue> =>
  Object.fromEntries(Object.entries(settings).map(([key, setting]) => [key, setting.presets[preset]]))

export const showValue = (value: SettingValue): string => (Array.isArray(value) ? value.join(',') : String(value))
