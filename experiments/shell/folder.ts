import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { nameOf } from './parts.js'
import { curvesCsv, fieldsJson, partJson, type RunRecord, readMetric, readPart, recordJson } from './record.js'
import { type SettingValue, showValue, UsageError } from './settings.js'
import type { AnyExperiment, Done, Field, Part } from './types.js'

/** Beside the results while a run is not complete: parts that have ended, and the states of those that have not. */
export const CHECKPOINTS = 'parts'

/**
 * Makes the folder and those it lies in. Not by `recursive`, which never returns where a parent refuses with "no such
 * file" although it is there (/proc, in Node 20). Returns those that were not there, the outermost first.
 */
export function makeFolder(path: string): string[] {
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

/** Beside the parts: what they are parts of. States of killed ones would go on under any other settings, to wrong numbers. */
const OWNER = 'run.json'

/** The folder for the parts of a run. */
export function makePartsFolder(out: string, experiment: AnyExperiment, settings: Record<string, SettingValue>): void {
  const owner = { experiment: experiment.name, settings: own(settings) }
  writeAtomically(join(out, CHECKPOINTS, OWNER), `${JSON.stringify(owner)}\n`)
}

/** A part that has ended, kept until the run has: should the run be killed, this part need not run again. */
export function keepPart(out: string, done: Done): void {
  const path = join(out, CHECKPOINTS, nameOf(done))
  writeAtomically(`${path}.json`, partJson(done))
  rmSync(`${path}.checkpoint`, { force: true })
}

/**
 * Parts of an earlier run in this folder that have ended, among those wanted. Throws UsageError where it is a run of
 * something else, or of other settings.
 */
export function keptParts(
  out: string,
  experiment: AnyExperiment,
  settings: Record<string, SettingValue>,
  wanted: readonly Part[]
): Done[] {
  /** What keeps a run from going on with what another one left. */
  const obstacle = (left: Pick<RunRecord, 'experiment' | 'settings'>): string | undefined => {
    if (left.experiment !== experiment.name) return `a run of ${left.experiment}. Give another --out`
    const [key, value] =
      Object.entries(own(settings)).find(([key, value]) => showValue(value) !== showValue(left.settings[key] ?? '')) ??
      []
    if (key === undefined || value === undefined) return undefined
    return `a run with ${key} ${showValue(left.settings[key] ?? 'unset')} where this one has ${showValue(value)}. Give the same settings, another --out, or leave out --resume`
  }
  const folder = join(out, CHECKPOINTS)
  const files = existsSync(folder) ? readdirSync(folder).filter(file => file.endsWith('.json')) : []
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const record = existsSync(join(out, 'result.json')) ? readRecord(out) : undefined
  // A run that was killed before it could write its own results stands beside those of the one before.
  const owner = files.includes(OWNER) ? read(OWNER) : record
  const found: Done[] = []
  if (owner) {
    const why = obstacle(owner)
    if (why !== undefined) throw new UsageError(`--resume in ${out}, which holds ${why}`)
  }
  if (record && obstacle(record) === undefined) found.push(...record.parts.filter(part => part.status === 'complete'))
  found.push(...files.filter(file => file !== OWNER).map(file => readPart(read(file))))
  const by = new Map(found.map(part => [nameOf(part), part]))
  return wanted.flatMap(part => by.get(nameOf(part)) ?? [])
}

/** What a part depends on: not which others run beside it. */
const own = ({ method: _methods, seeds: _seeds, ...settings }: Record<string, SettingValue>) => settings

/** A run from its folder, with its fields. */
export function readRecord(folder: string): RunRecord {
  const record = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as RunRecord
  const path = join(folder, 'fields.json')
  const fields: Record<string, Field[]> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const parts = record.parts.map(part => readPart(part, fields[nameOf(part)]))
  return { ...record, metrics: record.metrics.map(readMetric), parts }
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
  if (record.parts.some(part => part.fields?.length)) write('fields.json', fieldsJson(record.parts))
  write('result.json', recordJson(record))
  write('curves.csv', curvesCsv(record.parts))
  if (record.status === 'complete') rmSync(join(folder, CHECKPOINTS), { recursive: true, force: true })
  if (options.report) written.push(...(await writeReport(folder, experiment, record)))
  return written
}

/** Figures and report of a run; returns the names of the files. */
export async function writeReport(folder: string, experiment: AnyExperiment, record: RunRecord): Promise<string[]> {
  const [{ drawFigures }, { reportHtml }] = await Promise.all([import('./pictures.js'), import('./report.js')])
  const figures = await drawFigures(join(folder, 'figures'), experiment.figures(record.parts, record.settings))
  writeAtomically(join(folder, 'report.html'), reportHtml(experiment, record, figures))
  return [...figures.flatMap(({ name }) => [`figures/${name}.svg`, `figures/${name}.png`]), 'report.html']
}
