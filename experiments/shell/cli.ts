import { Command, InvalidArgumentError, Option } from 'commander'
import { addInverse, type InverseRequest } from '../inverse/options.js'
import { usual } from './parts.js'
import {
  flagOf,
  type Preset,
  parseCount,
  type Setting,
  type SettingValue,
  settingsOf,
  showValue,
  UsageError
} from './settings.js'
import { type AnyExperiment, type ExperimentTable, loadExperiment } from './types.js'

/** What the command line asks for. */
export type Request =
  | { kind: 'list' }
  | { kind: 'explain'; names: string[] }
  | { kind: 'check'; names: string[]; verbose: boolean; json: boolean }
  | { kind: 'ops'; json: boolean }
  | { kind: 'backends'; words: string[]; json: boolean }
  | InverseRequest
  | {
      kind: 'run'
      experiment: AnyExperiment
      module: URL
      preset: Preset
      settings: Record<string, SettingValue>
      seed: number
      out: string
      json: boolean
      report: boolean
      resume: boolean
      jobs?: number
    }

/**
 * Reads the arguments. Only the experiment that they name is imported: its settings become options. Throws
 * CommanderError (with the exit code that fits) after commander has printed what is wrong, or the help.
 */
export async function readCommandLine(argv: string[], table: ExperimentTable, name = 'npm start --'): Promise<Request> {
  let request: Request = { kind: 'list' }
  const program = new Command(name)
    .description(
      'Runs the experiments: prints their tables, writes reports with figures into results/. Explains and checks operators.'
    )
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .helpCommand('help [command]', 'show what a command takes')
  program
    .command('list')
    .description('list the experiments')
    .action(() => {
      request = { kind: 'list' }
    })
  program
    .command('explain <operators...>')
    .description(
      'formula, rules, domain, cost and an example with numbers: of operators, or of all in a module (a path)'
    )
    .helpGroup('Operators:')
    .action((names: string[]) => {
      request = { kind: 'explain', names }
    })
  program
    .command('check <operators...>')
    .description("run every check of operators, of all in a module (a path), or of 'all'")
    .option('--verbose', 'every check, not only those that failed')
    .option('--json', 'print the results as JSON')
    .action((names: string[], options: { verbose?: true; json?: true }) => {
      request = { kind: 'check', names, verbose: Boolean(options.verbose), json: Boolean(options.json) }
    })
  program
    .command('ops')
    .description('list every operator: inputs, formula, and the rungs that the target sweep has for it')
    .option('--json', 'print the list as JSON')
    .action((options: { json?: true }) => {
      request = { kind: 'ops', json: Boolean(options.json) }
    })
  program
    .command('backends [kernel] [sizes...]')
    .description("the backends of the heavy kernels: what is available, what runs for a size ('matmul 256'), how fast")
    .option('--json', 'print the results as JSON')
    .action((kernel: string | undefined, sizes: string[], options: { json?: true }) => {
      request = { kind: 'backends', words: kernel === undefined ? [] : [kernel, ...sizes], json: Boolean(options.json) }
    })
  await addInverse(program, argv, checked, found => {
    request = found
  })
  const run = program
    .command('run')
    .description('run an experiment: `run heat --help` shows its settings')
    .helpCommand(false)
    .usage('<experiment> [options]')
  // The settings of the one that is named become options; to read them, its module is imported.
  const named = argv.find(word => Object.hasOwn(table, word))
  for (const [name, { about, module }] of Object.entries(table)) {
    const command = run.command(name).description(about).helpGroup('Experiments:')
    if (name !== named) continue
    const experiment = await loadExperiment(module)
    addOptions(command, experiment).action((options: Record<string, unknown>) => {
      request = runRequest(command, experiment, module, options)
    })
  }
  await program.parseAsync(argv, { from: 'user' })
  return request
}

function addOptions(command: Command, experiment: AnyExperiment): Command {
  command
    .description(`${experiment.title}.\n\n${experiment.problem}\nSource: ${experiment.source}.`)
    .optionsGroup('How much:')
    .addOption(new Option('--quick', 'the quick preset, to see that it works').conflicts('full'))
    .addOption(new Option('--full', "the full preset: the source's own settings, where they differ"))
    .option(
      '--seed <n>',
      'seed of every random number',
      checked('--seed', text => parseCount(text, 0, 2 ** 32 - 1)),
      0
    )
    .optionsGroup('What comes out:')
    .option('--out <folder>', 'where the results go', `results/${experiment.name}`)
    .option('--json', 'print the results as JSON on standard output, and nothing else there')
    .option('--no-report', 'write the numbers only, no figures and no report')
    .optionsGroup('How it runs:')
    .option('--resume', 'go on with what an earlier run left in the folder, to the same numbers')
    .option(
      '--jobs <n>',
      'methods and seeds side by side (default: as many as there are cores)',
      checked('--jobs', text => parseCount(text, 1, 1024))
    )
    .optionsGroup('Settings (they change the preset):')
  for (const [key, setting] of Object.entries(settingsOf(experiment) as Record<string, Setting>)) {
    const flag = flagOf(key)
    const about = `${setting.about} ${presetsText(setting)}`
    if (setting.argument === '') command.option(flag, about).option(flag.replace('--', '--no-'))
    else command.option(`${flag} ${setting.argument}`, about, checked(flag, setting.parse))
  }
  return command
}

function presetsText({ presets }: Setting): string {
  const [usual, quick, full] = [presets.default, presets.quick, presets.full].map(showValue)
  const others = [quick === usual ? '' : `quick: ${quick}`, full === usual ? '' : `full: ${full}`].filter(Boolean)
  return `(${[`default: ${usual}`, ...others].join(', ')})`
}

/** Commander says which option; what would be right comes from the parser. */
const checked = (flag: string, parse: (text: string) => SettingValue) => (text: string) => {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof UsageError) throw new InvalidArgumentError(`${flag} wants ${error.message}.`)
    throw error
  }
}

function runRequest(
  command: Command,
  experiment: AnyExperiment,
  module: URL,
  options: Record<string, unknown>
): Request {
  const preset: Preset = options.quick ? 'quick' : options.full ? 'full' : 'default'
  const settings = usual(experiment, preset)
  for (const key of Object.keys(settings)) {
    if (command.getOptionValueSource(key) === 'cli') settings[key] = options[key] as SettingValue
  }
  return {
    kind: 'run',
    experiment,
    module,
    preset,
    settings,
    seed: options.seed as number,
    out: options.out as string,
    json: Boolean(options.json),
    report: options.report !== false,
    resume: Boolean(options.resume),
    jobs: options.jobs as number | undefined
  }
}
