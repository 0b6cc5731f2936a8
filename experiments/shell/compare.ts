import { basename } from 'node:path'
import { linesOf } from './data.js'
import type { Figure, Series } from './figure.js'
import { middle, number, quantity } from './format.js'
import type { RunRecord } from './record.js'
import { showValue, UsageError } from './settings.js'
import { styleOf } from './styles.js'
import type { Metric } from './types.js'

/** A run among others: its folder, and a label that tells it from them. */
export interface Compared {
  folder: string
  label: string
  record: RunRecord
}

/** Labels runs by what they do not have in common: settings, seed, preset, version; the folder where all that is equal. */
export function labelled(runs: { folder: string; record: RunRecord }[]): Compared[] {
  const names = [...new Set(runs.map(({ record }) => record.experiment))]
  if (names.length > 1)
    throw new UsageError(
      `compare got runs of ${names.join(' and ')}, whose numbers have nothing in common. Give folders of one experiment`
    )
  const told = runs.map(
    ({ record }): Record<string, string> => ({
      ...Object.fromEntries(Object.entries(record.settings).map(([key, value]) => [key, showValue(value)])),
      seed: String(record.seed),
      version: record.versions.physgrad
    })
  )
  const differs = [...new Set(told.flatMap(one => Object.keys(one)))].filter(
    key => new Set(told.map(one => one[key])).size > 1
  )
  const labels = told.map(one => differs.map(key => `${key} ${one[key] ?? 'unset'}`).join(', '))
  const unique = new Set(labels).size === labels.length && labels.every(Boolean)
  return runs.map(({ folder, record }, i) => {
    const dated = [labels[i], `${basename(folder)} of ${record.date.slice(0, 16).replace('T', ' ')}`]
    return { folder, record, label: unique ? labels[i] : dated.filter(Boolean).join('; ') }
  })
}

/** Each number of each run, and its ratio to the first run's. */
export function compareTable(runs: readonly Compared[]): { head: string[]; rows: string[][] } {
  const all = new Map<string, Metric>(runs.flatMap(({ record }) => record.metrics.map(m => [m.name, m] as const)))
  const [first, ...others] = runs
  const value = ({ record }: Compared, name: string) => record.metrics.find(m => m.name === name)?.value
  const ratio = (run: Compared, name: string) => {
    const [own, base] = [value(run, name), value(first, name)]
    return own === undefined || base === undefined || middle(base) === 0 ? '' : number(middle(own) / middle(base), 3)
  }
  const known = [...all.values()].some(m => m.published !== undefined)
  return {
    head: [
      ...['quantity', ...(known ? ['published'] : [])],
      ...runs.map(({ label }) => label),
      ...others.map(({ label }) => `${label} / ${first.label}`)
    ],
    rows: [...all].map(([name, metric]) => [
      ...[
        metric.unit ? `${name} (${metric.unit})` : name,
        ...(known ? [quantity(metric.published, metric.digits)] : [])
      ],
      ...runs.map(run => quantity(value(run, name), metric.digits)),
      ...others.map(run => ratio(run, name))
    ])
  }
}

/** What tells the runs apart in a figure; methods keep their colours. */
const dashes = [[], [9, 4], [3, 3], [12, 3, 3, 3]]

/** A figure for each series that the runs have: all methods of all runs over steps and over seconds. */
export function compareFigures(runs: readonly Compared[]): Figure[] {
  const methods = [...new Set(runs.flatMap(({ record }) => record.parts.map(part => part.method)))]
  const series = [...new Set(runs.flatMap(({ record }) => record.parts.flatMap(part => Object.keys(part.course))))]
  const lines = (name: string, over: 'steps' | 'seconds') =>
    runs.flatMap(({ label, record }, i) =>
      variantsOf(record).flatMap(variant =>
        linesOf(record.parts, name, { over, variant }).map((line): Series => {
          const own = methods.indexOf(line.name)
          // Runs differ in their dashes; of one method only, colours and markers are free for them, too.
          const { color, marker } = methods.length > 1 ? styleOf(line.name, undefined, own) : styleOf('', undefined, i)
          const style = { color, dash: dashes[i % dashes.length], marker }
          return { ...line, name: [line.name, variant, label].filter(Boolean).join('; '), style }
        })
      )
    )
  return series.map(name => {
    const panels = (['steps', 'seconds'] as const).map(over => ({ over, series: lines(name, over) }))
    const positive = panels[0].series.every(line => Array.from(line.y).every(v => !(v <= 0)))
    const timed = panels[1].series.some(line => line.x.length > 1 && line.x[line.x.length - 1] > line.x[0])
    return {
      kind: 'plot',
      name: name.replace(/[^\w-]+/g, '-'),
      title: `${name}: ${runs.length} runs`,
      caption: `Runs differ in their dashes${methods.length > 1 ? ', methods in colour and marker' : ', colours and markers'}.`,
      panels: panels
        .filter(({ over }) => over === 'steps' || timed)
        .map(({ over, series }, i) => ({
          x: { label: over === 'steps' ? 'Step' : 'Seconds of training' },
          y: { label: i === 0 ? name : '', scale: positive ? 'log' : 'linear' },
          series
        }))
    }
  })
}

const variantsOf = (record: RunRecord): string[] => [...new Set(record.parts.map(part => part.variant))]
