import { Argument, Command } from 'commander'
import { addInverse, type InverseRequest } from '../inverse/options.js'
import { addExamples, checked } from './cliOptions.js'
import { addRun, type RunRequest } from './cliRun.js'
import { addSweep, type SweepRequest } from './cliSweep.js'
import { howToComplete, type Shell, shells } from './completion.js'
import { type AnyExperiment, type ExperimentTable, loadExperiment } from './types.js'

/** What the command line asks for. */
export type Request =
  | { kind: 'list'; json: boolean }
  | { kind: 'explain'; names: string[]; json: boolean }
  | { kind: 'check'; names: string[]; verbose: boolean; json: boolean }
  | { kind: 'ops'; json: boolean }
  | { kind: 'backends'; words: string[]; json: boolean }
  | InverseRequest
  | RunRequest
  | SweepRequest
  | { kind: 'compare'; folders: string[]; out?: string; json: boolean }
  | { kind: 'report'; folders: string[]; all: boolean; out: string; json: boolean }
  | { kind: 'completion'; shell: Shell }

/**
 * Reads the arguments. Only the experiment that they name is imported: its settings become options. Throws
 * CommanderError (with the exit code that fits) after commander has printed what is wrong, or the help.
 */
export async function readCommandLine(argv: string[], table: ExperimentTable, name = 'npm start --'): Promise<Request> {
  let request: Request = { kind: 'list', json: false }
  const program = await makeProgram(argv, table, name, made => {
    request = made
  })
  await program.parseAsync(argv, { from: 'user' })
  return request
}

/** The commands, with the options of the experiment that `argv` names; `give` is called with what is asked for. */
export async function makeProgram(
  argv: readonly string[],
  table: ExperimentTable,
  name: string,
  give: (request: Request) => void
): Promise<Command> {
  const program = new Command(name)
    .description(
      'Runs the experiments: prints their tables, writes reports with figures into results/. Explains and checks operators.'
    )
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .helpCommand('help [command]', 'show what a command takes')
  addExperiments(program, table, await namedIn(argv, table), give)
  addResults(program, give)
  addOperators(program, give)
  await addInverse(program, argv, checked, give)
  program
    .command('completion')
    .description('print what makes a shell complete commands, experiments, settings and operators')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText('after', `\n${howToComplete}`)
    .action((shell: Shell) => give({ kind: 'completion', shell }))
  return program
}

type Give = (request: Request) => void

/** The experiment that is named among the words, and its name. */
async function namedIn(argv: readonly string[], table: ExperimentTable) {
  const name = argv.find(word => Object.hasOwn(table, word))
  return name === undefined ? undefined : { name, experiment: await loadExperiment(table[name].module) }
}

function addExperiments(
  program: Command,
  table: ExperimentTable,
  named: { name: string; experiment: AnyExperiment } | undefined,
  give: Give
): void {
  program
    .command('list')
    .description('list the experiments: what each is about, its methods, and how long it takes')
    .helpGroup('Experiments:')
    .option('--json', 'print the list as JSON')
    .action((options: { json?: true }) => give({ kind: 'list', json: Boolean(options.json) }))
  const add = (
    kind: string,
    description: string,
    fill: (command: Command, experiment: AnyExperiment, at: URL) => void
  ) => {
    const parent = program.command(kind).description(description).helpGroup('Experiments:').helpCommand(false)
    parent.usage('<experiment> [options]')
    for (const [name, { about, module }] of Object.entries(table)) {
      const command = parent.command(name).description(about).helpGroup('Experiments:')
      if (name === named?.name) fill(command, named.experiment, module)
    }
  }
  add('run', 'run an experiment: `run heat --help` shows its settings', (command, experiment, module) =>
    addRun(command, experiment, module, give)
  )
  add('sweep', 'run an experiment for many values of its settings: `sweep heat --help`', (command, experiment) =>
    addSweep(command, experiment, give)
  )
}

function addResults(program: Command, give: Give): void {
  const compare = program
    .command('compare <folders...>')
    .description('overlay runs of one experiment, from their folders: figures, a table, a page')
    .helpGroup('Results:')
    .option('--out <folder>', 'where these go (default: results/compare-<experiment>)')
    .option('--json', 'print the table as JSON')
    .action((folders: string[], options: { out?: string; json?: true }) =>
      give({ kind: 'compare', folders, out: options.out, json: Boolean(options.json) })
    )
  addExamples(compare, [
    ['run heat --quick --out results/one', 'a run'],
    ['run heat --quick --batch 8 --out results/two', 'another'],
    ['compare results/one results/two', 'what the other batch changes']
  ])
  const report = program
    .command('report [folders...]')
    .description('draw figures and pages again, from the numbers in folders (default: all in results)')
    .helpGroup('Results:')
    .option('--all', 'make the gallery: one page of all experiments with their figures and tables')
    .option('--out <folder>', 'where the gallery goes', 'docs/gallery')
    .option('--json', 'print the names of the files as JSON')
    .action((folders: string[], options: { all?: true; out: string; json?: true }) =>
      give({ kind: 'report', folders, all: Boolean(options.all), out: options.out, json: Boolean(options.json) })
    )
  addExamples(report, [
    ['report results/heat', 'its figures and its page, drawn again'],
    ['report --all', 'the gallery in docs/']
  ])
}

function addOperators(program: Command, give: Give): void {
  program
    .command('explain <operators...>')
    .description(
      'formula, rules, domain, cost and an example with numbers: of operators, or of all in a module (a path)'
    )
    .helpGroup('Operators:')
    .option('--json', 'print the same as JSON')
    .action((names: string[], options: { json?: true }) => {
      give({ kind: 'explain', names, json: Boolean(options.json) })
    })
  program
    .command('check <operators...>')
    .description("run every check of operators, of all in a module (a path), or of 'all'")
    .helpGroup('Operators:')
    .option('--verbose', 'every check, not only those that failed')
    .option('--json', 'print the results as JSON')
    .action((names: string[], options: { verbose?: true; json?: true }) => {
      give({ kind: 'check', names, verbose: Boolean(options.verbose), json: Boolean(options.json) })
    })
  program
    .command('ops')
    .description('list every operator: inputs, formula, and the rungs that the target sweep has for it')
    .helpGroup('Operators:')
    .option('--json', 'print the list as JSON')
    .action((options: { json?: true }) => {
      give({ kind: 'ops', json: Boolean(options.json) })
    })
  program
    .command('backends [kernel] [sizes...]')
    .description("the backends of the heavy kernels: what is available, what runs for a size ('matmul 256'), how fast")
    .helpGroup('Operators:')
    .option('--json', 'print the results as JSON')
    .action((kernel: string | undefined, sizes: string[], options: { json?: true }) => {
      give({ kind: 'backends', words: kernel === undefined ? [] : [kernel, ...sizes], json: Boolean(options.json) })
    })
}
