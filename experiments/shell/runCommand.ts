import { join } from 'node:path'
import type { RunRequest } from './cliRun.js'
import { type ExitCode, fail, teller } from './ending.js'
import { checkFolder, writeResults } from './folder.js'
import { quantity } from './format.js'
import { recordJson } from './record.js'
import { checkRequirements } from './requirements.js'
import type { RunOutcome } from './run.js'
import { asExpected, expectedRange, printTable } from './table.js'
import { Interrupted } from './types.js'
import { program, shellLine, wordsOf } from './words.js'

/** Runs an experiment, writes its results, and says what came out and where it is. */
export async function runCommand(request: RunRequest): Promise<ExitCode> {
  const { experiment, module, json, out, report, strict } = request
  const say = teller(json)
  try {
    checkRequirements()
    checkFolder(out)
  } catch (problem) {
    return fail(problem)
  }
  // Imported only here: its progress bar is not for those who install the package.
  const { runExperiment } = await import('./run.js')
  let outcome: RunOutcome
  try {
    outcome = await runExperiment(module, { ...request, screen: process.stderr })
  } catch (problem) {
    return fail(problem)
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
  if (interrupted) say(`To go on: ${goOn(request)}`)
  if (error) return interrupted ? 130 : fail(error)
  const off = strict ? record.metrics.filter(metric => !asExpected(metric)) : []
  for (const metric of off) {
    const { name, value, digits } = metric
    process.stderr.write(`Not as expected: ${name} is ${quantity(value, digits)}, expected ${expectedRange(metric)}.\n`)
  }
  return off.length > 0 ? 1 : 0
}

const stepText = (status: string) => status.match(/after step (\d+ of \d+)/)?.[1] ?? '0'

/** The same call again, with --resume: the rest of it. */
function goOn({ experiment, preset, settings, seed, out, report, strict }: RunRequest): string {
  const words = wordsOf(experiment, preset, settings, seed)
  if (out !== `results/${experiment.name}`) words.push('--out', out)
  if (!report) words.push('--no-report')
  if (strict) words.push('--strict')
  return shellLine([...program(), ...words, '--resume'])
}
