import { Argument, type Command, Option } from 'commander'
import type { Request } from './cli.js'
import { addCount, addExamples, addPresets, addSettings, givenSettings, presetOfOptions } from './cliOptions.js'
import { usual } from './parts.js'
import { type Preset, type Presets, parseValues, type SettingValue } from './settings.js'
import type { SweepPlan } from './sweep.js'
import type { AnyExperiment, Sweep } from './types.js'

/** What `sweep` asks for. */
export interface SweepRequest {
  kind: 'sweep'
  plan: SweepPlan
  /** What to do with the cells: run those that are missing, print their commands, or only gather what is there. */
  action: 'run' | 'print' | 'collect'
  /** Print only what is missing. */
  missing: boolean
  json: boolean
  jobs?: number
}

type Options = Record<string, unknown>

/** Makes a command one that sweeps over this experiment's settings; each takes several values. */
export function addSweep(command: Command, experiment: AnyExperiment, give: (request: Request) => void): void {
  const { name } = experiment
  const sweeps = Object.entries(experiment.sweeps ?? {}) as [string, Sweep][]
  command.description(
    `Runs ${name} for every combination of settings, methods and seeds, each a run of its own that can be interrupted and resumed; then writes their table and figure. Settings take several values, between commas.`
  )
  if (sweeps.length > 0) {
    const about = sweeps.map(([name, { about }]) => `${name} (${about})`).join(', ')
    command.addArgument(new Argument('[sweep]', `one with a name: ${about};`).choices(sweeps.map(([name]) => name)))
  }
  addPresets(command)
    .optionsGroup('What comes out:')
    .option('--out <folder>', `where runs and table go (default: results/sweeps/${name}-<what is swept>)`)
    .option('--json', 'print the table (with --print: the commands) as JSON on standard output, and nothing else there')
    .option('--result <series>', "the table shows its last value (default: the named sweep's own result, or the loss)")
    .optionsGroup('How it runs:')
    .addOption(new Option('--print', 'run nothing: print the commands of all runs, one a line').conflicts('collect'))
    .addOption(
      new Option('--missing', 'the same, but only of runs that are not complete')
        .implies({ print: true })
        .conflicts('collect')
    )
    .option('--collect', 'run nothing: write the table of what is there, and say what is missing')
  addCount(command, '--jobs <n>', 'runs side by side (default: as many as there are cores)')
  addSettings(command.optionsGroup('Settings (several values are swept):'), experiment, (key, setting, text) =>
    key === 'method' || key === 'seeds' ? setting.parse(text) : parseValues(setting, text)
  )
  const [first] = Object.keys(experiment.settings)
  const words = sweeps.length > 0 ? sweeps[0][0] : `--${first} 1,2,4`
  addExamples(command, [
    [`sweep ${name} ${words} --seeds 3`, 'all of it here, as many at once as there are cores'],
    [`sweep ${name} ${words} --seeds 3 --print | parallel`, 'the same by GNU parallel'],
    [`sweep ${name} ${words} --seeds 3 --collect`, 'table and figure of what is there']
  ])
  command.action((...args: unknown[]) => {
    const [named, options] = (sweeps.length > 0 ? args : [undefined, ...args]) as [string | undefined, Options]
    const given = givenSettings(command, experiment, options)
    give({
      kind: 'sweep',
      plan: planOf(experiment, presetOfOptions(options), named, given, options),
      action: options.print ? 'print' : options.collect ? 'collect' : 'run',
      missing: Boolean(options.missing),
      json: Boolean(options.json),
      jobs: options.jobs as number | undefined
    })
  })
}

/** Swept are the settings of the named sweep, and those given with several values; the command line decides. */
function planOf(
  experiment: AnyExperiment,
  preset: Preset,
  named: string | undefined,
  given: Record<string, unknown>,
  options: Options
): SweepPlan {
  const sweep: Sweep | undefined = named === undefined ? undefined : experiment.sweeps![named]
  const { method, seeds, ...usually } = { ...usual(experiment, preset), ...sweep?.fixed }
  const swept: Record<string, SettingValue[]> = {}
  const settings: Record<string, SettingValue> = {}
  for (const key of new Set([...Object.keys(sweep?.values ?? {}), ...Object.keys(usually)])) {
    const own = sweep?.values[key] as Presets<readonly SettingValue[]> | undefined
    const values = (given[key] ?? own?.[preset] ?? own?.default ?? usually[key]) as SettingValue
    const several = Array.isArray(given[key]) && (given[key] as unknown[]).length > 1
    if (own || several) swept[key] = values as SettingValue[]
    else settings[key] = Array.isArray(given[key]) ? (given[key] as SettingValue[])[0] : values
  }
  const keys = Object.keys(swept)
  const name = named ?? keys.join('-')
  return {
    experiment,
    name,
    about: sweep?.about ?? (keys.length > 0 ? `over ${keys.join(' and ')}` : 'all methods and seeds'),
    preset,
    swept,
    settings,
    methods: (given.method ?? method) as string[],
    seeds: Array.from({ length: (given.seeds ?? seeds) as number }, (_, i) => (options.seed as number) + i),
    ...(options.result === undefined
      ? { result: sweep?.result, metrics: sweep?.metrics }
      : { result: seriesResult(options.result as string) }),
    out: (options.out as string | undefined) ?? `results/sweeps/${[experiment.name, name].filter(Boolean).join('-')}`
  }
}

const seriesResult = (series: string) => ({ of: series, label: `${series}, last value` })
