import type { Command } from 'commander'
import type { Request } from './cli.js'
import { addCount, addExamples, addPresets, addSettings, givenSettings, presetOfOptions } from './cliOptions.js'
import { presetTimes } from './format.js'
import { usual } from './parts.js'
import type { Preset, SettingValue } from './settings.js'
import type { AnyExperiment } from './types.js'
import { shellLine } from './words.js'

/** What `run` asks for. */
export interface RunRequest {
  kind: 'run'
  experiment: AnyExperiment
  module: URL
  preset: Preset
  settings: Record<string, SettingValue>
  seed: number
  out: string
  json: boolean
  report: boolean
  /** A number that is not as expected is a failure. */
  strict: boolean
  resume: boolean
  jobs?: number
  threads?: number
}

/** Makes a command one that runs this experiment; its settings become options. */
export function addRun(
  command: Command,
  experiment: AnyExperiment,
  module: URL,
  give: (request: Request) => void
): void {
  const { name, title, problem, source, methods, takes } = experiment
  const times = takes ? `\nTakes on two cores, roughly: ${presetTimes(takes)}.` : ''
  addPresets(command.description(`${title}.\n\n${problem}\nSource: ${source}.${times}`))
    .optionsGroup('What comes out:')
    .option('--out <folder>', 'where the results go', `results/${name}`)
    .option('--json', 'print the results as JSON on standard output, and nothing else there')
    .option('--no-report', 'write the numbers only, no figures and no report')
    .option('--strict', 'fail, with exit code 1, where a number is not as expected')
    .optionsGroup('How it runs:')
    .option('--resume', 'go on with what an earlier run left in the folder, to the same numbers')
  addCount(command, '--jobs <n>', 'methods and seeds side by side (default: as many as there are cores)')
  addCount(command, '--threads <n>', 'of the kernels of each; no number depends on it (default: the cores, shared out)')
  addSettings(command.optionsGroup('Settings (they change the preset):'), experiment)
  addExamples(command, [
    [`run ${name} --quick`, 'see that it works'],
    [shellLine(['run', name, '--method', methods[0], '--seeds', '3']), 'one method, three seeds'],
    [`run ${name} --full --resume`, 'the whole of it, or the rest after an interruption']
  ])
  command.action((options: Record<string, unknown>) => {
    const preset = presetOfOptions(options)
    const given = givenSettings(command, experiment, options) as Record<string, SettingValue>
    give({
      kind: 'run',
      experiment,
      module,
      preset,
      settings: { ...usual(experiment, preset), ...given },
      seed: options.seed as number,
      out: options.out as string,
      json: Boolean(options.json),
      report: options.report !== false,
      strict: Boolean(options.strict),
      resume: Boolean(options.resume),
      jobs: options.jobs as number | undefined,
      threads: options.threads as number | undefined
    })
  })
}
