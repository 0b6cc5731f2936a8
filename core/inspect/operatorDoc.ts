import type { Op } from '../op.js'

/** A line of an operator's doc: `tangent`, and what it says. */
export interface DocLine {
  readonly word: string
  readonly text: string
}

/** The doc of an operator, taken apart. */
export interface OperatorDoc {
  /** What stands before the first word: the formula, as one text. */
  readonly formula: string
  /** In the order in which they are read: tangent, adjoint, inverse, rows, domain, cost, caveats, source; others first. */
  readonly lines: readonly DocLine[]
}

const ORDER = ['tangent', 'adjoint', 'inverse', 'rows', 'domain', 'cost', 'caveats', 'source']

/** `  word     text`: two spaces, a word, and two spaces at least (one where the word is long). */
const LINE = /^ {2}([a-z]+) (?: +|(?<=\w{8} ))(\S.*)$/

/**
 * Takes a doc text apart: the formula first, then lines of two spaces, a word and its text; a text goes on in lines
 * that are indented by more.
 */
export function parseDoc(doc: string): OperatorDoc {
  const formula: string[] = []
  const lines: { word: string; text: string }[] = []
  for (const line of doc.split('\n')) {
    const [, word, text] = LINE.exec(line) ?? []
    const last = lines[lines.length - 1]
    if (word) lines.push({ word, text: text.trim() })
    else if (last) last.text = `${last.text} ${line.trim()}`.trim()
    else if (line.trim()) formula.push(line.trim())
  }
  const place = (l: DocLine) => ORDER.indexOf(l.word)
  return { formula: formula.join(' '), lines: lines.sort((a, b) => place(a) - place(b)) }
}

/**
 * What an operator says of itself, from its doc and from the object: the inverse line begins with the kind of its rule, or
 * says why there is none.
 *
 *     operatorDoc(operators.sin).lines.find(l => l.word === 'inverse')   // local: of arcsin ỹ + 2πn and …
 */
export function operatorDoc(op: Op): OperatorDoc {
  const { formula, lines } = parseDoc(op.doc)
  const own = lines.find(l => l.word === 'inverse')?.text
  const inverse = { word: 'inverse', text: op.inverse ? withKind(op.inverse.kind, own) : without(op.noInverse, own) }
  const at = lines.findIndex(l => ORDER.indexOf(l.word) >= ORDER.indexOf('inverse'))
  const others = lines.filter(l => l.word !== 'inverse')
  others.splice(at < 0 ? others.length : at, 0, inverse)
  return { formula, lines: others }
}

/** Not twice where the text begins with the kind. */
const withKind = (kind: string, text?: string): string =>
  !text ? kind : new RegExp(`^${kind}\\b`).test(text) ? text : `${kind}: ${text}`

function without(reason = '', text?: string): string {
  if (!text) return `none: ${reason}`
  return /^(none|not)\b/.test(text) ? text : `none: ${text}`
}
