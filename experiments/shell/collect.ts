import { spread } from './data.js'
import type { Panel, PlotFigure } from './figure.js'
import { quantity } from './format.js'
import { versions } from './record.js'
import { type SettingValue, showValue } from './settings.js'
import { type Cell, cellsOf, combinations, readCell, type SweepPlan } from './sweep.js'
import type { Done, Metric, SweepRow } from './types.js'

/** All that a sweep came to: what sweep.json holds. */
export interface SweepTable {
  experiment: string
  sweep: string
  about: string
  /** What `value` is. */
  label: string
  preset: string
  /** Of every cell, besides those swept. */
  settings: Record<string, SettingValue>
  swept: Record<string, SettingValue[]>
  versions: Record<string, string>
  rows: SweepRow[]
  metrics: Metric[]
  /** Names of the cells that have not run, or not to the end. */
  missing: string[]
}

/** Reads what the cells left. */
export function collect(plan: SweepPlan): SweepTable {
  const { experiment, name, about, preset, swept, settings } = plan
  const found = cellsOf(plan).map(cell => ({ cell, record: readCell(experiment, cell) }))
  const missing = found.filter(({ record }) => !record).map(({ cell }) => cell.name)
  const result = plan.result ?? lossOf(found.flatMap(({ record }) => record?.parts ?? []))
  const value = (part: Done, cell: Cell) =>
    typeof result.of === 'string' ? part.course[result.of]?.y.at(-1) : result.of(part, cell.settings)
  const rows = found.flatMap(({ cell, record }): SweepRow[] => {
    return (record?.parts ?? []).map(part => ({
      swept: cell.swept,
      method: part.method,
      variant: part.variant,
      seed: part.seed,
      value: value(part, cell) ?? Number.NaN,
      seconds: record!.seconds
    }))
  })
  const table = { experiment: experiment.name, sweep: name, about, label: result.label, preset, settings, swept }
  return { ...table, versions: versions(), rows, metrics: plan.metrics?.(rows) ?? [], missing }
}

/** Where nothing else is asked for: the series of that name, or the first. */
function lossOf(parts: readonly Done[]): { of: string; label: string } {
  const names = Object.keys(parts[0]?.course ?? {})
  const of = names.includes('loss') ? 'loss' : (names[0] ?? 'loss')
  return { of, label: `${of}, last value` }
}

const lineName = ({ method, variant }: SweepRow): string => [method, variant].filter(Boolean).join(', ')
const at = (row: SweepRow, swept: Record<string, SettingValue>): boolean =>
  Object.entries(swept).every(([key, value]) => showValue(row.swept[key]) === showValue(value))

/** Numbers over the seeds. */
function valuesAt(table: SweepTable, line: string, swept: Record<string, SettingValue>): number[] {
  return table.rows.filter(row => lineName(row) === line && at(row, swept)).map(row => row.value)
}

/** A line per combination of the swept values, a column per method: median and range over the seeds. */
export function sweepCells(table: SweepTable): { head: string[]; rows: string[][] } {
  const lines = [...new Set(table.rows.map(lineName))]
  const rows = combinations(table.swept).map(swept => [
    ...Object.values(swept).map(showValue),
    ...lines.map(line => {
      const values = valuesAt(table, line, swept)
      return values.length > 1 ? quantity(spread(values), 3) : quantity(values[0], 3) || 'missing'
    })
  ])
  return { head: [...Object.keys(table.swept), ...lines], rows }
}

/** A number per line: every program reads it. */
export function sweepCsv({ swept, rows }: SweepTable): string {
  const quote = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = rows.map(row => [
    ...Object.keys(swept).map(key => quote(showValue(row.swept[key]))),
    ...[quote(row.method), quote(row.variant), row.seed, row.value, row.seconds]
  ])
  return [[...Object.keys(swept).map(quote), 'method,variant,seed,value,seconds'], ...lines, ''].join('\n')
}

/**
 * The number over the first swept setting: a line per method (its median, each seed faintly behind it), a panel per
 * combination of the other settings, at most three to a figure. Nothing where no setting with numbers is swept.
 */
export function sweepFigures(plan: SweepPlan, table: SweepTable): PlotFigure[] {
  const [first, ...others] = Object.keys(table.swept)
  const x = (table.swept[first] ?? []) as number[]
  if (!x.length || !x.every(v => typeof v === 'number')) return []
  const lines = [...new Set(table.rows.map(lineName))]
  const seeds = [...new Set(table.rows.map(row => row.seed))]
  const scale = plan.result?.scale ?? 'log'
  const panels = combinations(Object.fromEntries(others.map(key => [key, table.swept[key]]))).map((swept): Panel => {
    const values = (line: string, pick: (row: SweepRow) => boolean) =>
      x.map(v => {
        const found = table.rows.filter(row => lineName(row) === line && at(row, { ...swept, [first]: v }) && pick(row))
        return found.length ? spread(found.map(row => row.value)).median : Number.NaN
      })
    return {
      title:
        Object.entries(swept)
          .map(([key, value]) => `${key} = ${showValue(value)}`)
          .join(', ') || undefined,
      x: { label: `${first}: ${plan.experiment.settings[first].about}`, scale: isWide(x) ? 'log' : 'linear' },
      y: {
        label: table.label,
        scale,
        domain: domainOf(
          table.rows.map(row => row.value),
          scale
        )
      },
      series: lines.map(line => ({
        name: line,
        style: table.rows.find(row => lineName(row) === line)!.method,
        x,
        y: values(line, () => true),
        markers: 'all',
        ...(seeds.length > 1 ? { faint: seeds.map(seed => values(line, row => row.seed === seed)) } : {})
      }))
    }
  })
  const groups = Array.from({ length: Math.ceil(panels.length / 3) }, (_, i) => panels.slice(3 * i, 3 * i + 3))
  return groups.map((group, i) => ({
    kind: 'plot',
    name: groups.length > 1 ? `sweep-${i + 1}` : 'sweep',
    title: plan.about[0].toUpperCase() + plan.about.slice(1),
    caption: `${table.label} over ${first}${seeds.length > 1 ? `; the median of ${seeds.length} seeds, faint lines are single seeds` : ''}.`,
    panels: group
  }))
}

/** One for all panels, so that they can be compared: the range of the numbers, and a little more. */
function domainOf(values: number[], scale: 'linear' | 'log'): [number, number] | undefined {
  const shown = values.filter(v => Number.isFinite(v) && (scale === 'linear' || v > 0))
  if (shown.length === 0) return undefined
  const [low, high] = [Math.min(...shown), Math.max(...shown)]
  const more = (high - low || Math.abs(high) || 1) / 20
  return scale === 'log'
    ? [low / (high / low) ** 0.05 / 1.05, high * (high / low) ** 0.05 * 1.05]
    : [low - more, high + more]
}

/** More than one power of ten, without zero: better seen on a logarithmic axis. */
const isWide = (x: number[]): boolean => Math.min(...x) > 0 && Math.max(...x) / Math.min(...x) > 10
