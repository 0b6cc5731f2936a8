import katex from 'katex'
import t from 'tap'
import type { Op } from '../../core/op.js'
import { checkedOps } from '../checkedOps.js'

// Every operator says what it is, in words and in formulas that can be typeset.

const WORDS = ['tangent', 'adjoint', 'inverse', 'rows', 'domain', 'cost', 'caveats', 'source']

/** A line of a doc string: two spaces, a word, the text. */
const WORD = /^ {2}(\S+) {2,}\S/

/** The words that begin the lines of a doc string. */
const wordsOf = (doc: string): string[] =>
  doc
    .split('\n')
    .slice(1)
    .flatMap(line => WORD.exec(line)?.[1] ?? [])

function gaps(op: Op): string[] {
  const [formula, ...lines] = op.doc.split('\n')
  const words = wordsOf(op.doc)
  // The formula may go on in lines of its own.
  const said = lines.findIndex(l => WORD.test(l))
  const found = [
    ...(formula.trim() ? [] : ['no formula']),
    ...['tangent', 'adjoint', 'inverse'].filter(w => !words.includes(w)).map(w => `doc: no line '${w}'`),
    ...words.filter(w => !WORDS.includes(w)).map(w => `doc: unknown word '${w}'`),
    ...words.filter((w, i) => words.indexOf(w) < i).map(w => `doc: '${w}' twice`),
    ...lines
      .slice(said)
      .filter(l => !WORD.test(l) && !/^ {4,}\S/.test(l))
      .map(l => `doc: line '${l}'`)
  ]
  const rules = ['y', 'tangent', 'adjoint', ...(op.inverse ? ['inverse'] : [])] as const
  for (const rule of rules) {
    const formula = op.tex?.[rule as keyof typeof op.tex]
    if (!formula) found.push(`tex: no ${rule}`)
    else
      try {
        katex.renderToString(formula, { throwOnError: true, strict: 'error' })
      } catch (e) {
        found.push(`tex: ${rule}: ${(e as Error).message}`)
      }
  }
  return found
}

t.test('doc and tex of every operator', t => {
  const open = checkedOps.flatMap(op => {
    const found = gaps(op)
    t.same(found, [], op.name)
    return found.length > 0 ? [`${op.name}: ${found.join('; ')}`] : []
  })
  if (open.length > 0) t.comment(`${open.length} operators with gaps\n${open.join('\n')}`)
  t.end()
})
