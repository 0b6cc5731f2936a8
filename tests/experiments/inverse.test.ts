import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { random } from '../../core/index.js'
import { inverseCases } from '../../experiments/inverse/cases.js'
import { main } from '../../experiments/main.js'
import { presetOf } from '../../experiments/shell/settings.js'
import { inverseQuality, operators, type QualityOptions } from '../../physics/index.js'

const folder = mkdtempSync(join(tmpdir(), 'inverse-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

/** The command line in this process, with what it printed. */
async function cli(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const [log, write, writeError] = [console.log, process.stdout.write, process.stderr.write]
  console.log = text => {
    out += `${text}\n`
  }
  process.stdout.write = text => Boolean((out += text))
  process.stderr.write = text => Boolean((err += text))
  try {
    const code = await main(['inverse', ...words])
    return { code, out, err }
  } finally {
    console.log = log
    process.stdout.write = write
    process.stderr.write = writeError
  }
}

t.test('without a name: what can be asked, with its settings', async t => {
  const { code, out } = await cli()
  t.equal(code, 0)
  for (const name of Object.keys(inverseCases)) t.match(out, new RegExp(`^${name} `, 'm'))
  t.match(out, /--cells 64 --amount 8/)
  const rows = JSON.parse((await cli('--json')).out)
  t.equal(rows.length, Object.keys(inverseCases).length)
  t.same(rows[0].settings['--amount'], 8)
})

t.test('every simulator has a point: it and the other sample are in its domain', async t => {
  for (const [name, one] of Object.entries(inverseCases)) {
    const { P, x, toward } = one.at(presetOf(one.settings, 'default'), random(0).split(name))
    t.same(toward.shape, x.shape, name)
    t.ok(P(x).data.every(Number.isFinite) && P(toward).data.every(Number.isFinite), name)
  }
  // Combinators and the inverse of Kepler's equation are made of the others.
  const families = Object.keys(operators).filter(
    name => !/_|harmonic|noise|eccentric|gradDot|Naive|Crank|cubic/.test(name)
  )
  t.same(
    families.filter(name => !Object.hasOwn(inverseCases, name)),
    []
  )
})

t.test('numbers and picture of a simulator, by its settings', async t => {
  const out = join(folder, 'diffuse')
  const { code, out: text } = await cli('diffuse', '--cells', '8', '--amount', '2', '--out', out)
  t.equal(code, 0)
  const condition = Math.exp((2 * Math.PI) ** 2 * 0.5 * 2)
  t.match(text, new RegExp(`condition +${condition.toExponential(3).replace('+', '\\+')}`))
  t.match(text, /regularised {2}diffuse \(1 site\): rule of diffuse/)
  t.match(readFileSync(join(out, 'quality.svg'), 'utf8'), /^<svg/)
  t.same(
    [...readFileSync(join(out, 'quality.png')).subarray(1, 4)],
    [...'PNG'].map(c => c.charCodeAt(0))
  )
  const { quality, settings } = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'))
  t.same(settings, { cells: 8, amount: 2, boundary: 'periodic', inverse: 'stabilised' })
  t.equal(quality.spectrum.values.length, 64)
})

t.test('as JSON, without a picture: the same numbers as by the function, whatever the capitals', async t => {
  const out = join(folder, 'square')
  const { code, out: text } = await cli('SQUAREMAP', '--json', '--no-report', '--seed', '3', '--out', out)
  t.equal(code, 0)
  const { physics, quality } = JSON.parse(text)
  t.equal(physics, 'squareMap')
  t.notOk(existsSync(join(out, 'quality.svg')))
  const stream = random(3).split('squareMap')
  const { P, x, toward } = inverseCases.squareMap.at({}, stream)
  const options: QualityOptions = { toward, random: stream.split('quality') }
  t.same(quality.noise.exact, inverseQuality(P, x, options).noise.exact)
})

t.test('any operator, and a module of the user', async t => {
  const { code, out } = await cli('sin', '--no-report', '--out', join(folder, 'sin'))
  t.equal(code, 0)
  t.match(out, /local {2}sin/)
  const module = new URL('../../docs/examples/logistic.js', import.meta.url).pathname
  if (existsSync(module)) {
    const own = await cli(module, '--no-report', '--out', join(folder, 'own'))
    t.match(own.out, /exact {2}logistic \(1 site\)/)
  }
})

t.test('wrong calls end with 2 and say what there is', async t => {
  const unknown = await cli('difuse')
  t.equal(unknown.code, 2)
  t.match(unknown.err, /Unknown physics 'difuse'. Nearest: diffuse.*There are: diffuse, .*sineMap/s)
  t.equal((await cli('diffuse', '--amount', '-1')).code, 2)
  t.equal((await cli('diffuse', '--ammount', '1')).code, 2)
  t.equal((await cli('diffuse', '--method', 'euler')).code, 2, 'a setting of another one')
  t.equal((await cli('./nowhere.js')).code, 2)
  t.equal((await cli('wave', '--dt', '2', '--out', join(folder, 'wave'))).code, 1, 'an unstable step')
})
