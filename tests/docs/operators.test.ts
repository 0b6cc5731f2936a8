import { readFileSync } from 'node:fs'
import t from 'tap'
import { parseDoc } from '../../core/index.js'
import { catalogue } from '../../experiments/operators/catalogue.js'
import { operatorPage, typeset } from '../../experiments/operators/page.js'
import { allOps } from '../../ops/index.js'
import { allPhysics } from '../../physics/index.js'

const root = new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url)

/** Whether an operator without `tex` is a failure, or is shown by its text. */
const everyOperatorHasTex = true

t.test('the catalogue holds every operator, once, by a name of its own', async t => {
  t.same(new Set(catalogue.map(l => l.op)), new Set([...allOps, ...allPhysics]))
  const names = catalogue.map(({ op }) => op.name)
  t.same(
    names.filter((name, i) => names.indexOf(name) !== i),
    [],
    'no name twice'
  )
})

t.test('every formula can be typeset', async t => {
  for (const { op } of catalogue) {
    if (!op.tex) {
      if (everyOperatorHasTex) t.fail(`${op.name} has no tex`)
      continue
    }
    for (const [rule, tex] of Object.entries(op.tex))
      if (tex !== undefined) t.doesNotThrow(() => typeset(tex, op.name), `${op.name}: ${rule}`)
    const needed = ['y', 'tangent', 'adjoint', ...(op.inverse ? ['inverse'] : [])]
    if (everyOperatorHasTex)
      t.same(
        needed.filter(rule => !op.tex?.[rule as keyof typeof op.tex]),
        [],
        `${op.name} has all of its formulas`
      )
  }
})

t.test('every doc can be read: a formula, then lines', async t => {
  const known = /^(tangent|adjoint|inverse|rules|rows|domain|cost|caveats|source)$/
  for (const { op } of catalogue) {
    const { formula, lines } = parseDoc(op.doc)
    t.ok(formula, `${op.name}: a formula`)
    t.same(
      lines.filter(l => !known.test(l.word)).map(l => l.word),
      [],
      `${op.name}: known words`
    )
    const words = lines.map(l => l.word)
    t.equal(new Set(words).size, words.length, `${op.name}: no word twice`)
  }
})

t.test('docs/operators.html is what the operators say now', async t => {
  const page = operatorPage()
  t.equal(operatorPage(), page, 'the same every time')
  const committed = readFileSync(new URL('docs/operators.html', root), 'utf8')
  t.ok(committed === page, 'the committed page is this one; if not: npm run docs')
  t.notMatch(page, /(?:src|href)="(?!#)|@import|url\(/, 'nothing is fetched')
  t.notMatch(page, /undefined|\[object/)
  const ids = [...page.matchAll(/\bid="([^"]*)"/g)].map(match => match[1])
  t.equal(new Set(ids).size, ids.length, 'no id twice')
})
