import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { defineBlock, elementwise, operatorDoc, parseDoc, tensor } from '../../core/index.js'
import { catalogue, nearest, rungsOf } from '../../experiments/operators/catalogue.js'
import type { Explanation } from '../../experiments/operators/explain.js'
import { cut, columns as widthOf, wrap } from '../../experiments/operators/lines.js'
import { allOps, cos, mul, operators, sin as sine } from '../../ops/index.js'
import { allPhysics, operators as physics } from '../../physics/index.js'

const dist = ['../../', '../../dist/']
  .map(path => new URL(path, import.meta.url))
  .find(url => existsSync(new URL('experiments/main.js', url)))
// Inside the package, so that 'physgrad' is this package.
const folder = new URL('tests/experiments/userModules/', dist)
const modules = {
  'good.mjs': `import { elementwise } from 'physgrad'
    import { mul } from 'physgrad/ops'
    export const twice = elementwise({
      name: 'twice', doc: 'y = 2 x', kernel: (x, y) => x.forEach((v, i) => { y[i] = 2 * v }), derivative: () => 2,
      inverse: { kind: 'exact', at: t => t / 2 }, examples: r => [{ inputs: [r.normal([2, 3])] }]
    })
    export const triple = x => mul(x, 3)`,
  'broken.mjs': `import { elementwise } from 'physgrad'
    export const twice = elementwise({
      name: 'twice', doc: 'y = 2 x', kernel: (x, y) => x.forEach((v, i) => { y[i] = 2 * v }), derivative: () => 2.1,
      noInverse: 'not given', examples: r => [{ inputs: [r.normal([2, 3])] }]
    })
    export const lost = { ...twice, name: 'lost', examples: () => { throw new TypeError('no examples here') } }
    export const idle = { ...twice, name: 'idle', examples: () => [] }`,
  'empty.mjs': 'export const nothing = 1',
  'wrong.mjs': 'export const nothing = '
}

t.before(() => {
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(modules)) writeFileSync(new URL(name, folder), text)
})
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  code: number | null
  out: string
  err: string
}

function cli(...args: string[]): Promise<Ended> {
  if (!dist) throw new Error('The tests start the compiled command line: run `npm run build` first.')
  return new Promise((resolve, reject) => {
    const main = fileURLToPath(new URL('experiments/main.js', dist))
    const child = spawn(process.execPath, [main, ...args], { cwd: folder, env: { ...process.env, DEBUG: '' } })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', text => (out += text))
    child.stderr.setEncoding('utf8').on('data', text => (err += text))
    child.on('error', reject).on('close', code => resolve({ code, out, err }))
  })
}

const colour = String.fromCharCode(27)

t.test('a doc is a formula, then lines in their order', async t => {
  const doc = `y = x²
  (twice)
  source   a text
  adjoint  2 x ct,
           or so
  tangent  dy = 2 x dx
  inverse  ±√ỹ: one of two`
  t.same(parseDoc(doc), {
    formula: 'y = x² (twice)',
    lines: [
      { word: 'tangent', text: 'dy = 2 x dx' },
      { word: 'adjoint', text: '2 x ct, or so' },
      { word: 'inverse', text: '±√ỹ: one of two' },
      { word: 'source', text: 'a text' }
    ]
  })
  t.same(parseDoc('y = x').lines, [])
  t.same(parseDoc('').formula, '')
})

t.test('what the doc leaves out comes from the operator', async t => {
  const line = (op: Parameters<typeof operatorDoc>[0], word: string) =>
    operatorDoc(op).lines.find(l => l.word === word)?.text
  t.match(line(operators.sin, 'inverse'), /^local: of arcsin/)
  t.match(line(physics.diffuse, 'inverse'), /^regularised: x̃/, 'the kind is not said twice')
  t.match(line(operators.sign, 'inverse'), /^none: \w/)
  t.match(line(operators.conv2d, 'inverse'), /^none of its own/)
  t.equal(line(operators.sin, 'cost'), 'one pass over the entries', 'from its family')
  t.equal(line(operators.l2, 'nothing'), undefined)
  const rules = { forward: ([x]: readonly any[]) => x, examples: () => [] }
  t.same(operatorDoc(defineBlock({ name: 'bare', doc: 'y = x', ...rules })).lines, [
    { word: 'inverse', text: 'none: not declared: the target sweep solves the block' }
  ])
  const own = { name: 'own', kernel() {}, derivative: () => 1, noInverse: 'so', examples: () => [] }
  t.equal(line(elementwise({ ...own, doc: 'y = x\n  cost     a lot' }), 'cost'), 'a lot')
})

t.test('operators by name, in both folders', async t => {
  t.same(Object.values(operators), allOps)
  t.same(Object.values(physics), allPhysics)
})

t.test('near names, and lines that fit', async t => {
  t.equal(nearest('sine', ['cos', 'sin', 'matmul'])[0], 'sin')
  t.equal(nearest('conv', ['cos', 'conv2d', 'conj'])[0], 'conv2d', 'a part of a name is nearest')
  t.equal(widthOf('x̃ = ȳ'), 5)
  t.same(wrap('one two three', 7), ['one two', 'three'])
  t.equal(cut('one two three', 8), 'one two…')
  t.same(rungsOf(operators.sin), ['local', 'newton', 'adjoint'])
  t.same(rungsOf(operators.reshape), ['structural'])
  t.same(rungsOf(operators.conv2d), ['newton', 'adjoint'])
})

t.test('explain', async t => {
  const { code, out, err } = await cli('explain', 'sin', 'matmul', 'conv2d', 'slice', 'oscillators')
  t.match({ code, err }, { code: 0, err: '' })
  const pages = out.split('\n\n\n')
  t.equal(pages.length, 5)
  for (const [i, words] of [
    ['sin', 'ops/elementwise', 'y = sin x', 'dy = cos x dx', 'local: of arcsin', 'one pass', 'target', 'local rule'],
    ['matmul', 'ops/linear', 'exact: the smallest change', 'rows', 'x0', 'x1', 'dx1', 'x̄1'],
    ['conv2d', 'ops/convolution', 'none of its own', 'rungs     newton, adjoint', 'by the ladder', 'stride [1, 1]'],
    ['slice', 'ops/shape', 'structural: x̃ = x with ỹ put in', 'rungs     structural', 'start 1'],
    ['oscillators', 'physics', 'RK4', 'Half-Inverse Gradients']
  ].entries())
    for (const word of words) t.ok(pages[i].includes(word), `${words[0]}: ${word}`)
  // Entries of tensors are not broken.
  for (const line of out.split('\n')) if (!line.includes('[')) t.ok(widthOf(line) <= 100, line)
  t.notMatch(out, colour, 'no colours in a pipe')
  t.match(await cli('explain', './good.mjs'), { code: 0, out: /^twice .*good\.mjs\n\n {2}y = 2 x/ })
})

t.test('explain as JSON', async t => {
  const { code, out, err } = await cli('explain', 'sin', 'conv2d', '--json')
  t.match({ code, err }, { code: 0, err: '' })
  const [sin, conv2d] = JSON.parse(out) as Explanation[]
  t.match(sin, { name: 'sin', folder: 'ops/elementwise', formula: 'y = sin x', rungs: ['local', 'newton', 'adjoint'] })
  t.same(sin.lines, operatorDoc(operators.sin).lines)
  const { tensors, target } = sin.example!
  t.same(
    tensors.map(({ name }) => name),
    ['x', 'y', 'dx', 'dy', 'ct', 'x̄', 'target', 'x̃']
  )
  const numbers = (name: string) => tensor(tensors.find(one => one.name === name)!.values)
  for (const { shape, values } of tensors) t.same(tensor(values).shape, shape)
  t.same(numbers('y').data, sine(numbers('x')).data, 'every digit of a number')
  t.same(numbers('x̄').data, mul(numbers('ct'), cos(numbers('x'))).data)
  t.equal(target!.by, 'local')
  t.ok(target!.missed < 1e-12)
  t.equal(conv2d.example!.target!.by, 'the ladder')
})

t.test('wrong names exit with 2 and say what is near', async t => {
  const wrong: [string[], RegExp][] = [
    [['explain', 'sine'], /Unknown operator 'sine'\. Nearest: sineMap, sin, /],
    [['explain', 'sin', 'convd'], /Nearest: conv1d, conv2d/],
    [['check', 'sine'], /Nearest: sin/],
    [['explain', 'stack'], /'stack' is a function composed of operators/],
    [['explain'], /missing required argument/],
    [['check', './missing.mjs'], /There is no file \.\/missing\.mjs/],
    [['check', './empty.mjs'], /exports no operator: export what/],
    [['check', './wrong.mjs'], /wrong\.mjs cannot be imported: /]
  ]
  const ended = await Promise.all(wrong.map(([args]) => cli(...args)))
  wrong.forEach(([args, sentence], i) => {
    t.match(ended[i], { code: 2, out: /^$/, err: sentence }, args.join(' '))
  })
})

t.test('check', async t => {
  const { code, out, err } = await cli('check', 'sin', 'matmul', './good.mjs')
  t.match({ code, err }, { code: 0, err: '' })
  for (const name of ['sin', 'matmul', 'twice'])
    t.match(out, new RegExp(`│ ${name} +│ +\\d+ │ \\S+ .*│ +[\\d.]+ │ yes +│`))
  t.match(out, /3 operators, \d+ checks: all passed\n$/)
  t.notMatch(out, colour)
  t.match(await cli('check', './good.mjs', '--verbose'), {
    code: 0,
    out: /ok +dot \(x0\) at \[2, 3\]; .*allowed 1\.0e-12/
  })
})

t.test('check of rules that are wrong', async t => {
  const { code, out } = await cli('check', './broken.mjs')
  t.equal(code, 1)
  t.match(out, /│ twice .*│ NO +│/)
  t.match(out, /FAILED finite differences \(x0\) at \[2, 3\]; .*allowed 1\.0e-8/)
  t.match(out, /FAILED examples at its examples; no number; TypeError: no examples here/)
  t.match(out, /idle:\n +it has no examples/)
  t.match(out, /3 of 3 operators failed/)
  const json = await cli('check', './broken.mjs', '--json')
  t.equal(json.code, 1)
  t.match(JSON.parse(json.out), [
    { op: 'idle', passed: false, rows: [] },
    { op: 'lost', passed: false, rows: [{ error: null, note: /no examples here/ }] },
    { op: 'twice', passed: false, seconds: Number, rows: Array }
  ])
})

t.test('ops', async t => {
  const [text, json] = await Promise.all([cli('ops'), cli('ops', '--json')])
  t.match(text, { code: 0, out: /^ops\/elementwise \(\d+\)$/m })
  for (const line of text.out.split('\n')) t.ok(widthOf(line) <= 100, line)
  const rows: { name: string; folder: string; inverse: string | null; inputs: string }[] = JSON.parse(json.out)
  t.same(
    rows.map(r => [r.name, r.inverse]).sort(),
    [...allOps, ...allPhysics].map(op => [op.name, op.inverse?.kind ?? null]).sort()
  )
  t.match(
    rows.find(r => r.name === 'conv2d'),
    { folder: 'ops/convolution', inputs: '2', rungs: ['newton', 'adjoint'], formula: /^y\[o, Y, X\]/ }
  )
  t.equal(rows.length, catalogue.length)
})

t.test('backends', async t => {
  const [all, one, json] = await Promise.all([
    cli('backends'),
    cli('backends', 'matmul', '4'),
    cli('backends', 'conv2d', '1', '2', '32', '--json')
  ])
  t.match(all, {
    code: 0,
    err: '',
    out: /^plain +available\nwasm +available\nrelaxed +(not )?available.*\ngpu +not available: no WebGL2.*Node\n/
  })
  t.match(all.out, /│ matmul │ \[256,256\]×\[256,256\] +│ f32 +│ wasm │ +[\d.]+ │ +[\d.]+ │/)
  t.match(all.out, /│ conv2d │ 3×3 on \[4,16,64,64\] to 16 │ f64 /)
  t.notMatch(all.out, colour)
  for (const kernel of ['qr', 'svd', 'eigh'])
    t.match(all.out, new RegExp(`│ ${kernel} +│ \\[64,64\\] +│ f64 +│ wasm │`))
  t.match(one.out, /│ matmul │ \[4,4\]×\[4,4\] │ f32 +│ plain │/, 'a small product is not worth the copies')
  const { backends, rows } = JSON.parse(json.out)
  t.match(backends, [
    { name: 'plain', available: true },
    { name: 'wasm', available: true },
    // Behind a flag in Node 20.
    { name: 'relaxed', available: !process.version.startsWith('v20.') },
    { name: 'gpu', available: false, reason: /WebGL2/ }
  ])
  t.match(rows, [{ kernel: 'conv2d', size: '3×3 on [1,2,32,32] to 2', dtype: 'f32', runs: 'wasm' }, { dtype: 'f64' }])
  for (const row of rows) for (const name of ['plain', 'wasm']) t.ok(row.gflops[name] > 0)
  const wrong = [['fft'], ['matmul'], ['matmul', 'x'], ['conv2d', '0'], ['matmul', '1', '2', '3', '4']]
  for (const ended of await Promise.all(wrong.map(words => cli('backends', ...words))))
    t.match(ended, { code: 2, out: /^$/, err: /'fft' has no backends\. Kernels|Give the sizes of (matmul|conv2d)/ })
})
