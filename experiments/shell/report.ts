import { duration } from './format.js'
import { figureHtml, html, pageHtml, tableHtml } from './page.js'
import type { DrawnFigure } from './pictures.js'
import type { RunRecord } from './record.js'
import { presetOf, type Settings, settingsOf, showValue } from './settings.js'
import { asExpected, metricsTable } from './table.js'
import type { AnyExperiment, Metric } from './types.js'

/** The page of a run: what it came to, its figures, and how to do it again. */
export function reportHtml(experiment: AnyExperiment, record: RunRecord, figures: DrawnFigure[]): string {
  const timings = Object.entries({ ...record.timings, 'whole run': record.seconds })
  return pageHtml({
    ...experiment,
    status: record.status === 'complete' ? undefined : `This run is not complete: ${record.statusText}.`,
    sections: [
      ['Results', [metricsHtml(record.metrics), ...record.notes.map(note => `<p>${html(note)}</p>`)].join('\n')],
      ['Figures', figures.map(figureHtml).join('\n')],
      [
        'This run',
        `<p>To do the same again:</p>
<pre>${html(record.command)}</pre>
<div class="columns">
${tableHtml(['setting', 'value', 'meaning'], settingsRows(settingsOf(experiment), record))}
${tableHtml(
  ['of this run', ''],
  [
    ['date', record.date],
    ['seed', String(record.seed)],
    ...Object.entries(record.versions),
    ...timings.map(([name, seconds]) => [`time, ${name}`, duration(seconds)])
  ]
)}
</div>`
      ]
    ]
  })
}

/** Published, measured elsewhere, this run; rows outside of what was expected are marked. */
export function metricsHtml(metrics: Metric[]): string {
  if (!metrics.length) return '<p>This run measured nothing that goes into a table; see the figures.</p>'
  const { head, rows } = metricsTable(metrics)
  return tableHtml(head, rows, 'results', i => (asExpected(metrics[i]) ? '' : 'off'))
}

function settingsRows(settings: Settings, { preset, settings: values }: RunRecord): string[][] {
  const usual = presetOf(settings, preset)
  return Object.entries(values).map(([key, value]) => {
    const given = showValue(value)
    const note = given === showValue(usual[key]) ? '' : ` (${preset}: ${showValue(usual[key])})`
    return [key, `${given}${note}`, settings[key].about]
  })
}
