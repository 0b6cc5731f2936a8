import { presetOf, type Settings, type SettingValue, settingsOf } from './settings.js'
import type { AnyExperiment, Done, Part } from './types.js'

/** The parts of a run, those of one seed together. */
export function partsOf(experiment: AnyExperiment, settings: Record<string, SettingValue>, seed: number): Part[] {
  const variants: readonly string[] = experiment.variants?.(settings) ?? ['']
  const seeds = Array.from({ length: settings.seeds as number }, (_, i) => seed + i)
  return seeds.flatMap(seed =>
    variants.flatMap(variant => (settings.method as string[]).map(method => ({ method, seed, variant })))
  )
}

/** A name that is unique in a run, and fit for a file: 'SIP, seed 0' or 'HIG, batch 32, seed 0'. */
export const nameOf = ({ method, variant, seed }: Part): string =>
  [method, variant, `seed ${seed}`]
    .filter(Boolean)
    .join(', ')
    .replace(/[^\w .,=+-]/g, '_')

/** Sorted as `parts` are: what came first by chance is no order. */
export function inOrder(done: readonly Done[], parts: readonly Part[]): Done[] {
  const place = new Map(parts.map((part, i) => [nameOf(part), i]))
  return [...done].sort((a, b) => place.get(nameOf(a))! - place.get(nameOf(b))!)
}

/** All settings of an experiment at a preset. */
export const usual = (experiment: AnyExperiment, preset: 'default' | 'quick' | 'full'): Record<string, SettingValue> =>
  presetOf(settingsOf(experiment) as Settings, preset)
