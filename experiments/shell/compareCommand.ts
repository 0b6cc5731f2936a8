import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Request } from './cli.js'
import { type Compared, compareFigures, compareTable, labelled } from './compare.js'
import { type ExitCode, fail, teller } from './ending.js'
import { checkFolder, readRecord, writeAtomically } from './folder.js'
import { checkRequirements } from './requirements.js'
import { UsageError } from './settings.js'
import { drawTable } from './table.js'
import { type AnyExperiment, type ExperimentTable, loadExperiment } from './types.js'
import { shellLine } from './words.js'

/** Overlays runs: figures, a table and a page in a folder of their own. */
export async function compareCommand(
  { folders, out: given, json }: Request & { kind: 'compare' },
  table: ExperimentTable
): Promise<ExitCode> {
  const say = teller(json)
  try {
    if (new Set(folders).size < 2)
      throw new UsageError('compare got one folder. Give two or more that runs have written')
    const runs = labelled(folders.map(folder => ({ folder, record: recordIn(folder) })))
    const [{ record }] = runs
    const out = given ?? `results/compare-${record.experiment}`
    checkRequirements()
    checkFolder(out)
    const numbers = compareTable(runs)
    const data = {
      experiment: record.experiment,
      runs: runs.map(({ folder, label, record: r }) => ({ folder, label, command: r.command, metrics: r.metrics })),
      table: numbers
    }
    writeAtomically(join(out, 'compare.json'), `${JSON.stringify(data, null, 2)}\n`)
    const experiment = table[record.experiment] && (await loadExperiment(table[record.experiment].module))
    await writePage(out, experiment, runs, numbers, shellLine(['node dist/experiments/main.js', 'compare', ...folders]))
    if (json) process.stdout.write(`${JSON.stringify(data, null, 2)}\n`)
    else if (numbers.rows.length > 0) say(drawTable(numbers.head, numbers.rows))
    say(`Report: ${join(out, 'compare.html')}`)
    return 0
  } catch (problem) {
    return fail(problem)
  }
}

/** The run that a folder holds. Throws UsageError where it holds none. */
export function recordIn(folder: string) {
  if (existsSync(join(folder, 'result.json'))) return readRecord(folder)
  throw new UsageError(
    `${folder} was given as the folder of a run, but has no result.json. Give a folder that 'run' has written, as results/heat`
  )
}

async function writePage(
  out: string,
  experiment: AnyExperiment | undefined,
  runs: Compared[],
  { head, rows }: { head: string[]; rows: string[][] },
  command: string
): Promise<void> {
  const [{ drawFigures }, { figureHtml, html, pageHtml, tableHtml }] = await Promise.all([
    import('./pictures.js'),
    import('./page.js')
  ])
  const figures = await drawFigures(join(out, 'figures'), compareFigures(runs))
  const [{ record }] = runs
  const page = pageHtml({
    title: `${record.title}: ${runs.length} runs`,
    source: experiment?.source ?? '',
    problem: experiment?.problem ?? '',
    formulas: experiment?.formulas ?? [],
    sections: [
      ['Results', tableHtml(head, rows, 'results')],
      ['Figures', figures.map(figureHtml).join('\n')],
      [
        'These runs',
        `${tableHtml(
          ['run', 'folder', 'date', 'command'],
          runs.map(({ label, folder, record: r }) => [label, folder, r.date, r.command])
        )}
<p>To compare them again:</p>\n<pre>${html(command)}</pre>`
      ]
    ]
  })
  writeAtomically(join(out, 'compare.html'), page)
}
