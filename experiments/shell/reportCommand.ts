import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Request } from './cli.js'
import { recordIn } from './compareCommand.js'
import { type ExitCode, fail, teller } from './ending.js'
import { writeResults } from './folder.js'
import { recordOf } from './record.js'
import { checkRequirements } from './requirements.js'
import { UsageError } from './settings.js'
import { type ExperimentTable, loadExperiment } from './types.js'

/** Draws figures and pages of runs again, or makes the gallery of all experiments. */
export async function reportCommand(
  { folders, all, out, json }: Request & { kind: 'report' },
  table: ExperimentTable
): Promise<ExitCode> {
  const say = teller(json)
  try {
    checkRequirements()
    const given = folders.length > 0 ? folders : foldersIn('results')
    const files: string[] = []
    if (all) {
      const { writeGallery } = await import('./gallery.js')
      files.push(...(await writeGallery(given, out, table)))
      say(`Gallery: ${join(out, 'index.html')}`)
    } else {
      for (const folder of given) {
        const record = recordIn(folder)
        if (!table[record.experiment])
          throw new UsageError(
            `${folder} holds a run of ${record.experiment}, which is no experiment here. Those are ${Object.keys(table).join(', ')}`
          )
        const experiment = await loadExperiment(table[record.experiment].module)
        // Metrics, too: what the experiment makes of the parts may have changed since they ran.
        const written = await writeResults(folder, experiment, recordOf(experiment, record), { report: true })
        files.push(...written.map(name => join(folder, name)))
        say(`Report: ${join(folder, 'report.html')}`)
      }
    }
    if (json) process.stdout.write(`${JSON.stringify(files, null, 2)}\n`)
    return 0
  } catch (problem) {
    return fail(problem)
  }
}

/** The folders of runs in a folder. */
function foldersIn(folder: string): string[] {
  const found = (existsSync(folder) ? readdirSync(folder) : [])
    .map(name => join(folder, name))
    .filter(path => existsSync(join(path, 'result.json')))
  if (found.length === 0)
    throw new UsageError(`report got no folders, and there are no runs in ${folder}/. Run an experiment first`)
  return found.sort()
}
