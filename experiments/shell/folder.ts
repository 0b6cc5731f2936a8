import { mkdirSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { curvesCsv, fieldsJson, type RunRecord, recordJson } from './record.js'
import type { AnyExperiment } from './types.js'

/**
 * Makes the folder and those it lies in. Not by `recursive`, which never returns where a parent refuses with "no such
 * file" although it is there (/proc, in Node 20). Returns those that were not there, the outermost first.
 */
function makeFolder(path: string): string[] {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return []
  const above = dirname(path)
  const made = above === path ? [] : makeFolder(above)
  mkdirSync(path)
  return [...made, path]
}

/** Throws where results could not be written: known before a long run, not after it. Leaves nothing behind. */
export function checkFolder(folder: string): void {
  const probe = join(folder, `.${process.pid}.tmp`)
  try {
    const made = makeFolder(resolve(folder))
    writeFileSync(probe, '')
    rmSync(probe)
    for (const path of made.reverse()) rmdirSync(path)
  } catch (error) {
    throw new Error(
      `results cannot be written into ${folder}: ${(error as Error).message}. Give another folder by --out.`
    )
  }
}

/** Whole or not at all: written beside its place and renamed, so that no one ever reads half a file. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  makeFolder(dirname(resolve(path)))
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, content)
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/**
 * Writes a run into its folder and returns the names of the files. The numbers go first: should drawing fail or be
 * interrupted, they are there.
 */
export async function writeResults(
  folder: string,
  experiment: AnyExperiment,
  record: RunRecord,
  options: { report: boolean }
): Promise<string[]> {
  const written: string[] = []
  const write = (name: string, content: string | Uint8Array) => {
    writeAtomically(join(folder, name), content)
    written.push(name)
  }
  // Pictures and reports of an earlier run would tell of other numbers.
  for (const old of ['report.html', 'figures', 'fields.json'])
    rmSync(join(folder, old), { recursive: true, force: true })
  write('result.json', recordJson(record))
  write('curves.csv', curvesCsv(record.result))
  if (record.result.fields?.length) write('fields.json', fieldsJson(record.result))
  if (!options.report) return written
  // Imported only here: the plotting libraries take half a second to load.
  const [{ figureToSvg, svgToPng }, { reportHtml }] = await Promise.all([
    import('./plots/render.js'),
    import('./report.js')
  ])
  const figures: { svg: string; title: string; caption?: string; name: string }[] = []
  for (const figure of experiment.figures(record.result, record.settings)) {
    const svg = await figureToSvg(figure)
    write(`figures/${figure.name}.svg`, svg)
    write(`figures/${figure.name}.png`, svgToPng(svg))
    figures.push({ ...figure, svg })
  }
  write('report.html', reportHtml(experiment, record, figures))
  return written
}
