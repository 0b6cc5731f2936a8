import { join } from 'node:path'
import { type SweepTable, sweepCells, sweepCsv, sweepFigures } from './collect.js'
import { writeAtomically } from './folder.js'
import { duration } from './format.js'
import { figureHtml, html, pageHtml, tableHtml } from './page.js'
import { drawFigures } from './pictures.js'
import { metricsHtml } from './report.js'
import { showValue } from './settings.js'
import { cellsOf, type SweepPlan } from './sweep.js'

/** What the numbers of a table are. */
export const captionOf = ({ label, rows }: SweepTable): string =>
  new Set(rows.map(row => row.seed)).size > 1 ? `${label}; over the seeds: median [least ... largest].` : `${label}.`

/** Writes table and figure beside the cells; returns the names of the files. */
export async function writeSweep(plan: SweepPlan, table: SweepTable, command: string): Promise<string[]> {
  const { experiment, out } = plan
  const files = { 'sweep.json': `${JSON.stringify(table, null, 2)}\n`, 'sweep.csv': sweepCsv(table) }
  for (const [name, text] of Object.entries(files)) writeAtomically(join(out, name), text)
  const figures = await drawFigures(join(out, 'figures'), sweepFigures(plan, table))
  const { head, rows } = sweepCells(table)
  const seconds = table.rows.reduce((sum, row) => sum + row.seconds, 0)
  const settings = Object.entries(table.settings).map(([key, value]) => [key, showValue(value)])
  const report = pageHtml({
    ...experiment,
    title: `${experiment.title}: ${plan.about}`,
    status: table.missing.length ? `${table.missing.length} of ${cellsOf(plan).length} runs are missing.` : undefined,
    sections: [
      [
        'Results',
        `<p>${html(captionOf(table))}</p>\n${tableHtml(head, rows, 'results')}\n${table.metrics.length ? metricsHtml(table.metrics) : ''}`
      ],
      ['Figures', figures.map(figureHtml).join('\n')],
      [
        'This sweep',
        `<p>To do the same again:</p>\n<pre>${html(command)}</pre>\n<div class="columns">
${tableHtml(['setting', 'value in every run'], [['preset', table.preset], ...settings])}
${tableHtml(['of this sweep', ''], [...Object.entries(table.versions), ['time of all runs', duration(seconds)]])}
</div>`
      ]
    ]
  })
  writeAtomically(join(out, 'sweep.html'), report)
  return [
    ...Object.keys(files),
    ...figures.flatMap(({ name }) => [`figures/${name}.svg`, `figures/${name}.png`]),
    'sweep.html'
  ]
}
