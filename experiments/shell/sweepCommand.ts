import { join } from 'node:path'
import type { SweepRequest } from './cliSweep.js'
import { collect, type SweepTable, sweepCells } from './collect.js'
import { type ExitCode, fail, teller } from './ending.js'
import { checkFolder } from './folder.js'
import { checkRequirements } from './requirements.js'
import { type Cell, cellsOf, lineOf, readCell } from './sweep.js'
import { drawTable, printTable } from './table.js'
import { program, shellLine } from './words.js'

/** Prints the commands of a sweep, or runs those that are missing, or gathers what is there. */
export async function sweepCommand(request: SweepRequest): Promise<ExitCode> {
  const { plan, action, json } = request
  const say = teller(json)
  try {
    const cells = cellsOf(plan)
    if (action === 'print') {
      print(request, request.missing ? cells.filter(cell => !readCell(plan.experiment, cell)) : cells)
      return 0
    }
    checkRequirements()
    checkFolder(plan.out)
    let interrupted = false
    if (action === 'run') {
      // Imported only here: its progress bar is not for those who install the package.
      const { runSweep } = await import('./sweepRun.js')
      ;({ interrupted } = await runSweep(plan, cells, { jobs: request.jobs, screen: process.stderr }))
    }
    const table = collect(plan)
    const { captionOf, writeSweep } = await import('./sweepPage.js')
    const files = await writeSweep(plan, table, shellLine(['node', 'dist/experiments/main.js', ...wordsOfSweep()]))
    if (json) process.stdout.write(`${JSON.stringify(table, null, 2)}\n`)
    else {
      const { head, rows } = sweepCells(table)
      say(drawTable(head, rows))
      say(captionOf(table))
      if (table.metrics.length > 0) say(printTable(table.metrics))
    }
    if (table.missing.length > 0) sayMissing(request, table, cells.length, say)
    say(`Report: ${join(plan.out, 'sweep.html')}`)
    say(`All ${files.length} files: ${plan.out}`)
    if (interrupted) say(`To go on: ${shellLine([...program(), ...wordsOfSweep()])}`)
    return interrupted ? 130 : table.missing.length > 0 ? 1 : 0
  } catch (problem) {
    return fail(problem)
  }
}

/** This call, without what only says what to do with the cells. */
const wordsOfSweep = (): string[] =>
  process.argv.slice(2).filter(word => !['--print', '--collect', '--missing', '--json'].includes(word))

function print({ json }: SweepRequest, cells: Cell[]): void {
  if (json) {
    const listed = cells.map(cell => ({ name: cell.name, command: lineOf(cell), out: cell.out }))
    process.stdout.write(`${JSON.stringify(listed, null, 2)}\n`)
  } else for (const cell of cells) process.stdout.write(`${lineOf(cell)}\n`)
}

function sayMissing(
  { plan, action }: SweepRequest,
  { missing }: SweepTable,
  total: number,
  say: (line: string) => void
): void {
  say(`${missing.length} of ${total} runs are missing:`)
  for (const name of missing.slice(0, 20)) say(`  ${join(plan.out, name)}`)
  if (missing.length > 20) say(`  and ${missing.length - 20} more`)
  const again = action === 'collect' ? 'The same call without --collect' : 'The same call again'
  say(`${again} runs them; with --missing it prints their commands.`)
}
