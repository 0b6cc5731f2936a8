#!/usr/bin/env node
import { realpathSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommanderError } from 'commander'
import { experiments } from './index.js'
import { UnknownOperator } from './operators/unknown.js'
import { type Request, readCommandLine } from './shell/cli.js'
import { checkFolder, writeResults } from './shell/folder.js'
import { recordJson } from './shell/record.js'
import { checkRequirements } from './shell/requirements.js'
import type { RunOutcome } from './shell/run.js'
import { sentence } from './shell/sentence.js'
import { UsageError } from './shell/settings.js'
import { printTable } from './shell/table.js'
import { type ExperimentTable, Interrupted } from './shell/types.js'

/** 0 it worked; 1 it failed; 2 it was called wrongly; 130 it was interrupted. */
type ExitCode = 0 | 1 | 2 | 130

/** The command line over a table of experiments. Prints, writes files, returns the exit code; never exits by itself. */
export async function main(argv: string[], table: ExperimentTable = experiments): Promise<ExitCode> {
  let request: Request
  try {
    request = await readCommandLine(argv, table, command())
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return fail(error)
  }
  if (request.kind === 'list') {
    const width = Math.max(0, ...Object.keys(table).map(name => name.length))
    for (const [name, { about }] of Object.entries(table)) console.log(`${name.padEnd(width)}  ${about}`)
    return 0
  }
  if (request.kind === 'run') return run(request)
  try {
    const { runOperators } = await import('./operators/commands.js')
    return (await runOperators(request, process.stdout.columns ?? 100)) ? 0 : 1
  } catch (error) {
    const code = fail(error)
    return error instanceof UnknownOperator ? 2 : code
  }
}

/** How it was called: `npm start --` in a clone, `physgrad` where it is installed. */
const command = (): string =>
  /^main\.js$|^demoMain\.js$/.test(basename(process.argv[1] ?? '')) ? 'npm start --' : 'physgrad'

async function run(request: Request & { kind: 'run' }): Promise<ExitCode> {
  const { experiment, module, json, out, report } = request
  const say = (line: string) => (json ? process.stderr : process.stdout).write(`${line}\n`)
  try {
    checkRequirements()
    checkFolder(out)
  } catch (problem) {
    return fail(problem)
  }
  // Imported only here: its progress bar is not for those who install the package.
  const { runExperiment } = await import('./shell/run.js')
  let outcome: RunOutcome
  try {
    outcome = await runExperiment(module, { ...request, screen: process.stderr })
  } catch (problem) {
    const code = fail(problem)
    return problem instanceof UsageError ? 2 : code
  }
  const { record, error } = outcome
  const interrupted = error instanceof Interrupted
  if (!record) {
    if (!interrupted) return fail(error)
    say('Interrupted; there was nothing to keep yet.')
    return 130
  }
  if (report && process.stderr.isTTY) process.stderr.write('Writing the report...\n')
  let files: string[]
  try {
    files = await writeResults(out, experiment, record, { report })
  } catch (problem) {
    if (json) process.stdout.write(recordJson(record))
    if (error && !interrupted) fail(error)
    return fail(problem)
  }
  if (json) process.stdout.write(recordJson(record))
  else {
    const table = printTable(record.metrics, record.timings, process.stdout.columns)
    if (table) say(table)
    for (const note of record.notes) say(note)
  }
  if (error) {
    say(`${interrupted ? 'Interrupted' : 'Failed'} after step ${stepText(record.statusText)}. Kept what was there:`)
  }
  say(
    `${files.includes('report.html') ? 'Report' : 'Results'}: ${join(out, files.includes('report.html') ? 'report.html' : 'result.json')}`
  )
  if (files.length > 1) say(`All ${files.length} files: ${out}`)
  if (interrupted)
    say(
      `To go on: ${[record.command, ...(out === `results/${experiment.name}` ? [] : ['--out', out]), '--resume'].join(' ')}`
    )
  return error ? (interrupted ? 130 : fail(error)) : 0
}

const stepText = (status: string) => status.match(/after step (\d+ of \d+)/)?.[1] ?? '0'

/** A sentence for people; the stack for those who set DEBUG. */
function fail(error: unknown): 1 {
  const stack = process.env.DEBUG && error instanceof Error ? error.stack : undefined
  process.stderr.write(`${stack ?? `Error: ${sentence(error)}`}\n`)
  return 1
}

/** The main experiment, where none is named: `npm start`, `npm start -- --full`; of `physgrad` alone, the help. */
const withDefault = (argv: string[]): string[] =>
  command() === 'physgrad'
    ? argv.length > 0
      ? argv
      : ['--help']
    : argv.length === 0 || (argv[0].startsWith('-') && !['-h', '--help'].includes(argv[0]))
      ? ['run', 'heat', ...argv]
      : argv

const invoked = process.argv[1]
if (invoked && realpathSync(invoked) === fileURLToPath(import.meta.url)) {
  // Not process.exit(): what has been written to a pipe must arrive.
  process.exitCode = await main(withDefault(process.argv.slice(2)))
}
