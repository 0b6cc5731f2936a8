import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import katex from 'katex'
import type { SweepTable } from './collect.js'
import { recordIn } from './compareCommand.js'
import { makeFolder, writeAtomically } from './folder.js'
import { css, html, katexCss } from './page.js'
import { drawFigures } from './pictures.js'
import { type RunRecord, readMetric, recordOf } from './record.js'
import { metricsHtml } from './report.js'
import { type AnyExperiment, type ExperimentTable, loadExperiment, type Metric } from './types.js'

interface Picture {
  /** From the page. */
  path: string
  title: string
  caption?: string
}

/** Where `sweep` puts its folders. */
const SWEEPS = 'results/sweeps'

/**
 * One page of all runs in `folders`, in the order of the table: what each experiment is about, its figures, its numbers.
 * Pictures are SVG files beside it. Returns the names of the files.
 */
export async function writeGallery(folders: string[], out: string, table: ExperimentTable): Promise<string[]> {
  const runs = folders.map(recordIn)
  const sections: string[] = []
  const files: string[] = []
  for (const [name, { module }] of Object.entries(table)) {
    const records = runs.filter(run => run.experiment === name)
    if (records.length === 0) continue
    const experiment = await loadExperiment(module)
    rmSync(join(out, name), { recursive: true, force: true })
    const parts: string[] = []
    for (const [i, old] of records.entries()) {
      const record = recordOf(experiment, old)
      const folder = records.length > 1 ? `${name}/${i + 1}` : name
      const pictures = (
        await drawFigures(join(out, folder), experiment.figures(record.parts, record.settings), { png: false })
      ).map(figure => ({ ...figure, path: `${folder}/${figure.name}.svg` }))
      files.push(...pictures.map(({ path }) => path))
      parts.push(runHtml(record, pictures))
    }
    for (const { pictures, metrics } of sweepsOf(name, out)) {
      files.push(...pictures.map(({ path }) => path))
      parts.push(`${picturesHtml(pictures)}\n${metrics.length > 0 ? metricsHtml(metrics) : ''}`)
    }
    sections.push(experimentHtml(name, experiment, parts))
  }
  writeAtomically(join(out, 'index.html'), pageHtml(Object.keys(table), sections))
  return ['index.html', ...files].map(file => join(out, file))
}

/** The sweeps over this experiment that have been collected; their figures are copied into the gallery. */
function sweepsOf(name: string, out: string): { pictures: Picture[]; metrics: Metric[] }[] {
  if (!existsSync(SWEEPS)) return []
  return readdirSync(SWEEPS).flatMap(folder => {
    const path = join(SWEEPS, folder, 'sweep.json')
    if (!existsSync(path)) return []
    const table: SweepTable = JSON.parse(readFileSync(path, 'utf8'))
    if (table.experiment !== name) return []
    const drawn = join(SWEEPS, folder, 'figures')
    makeFolder(join(out, name))
    const pictures = readdirSync(drawn)
      .filter(file => file.endsWith('.svg'))
      .map(file => {
        copyFileSync(join(drawn, file), join(out, name, `${folder}-${file}`))
        return { path: `${name}/${folder}-${file}`, title: `Sweep: ${table.about}`, caption: `${table.label}.` }
      })
    return [{ pictures, metrics: (table.metrics ?? []).map(readMetric) }]
  })
}

const experimentHtml = (name: string, { title, source, problem, formulas }: AnyExperiment, parts: string[]): string =>
  `<section id="${html(name)}">
<h2>${html(title)}</h2>
<p class="source">${html(source)}</p>
<p>${html(problem)}</p>
${formulas.map((tex: string) => `<div class="formula">${katex.renderToString(tex, { displayMode: true, throwOnError: false })}</div>`).join('\n')}
${parts.join('\n')}
</section>`

const picturesHtml = (pictures: Picture[]): string =>
  `<div class="pictures">\n${pictures.map(pictureHtml).join('\n')}\n</div>`

const runHtml = (record: RunRecord, pictures: Picture[]): string =>
  `${picturesHtml(pictures)}
${metricsHtml(record.metrics)}
${record.notes.map(note => `<p>${html(note)}</p>`).join('\n')}
<pre>${html(record.command)}</pre>`

const pictureHtml = ({ path, title, caption }: Picture): string =>
  `<figure><a href="${html(path)}"><img src="${html(path)}" alt="${html(title)}" loading="lazy"></a>
<figcaption>${html(caption ?? '')}</figcaption></figure>`

const pageHtml = (names: string[], sections: string[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>physgrad: all experiments</title>
<style>${katexCss()}${css}
nav a { margin-right: 1rem }
body { max-width: 1200px }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 0 2rem; align-items: start }
.pictures figure { margin: .8rem 0 }
figure img { max-width: 100%; height: auto }
</style>
</head>
<body>
<header>
<h1>All experiments</h1>
<p>Each with its figures, and its numbers beside those that were published and measured elsewhere; the line under a table runs
it again. Seconds are those of one thread, on a machine that may have had other work beside it: compare them within a figure only.</p>
<nav>${names
  .filter(name => sections.some(s => s.startsWith(`<section id="${html(name)}"`)))
  .map(name => `<a href="#${html(name)}">${html(name)}</a>`)
  .join('\n')}</nav>
</header>
${sections.join('\n')}
</body>
</html>
`
