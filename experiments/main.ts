#!/usr/bin/env node
import { realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommanderError } from 'commander'
import { experiments } from './index.js'
import { UnknownOperator } from './operators/unknown.js'
import { type Request, readCommandLine } from './shell/cli.js'
import { COMPLETE, completionScript } from './shell/completion.js'
import { type ExitCode, fail } from './shell/ending.js'
import type { ExperimentTable } from './shell/types.js'
import { shellLine } from './shell/words.js'

/** The command line over a table of experiments. Prints, writes files, returns the exit code; never exits by itself. */
export async function main(argv: string[], table: ExperimentTable = experiments): Promise<ExitCode> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosed)
  try {
    if (argv[0] === COMPLETE) {
      const { complete } = await import('./shell/complete.js')
      process.stdout.write((await complete(argv.slice(1), table)).map(word => `${word}\n`).join(''))
      return 0
    }
    return await obey(await readCommandLine(argv, table, command()), table)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const code = fail(error)
    return error instanceof UnknownOperator ? 2 : code
  }
}

/** A reader that has seen enough (`| head`) is no failure. */
function ignoreClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
}

/** Each command is imported when it is asked for, so that every other one starts at once. */
async function obey(request: Request, table: ExperimentTable): Promise<ExitCode> {
  switch (request.kind) {
    case 'run':
      return (await import('./shell/runCommand.js')).runCommand(request)
    case 'sweep':
      return (await import('./shell/sweepCommand.js')).sweepCommand(request)
    case 'compare':
      return (await import('./shell/compareCommand.js')).compareCommand(request, table)
    case 'report':
      return (await import('./shell/reportCommand.js')).reportCommand(request, table)
    case 'list':
      return (await import('./shell/listCommand.js')).listCommand(request, table)
    case 'completion':
      process.stdout.write(completionScript(request.shell, shellLine([process.execPath, process.argv[1]])))
      return 0
    case 'inverse':
      return (await import('./inverse/command.js')).runInverse(request)
    default: {
      const { runOperators } = await import('./operators/commands.js')
      return (await runOperators(request, process.stdout.columns ?? 100)) ? 0 : 1
    }
  }
}

/** How it was called: `npm start --` in a clone, `physgrad` where it is installed. */
const command = (): string =>
  /^main\.js$|^demoMain\.js$/.test(basename(process.argv[1] ?? '')) ? 'npm start --' : 'physgrad'

/** The main experiment, where none is named: `npm start`, `npm start -- --full`; of `physgrad` alone, the help. */
const withDefault = (argv: string[]): string[] =>
  command() === 'physgrad'
    ? argv.length > 0
      ? argv
      : ['--help']
    : argv.length === 0 || (argv[0].startsWith('-') && !['-h', '--help', COMPLETE].includes(argv[0]))
      ? ['run', 'heat', ...argv]
      : argv

const invoked = process.argv[1]
if (invoked && realpathSync(invoked) === fileURLToPath(import.meta.url)) {
  // Not process.exit(): what has been written to a pipe must arrive.
  process.exitCode = await main(withDefault(process.argv.slice(2)))
}
