import t, { type Test } from 'tap'
import { dotCheck, gradCheck } from '../../core/check/index.js'
import { sampleJacobian } from '../../core/index.js'
import { type Random, random } from '../../core/random.js'
import { full, type Tensor } from '../../core/tensor.js'
import { trace } from '../../core/verbs/trace.js'
import * as ops from '../../ops/index.js'
import { relativeError } from '../golden.js'

const { einsum, matmul, mul, sum, swapAxes } = ops
const r = random('einsum')

/** To rounding of short sums. */
const near = (t: Test, a: Tensor, b: Tensor, name: string) => {
  t.same(a.shape, b.shape, `${name}: shape`)
  t.ok(relativeError(a, b) <= 1e-13, `${name}: ${relativeError(a, b)}`)
}

/** Σ over all letters, entry by entry. */
function naive(text: string, xs: readonly Tensor[]): Tensor {
  const [input, output] = text.split('->')
  const groups = input.split(',')
  const length: Record<string, number> = {}
  for (const [k, g] of groups.entries()) for (const [a, l] of [...g].entries()) length[l] = xs[k].shape[a]
  const letters = [...output, ...Object.keys(length).filter(l => !output.includes(l))]
  const y = full(
    [...output].map(l => length[l]),
    0
  )
  const at = (g: string, i: Record<string, number>) => [...g].reduce((n, l) => n * length[l] + i[l], 0)
  const walk = (k: number, i: Record<string, number>) => {
    if (k === letters.length) y.data[at(output, i)] += groups.reduce((p, g, n) => p * xs[n].data[at(g, i)], 1)
    else for (let v = 0; v < length[letters[k]]; v++) walk(k + 1, { ...i, [letters[k]]: v })
  }
  walk(0, {})
  return y
}

const LENGTHS: Record<string, number> = { a: 2, b: 3, c: 2, d: 4, e: 3, h: 2, i: 3, j: 4, k: 2 }
const operandsOf = (text: string, r: Random): Tensor[] =>
  text
    .split('->')[0]
    .split(',')
    .map(g => r.normal([...g].map(l => LENGTHS[l])))

t.test('einsum against loops, with its derivatives', async t => {
  const texts = [
    'ij,jk->ik',
    'ji,jk->ik',
    'ij,kj->ik',
    'ji,kj->ik',
    'bji,bkj->bik',
    'bij,bjk->bik',
    'ii->',
    'ii->i',
    'ij->ji',
    'ij->',
    'ij->j',
    'i,j->ij',
    'i,i->',
    'ij,ij->ij',
    'ij,ij->i',
    'bhid,bhjd->bhij',
    'abc,cd,de->abe',
    'bi,hij->bhj',
    'ij,bj->bi',
    'iij,j->i',
    'iji,kj->jk',
    'iii->i',
    'bij,b,j->bi',
    'ab,cd,ad->cb',
    'abc,d->dca',
    ',ij->ij'
  ]
  for (const text of texts) {
    const xs = operandsOf(text, r)
    near(t, einsum(text, ...xs), naive(text, xs), text)
    const f = (...xs: Tensor[]) => einsum(text, ...xs)
    const rows = [dotCheck, gradCheck].flatMap(check => check(f, { inputs: xs }, r.split(text)))
    t.ok(rows.length > 1 && rows.every(row => row.passed), `${text}: derivatives`, {
      rows: rows.filter(x => !x.passed)
    })
  }
  // Without an arrow, and with an ellipsis that broadcasts.
  const [A, B] = [r.normal([2, 3]), r.normal([3, 4])]
  near(t, einsum('ij, jk', A, B), matmul(A, B), 'implicit')
  near(t, einsum('ba', A), swapAxes(A), 'alphabetical')
  near(t, einsum('ii', r.split('m').normal([3, 3])), ops.trace(r.split('m').normal([3, 3])), 'trace')
  const [P, Q] = [r.normal([5, 1, 2, 3]), r.normal([4, 3, 2])]
  near(t, einsum('...ij,...jk->...ik', P, Q), matmul(P, Q), 'broadcast batches')
  near(t, einsum('...ij,...jk', P, Q), matmul(P, Q), 'the same, implicit')
  near(t, einsum('i...->...', A), sum(A, 0), 'an ellipsis behind')
  near(t, einsum('...,...->...', P, r.split('q').normal([1, 3])), mul(P, r.split('q').normal([1, 3])), 'entrywise')
  t.same(einsum('ij,jk->ik', full([2, 0], 1), full([0, 3], 1)), full([2, 3], 0))
})

t.test('matrix products copy no operand', async t => {
  const texts = ['ij,jk->ik', 'ji,jk->ik', 'ij,kj->ik', 'ji,kj->ik', 'bij,bkj->bik', 'bji,bjk->bik']
  for (const text of texts) {
    const xs = operandsOf(text, r)
    const { tape } = trace('einsum', (...xs) => einsum(text, ...xs), xs, [0, 1])
    const names = tape.sites.map(s => s.op.name)
    t.ok(names.includes('matmul') && !names.includes('permute'), `${text}: ${names.join(' ')}`)
  }
})

t.test('samples stay apart', async t => {
  const B = 3
  const texts: [string, number[], number[]][] = [
    ['bi,ij->bj', [B, 2], [2, 4]],
    ['ij,bj->bi', [4, 2], [B, 2]],
    ['bti,ij->btj', [B, 5, 2], [2, 4]],
    ['bhi,hij->bhj', [B, 2, 4], [2, 4, 5]],
    ['bij,bjk->bik', [B, 2, 4], [B, 4, 2]],
    ['bii,j->bj', [B, 2, 2], [4]],
    ['bi,ji->bj', [B, 2], [4, 2]],
    ['bti,ji->btj', [B, 5, 2], [4, 2]],
    ['bit,ij->btj', [B, 2, 5], [2, 4]],
    ['bji,bkj->bik', [B, 2, 4], [B, 5, 2]]
  ]
  for (const [text, s, q] of texts) {
    const [x, w] = [r.normal(s), r.normal(q)]
    const { J } = sampleJacobian((x, w) => einsum(text, x, w), { wrt: [0, 1] })(x, w)
    const sample = (t: Tensor, b: number) => (t.shape[0] === B ? ops.slice(t, 0, b, b + 1) : t)
    for (let b = 0; b < B; b++) {
      const alone = sampleJacobian((x, w) => einsum(text, x, w), { wrt: [0, 1] })(sample(x, b), sample(w, b)).J
      J.forEach((rows, i) => {
        near(t, ops.slice(rows, 0, b, b + 1), alone[i], `${text}, input ${i}`)
      })
    }
  }
})

t.test('wrong calls name the letter', async t => {
  const m = full([2, 3], 1)
  const v = full([2], 1)
  const calls: [string, Tensor[], RegExp | string, string?][] = [
    ['ij,jk->ik', [m, m], /letter 'j' is 3 in operand 0 and 2 in operand 1/],
    ['ij,jk->il', [m, m], /letter 'l' of the output is in no operand/],
    ['ij->ii', [m], /letter 'i' stands twice/],
    ['ii', [m], /letter 'i' is 2 in operand 0 and 3 in operand 0/],
    ['ijk', [m], /'ijk' has 3 letters, operand 0 has rank 2/],
    ['i', [m], /'i' has 1 letters, operand 0 has rank 2/],
    ['ij,jk', [m], /2 groups of letters for 1 operands/],
    ['...i->i', [m], /ellipsis is missing/],
    ['...i,...i->...', [m, full([5, 3], 1)], /axis -1 of the ellipsis is 2 in operand 0 and 5 in operand 1/],
    ['i j > k', [m], /cannot be read/, 'ERR_OPTION'],
    ['i.j', [m], /stray dots/, 'ERR_OPTION'],
    [7 as never, [m], /cannot be read/, 'ERR_OPTION']
  ]
  for (const [text, xs, message, code = 'ERR_SHAPE'] of calls) t.throws(() => einsum(text, ...xs), { code, message })
  t.throws(() => einsum('ij', [[1]] as never), { code: 'ERR_DTYPE', message: /operand 0/ })
  t.throws(() => einsum('i,i', v, full([2], 1, 'f32')), { code: 'ERR_DTYPE' })
})
