import katex from 'katex'
import { type Op, operatorDoc, type Tensor } from '../../core/index.js'
import { catalogue, type Listed, rungsOf } from './catalogue.js'
import { workedExample } from './example.js'
import { namedTensors, targetNote } from './explain.js'
import { css, script } from './pageStyle.js'

/** The operator reference: one page with everything in it, made from the operators; nothing is fetched. */
export function operatorPage(listed: readonly Listed[] = catalogue): string {
  const folders = [...new Set(listed.map(l => l.folder))]
  const of = (folder: string) => listed.filter(l => l.folder === folder)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>physgrad: operators</title>
<style>${css}</style>
</head>
<body>
<header>
<h1>Operators</h1>
<p>All ${listed.length} operators of <b>physgrad</b>, each with all of its rules. <i>x</i> input, <i>y</i> output,
<i>dx</i> and <i>dy</i> tangents, <i>x̄</i> and <i>ȳ</i> cotangents (<code>ct</code> in the text), <i>x̃</i> and <i>ỹ</i> targets.
This page is made from the operators by <code>npm run docs</code>; <code>physgrad explain sin</code> prints the same.</p>
<details class="kinds"><summary>Kinds of inverse rules</summary>
<dl>
${kinds.map(([kind, text]) => `<dt>${badge(kind)}</dt><dd>${text}</dd>`).join('\n')}
</dl></details>
<input id="filter" type="search" placeholder="Filter: a name, a word, a kind" aria-label="Filter the operators" autocomplete="off">
<p id="none" hidden>No operator has all of these words.</p>
</header>
<nav aria-label="Operators">
${folders.map(folder => `<section data-folder><h2>${html(folder)}</h2><p>${of(folder).map(link).join(' ')}</p></section>`).join('\n')}
</nav>
<main>
${folders.map(folder => `<section data-folder>\n<h2>${html(folder)}</h2>\n${of(folder).map(article).join('\n')}\n</section>`).join('\n')}
</main>
<script>${script}</script>
</body>
</html>
`
}

const kinds: [string, string][] = [
  ['structural', 'moves entries back to where they came from; copies of one entry become their weighted mean'],
  ['exact', 'P⁻¹(P(x)) = x and P(P⁻¹(ỹ)) = ỹ wherever ỹ is in reach'],
  ['local', 'several inputs give one output: of the branches, the one nearest to the current input'],
  ['regularised', 'stable instead of exact: never moves away from the target, trusts only what stands above the noise'],
  ['approximate', 'of a stated order in a step, and can be refined'],
  ['none', 'no rule of its own: the target sweep solves it by a Gauss-Newton iteration or takes the gradient']
]

const idOf = (op: Op): string => op.name.replace(/[^\w-]/g, '-')
const link = ({ op }: Listed): string => `<a href="#${idOf(op)}">${html(op.name)}</a>`
const badge = (kind: string): string =>
  `<span class="badge ${kind}">${kind === 'none' ? 'no inverse rule' : `${kind} inverse`}</span>`

function article({ op, folder }: Listed): string {
  const { formula, lines } = operatorDoc(op)
  const kind = op.inverse?.kind ?? 'none'
  const rows = lines.flatMap(({ word, text }) => {
    const said = word === 'inverse' ? text.replace(new RegExp(`^${kind}: `), '') : text
    const one = row(word, ruleTex(op, word), said)
    return word === 'inverse' ? [one, row('rungs', '', rungsOf(op).join(', '))] : [one]
  })
  const words = `${op.name} ${folder} ${kind} ${formula} ${lines.map(l => l.text).join(' ')}`
  return `<article id="${idOf(op)}" data-words="${html(words.toLowerCase())}">
<h3><a href="#${idOf(op)}">${html(op.name)}</a> ${badge(kind)}</h3>
${op.tex ? `<div class="formula">${typeset(op.tex.y, op.name)}</div>${isProse(formula) ? `\n<p class="said">${html(formula)}</p>` : ''}` : `<p class="formula">${html(formula)}</p>`}
<dl>
${rows.join('\n')}
</dl>
${exampleHtml(op)}
</article>`
}

/** A typeset formula and its text; a text that is nothing but the same formula is left out. */
const row = (word: string, math: string, text: string): string =>
  `<dt>${html(word)}</dt><dd>${math ? `<div class="rule">${math}</div>${isProse(text) ? `<p class="said">${html(text)}</p>` : ''}` : html(text)}</dd>`

/** Does a text say more than a formula does? */
const isProse = (text: string): boolean =>
  /[;:]|\b(the|of|where|none|by|with|to|and|is|are|only|else|or|for|over|same|each|in|as|from|at|along|among)\b/.test(
    text
  )

const ruleTex = (op: Op, word: string): string => {
  const tex = op.tex?.[word as 'tangent' | 'adjoint' | 'inverse']
  return tex ? typeset(tex, op.name) : ''
}

/** MathML, which browsers draw without styles and fonts of ours. Throws where KaTeX does not understand the formula. */
export function typeset(tex: string, name: string): string {
  try {
    return (
      katex
        .renderToString(tex, { output: 'mathml', displayMode: true, throwOnError: true, strict: 'error' })
        // Browsers put no space behind the name of a function.
        .replace(/<mo>\u2061<\/mo>(?!<mo[^>]*>[([{|])/g, '$&<mspace width="0.17em"/>')
        .replace(/<annotation [^>]*>[\s\S]*?<\/annotation>/g, '')
        .replace(/^<span class="katex">|<\/span>$/g, '')
    )
  } catch (error) {
    throw new Error(`tex of ${name}: ${(error as Error).message}`)
  }
}

function exampleHtml(op: Op): string {
  const example = workedExample(op)
  if (!example) return ''
  const tensors = namedTensors(example).map(
    ([label, t]) => `<dt>${html(label)}</dt><dd><pre>${html(entries(t))}</pre></dd>`
  )
  const about = [example.label, example.attrs].filter(Boolean).join('; ')
  return `<details><summary>Example ${html(about)}</summary>
<dl class="numbers">
${tensors.join('\n')}
</dl>
${example.target ? `<p>${html(targetNote(example.target))}</p>` : ''}
</details>`
}

/** The entries of a tensor, without dtype and shape. */
const entries = (t: Tensor): string => String(t).replace(/^f\d\d \[[^\]]*\]\s/, '')

const html = (text: string): string =>
  text.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c)
