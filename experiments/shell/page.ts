import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import katex from 'katex'
import type { DrawnFigure } from './pictures.js'

export interface Page {
  title: string
  source: string
  /** Said in a box at the top: what is missing. */
  status?: string
  problem: string
  /** TeX. */
  formulas: string[]
  /** Heading and HTML, one after the other. */
  sections: [heading: string, body: string][]
}

/** One file with everything in it: styles, fonts of the formulas, figures. Nothing is fetched when it is opened. */
export function pageHtml({ title, source, status, problem, formulas, sections }: Page): string {
  const typeset = formulas.map(tex => katex.renderToString(tex, { displayMode: true, throwOnError: false }))
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(title)}</title>
<style>${typeset.length ? katexCss() : ''}${css}</style>
</head>
<body>
<header>
<h1>${html(title)}</h1>
<p class="source">${html(source)}</p>
${status === undefined ? '' : `<p class="status">${html(status)}</p>`}
<p>${html(problem)}</p>
${typeset.map(formula => `<div class="formula">${formula}</div>`).join('\n')}
</header>
${sections.map(([heading, body]) => `<section>\n<h2>${html(heading)}</h2>\n${body}\n</section>`).join('\n')}
</body>
</html>
`
}

/** `classOf` marks a row. */
export const tableHtml = (
  head: string[],
  rows: string[][],
  kind = '',
  classOf: (i: number) => string = () => ''
): string =>
  `<table class="${kind}">
<thead><tr>${head.map(cell => `<th>${html(cell)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map((row, i) => `<tr class="${classOf(i)}">${row.map(cell => `<td>${html(cell)}</td>`).join('')}</tr>`).join('\n')}
</tbody>
</table>`

/** Inline, so that it stays sharp; ids get the figure's name, since a page has one name space for all its figures. */
export function figureHtml({ name, title, caption, svg }: DrawnFigure, i: number): string {
  const prefix = `figure${i + 1}-`
  const own = svg
    .replace(/<\?xml[^>]*\?>|<!DOCTYPE[^>]*>/g, '')
    .replace(/\bid="/g, `id="${prefix}`)
    .replace(/url\(#/g, `url(#${prefix}`)
    .replace('<svg ', `<svg role="img" aria-label="${html(title)}" `)
  return `<figure id="${html(name)}">${own}
<figcaption><b>Figure ${i + 1}.</b> ${html(caption ?? '')}</figcaption></figure>`
}

/** KaTeX's style sheet with its fonts inside; the families that formulas of this project never use are left out. */
export function katexCss(): string {
  const path = createRequire(import.meta.url).resolve('katex/dist/katex.min.css')
  return readFileSync(path, 'utf8')
    .replace(/@font-face\{[^}]*\}/g, face => (/Fraktur|SansSerif|Typewriter/.test(face) ? '' : face))
    .replace(/src:url\(([^)]+\.woff2)\) format\("woff2"\)[^;}]*/g, (_all, font: string) => {
      const bytes = readFileSync(join(dirname(path), font))
      return `src:url(data:font/woff2;base64,${bytes.toString('base64')}) format("woff2")`
    })
}

export const html = (text: string) =>
  text.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c)

export const css = `
:root { color-scheme: light }
body { font: 16px/1.5 system-ui, "DejaVu Sans", Verdana, sans-serif; color: #222; background: #fff; max-width: 1020px;
  margin: 2rem auto; padding: 0 1.25rem }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid #ddd; padding-bottom: .2rem }
.source { color: #666; margin: .2rem 0 1rem }
.status { background: #fff3cd; border: 1px solid #e0c36a; padding: .5rem .8rem; border-radius: 4px }
.formula { overflow-x: auto; overflow-y: hidden }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; margin: .5rem 0 }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e4e4e4; vertical-align: top }
th { font-weight: 600; border-bottom: 2px solid #999 }
table.results td:not(:first-child, :last-child) { white-space: nowrap }
tr.off td { background: #fdeaea }
figure { margin: 1.5rem 0 2rem }
figure svg { max-width: 100%; height: auto }
figcaption { color: #444; font-size: .92rem; max-width: 46rem }
pre { background: #f5f5f5; padding: .7rem .9rem; border-radius: 4px; overflow-x: auto; font-size: .9rem }
.columns { display: flex; flex-wrap: wrap; gap: 1rem 3rem; align-items: flex-start }
@media print { body { margin: 0; max-width: none } figure { break-inside: avoid } }
`
