import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PNG } from 'pngjs'
import t, { type Test } from 'tap'
import { overSeeds, quantityOf, radialSpectrum, ratioBySeed, sampleGrid, spread } from '../../experiments/shell/data.js'
import type { Figure, PlotFigure } from '../../experiments/shell/figure.js'
import { duration, number, powerOfTen } from '../../experiments/shell/format.js'
import { figureToSvg, svgToPng } from '../../experiments/shell/plots/render.js'
import { textWidth, wrapText } from '../../experiments/shell/plots/text.js'
import { linearTicks, logTicks } from '../../experiments/shell/plots/ticks.js'
import { count, oneOf, real, someOf, UsageError } from '../../experiments/shell/settings.js'
import { metricsTable, printTable } from '../../experiments/shell/table.js'
import type { Done } from '../../experiments/shell/types.js'
import { cli } from './cli.js'
import demo from './demo.js'

/** Both methods of the demonstration, run here and now. */
const demoParts = async (): Promise<Done<'GD' | 'SIP', undefined>[]> => {
  const settings = { steps: 20, eta: 1, stepMs: 0, failAt: 0, chatty: false }
  const context = { step() {}, tell() {}, log() {}, keep() {}, signal: new AbortController().signal }
  return Promise.all(
    demo.methods.map(async method => {
      const part = { method, seed: 0, variant: '' }
      return { ...part, ...(await demo.run(part, settings, context)), status: 'complete' as const }
    })
  )
}
const demoFigures = async () => demo.figures(await demoParts(), {} as never)

/** Renders, decodes, and sees that there is something on it. */
async function looksDrawn(t: Test, figure: Figure): Promise<string> {
  const svg = await figureToSvg(figure)
  t.match(svg, /^<svg [^>]*viewBox="0 0 [\d.]+ [\d.]+"/)
  const [, width, height] = svg.match(/<svg [^>]*width="([\d.]+)" height="([\d.]+)"/)!.map(Number)
  const png = PNG.sync.read(svgToPng(svg))
  t.ok(Math.abs(png.width - 2 * width) <= 2 && Math.abs(png.height - 2 * height) <= 2, 'two pixels per unit')
  const colors = new Map<number, number>()
  for (let i = 0; i < png.data.length; i += 4) {
    const color = png.data.readUInt32BE(i)
    colors.set(color, (colors.get(color) ?? 0) + 1)
  }
  t.ok(colors.size > 20, 'many colours')
  t.ok((colors.get(0xffffffff) ?? 0) < (png.data.length / 4) * 0.99, 'not blank')
  t.notMatch(svg, /NaN|undefined|Infinity/)
  return svg
}

t.test('every kind of figure becomes SVG and PNG', async t => {
  for (const figure of await demoFigures()) {
    await t.test(figure.name, async t => {
      const svg = await looksDrawn(t, figure)
      for (const word of figure.title.split(' ')) t.ok(svg.includes(word), `title: ${word}`)
      if (figure.kind === 'plot')
        for (const s of figure.panels.flatMap(p => p.series)) t.ok(svg.includes(`>${s.name}<`), s.name)
      if (figure.kind === 'plot')
        for (const a of figure.panels.flatMap(p => p.arrows ?? [])) t.ok(svg.includes(`>${a.name}<`), a.name)
      if (figure.kind === 'graph') for (const node of ['exp', 'newton']) t.ok(svg.includes(`>${node}<`), node)
      if (figure.kind === 'images') t.equal(svg.match(/<image /g)?.length, 7, 'six fields and a colour bar')
    })
  }
})

t.test('figures of poor data are drawn all the same', async t => {
  const plot = (y: number[], scale: 'log' | 'linear' = 'log', x = y.map((_, i) => i)): PlotFigure => ({
    kind: 'plot',
    name: 'poor',
    title: 'Poor data',
    panels: [{ x: { label: 'x' }, y: { label: 'y', scale }, series: [{ name: 'GD', x, y }] }]
  })
  await looksDrawn(t, plot([]))
  await looksDrawn(t, plot([3]))
  await looksDrawn(t, plot([5, 5, 5], 'linear'))
  await looksDrawn(t, plot([1, 0, -1, Number.NaN, Infinity, 1e-9]))
  await looksDrawn(t, plot([1e-290, 1e290]))
  await looksDrawn(t, plot([1e-250, 1e308], 'linear'))
  const empty = await figureToSvg({ kind: 'images', name: 'none', title: 'None', columns: [], rows: [], label: '' })
  t.match(empty, /^<svg/)
  const hole = { name: 'hole', width: 2, height: 3, values: [0, Number.NaN, 2, 3, 4, 5] }
  await looksDrawn(t, {
    kind: 'images',
    name: 'hole',
    title: 'A hole',
    columns: ['a'],
    rows: [{ fields: [hole] }],
    label: 'T'
  })
})

t.test('ticks are round and few', async t => {
  const labels = (ticks: ReturnType<typeof logTicks>) => ticks.major.map(tick => tick.label).join(' ')
  t.equal(labels(linearTicks(-0.6, 19.6, 5)), '0 5 10 15')
  t.equal(labels(linearTicks(-1, 1, 4)), '−1 −0.5 0 0.5 1')
  t.equal(labels(logTicks(30, 220)), '50 100 200')
  t.equal(labels(logTicks(0.002, 3)), '10⁻² 10⁻¹ 10⁰')
  t.equal(labels(logTicks(1e-16, 1e16)), '10⁻¹⁵ 10⁻¹⁰ 10⁻⁵ 10⁰ 10⁵ 10¹⁰ 10¹⁵')
  t.equal(labels(logTicks(4.1, 4.4)), '4.1 4.15 4.2 4.25 4.3 4.35 4.4')
})

t.test('text, numbers, times', async t => {
  t.ok(textWidth('mmm', 14) > 2 * textWidth('iii', 14))
  t.ok(textWidth('abc', 14, 'bold') > textWidth('abc', 14))
  t.same(wrapText('one two three', textWidth('one two', 14) + 1, 14), ['one two', 'three'])
  t.equal(powerOfTen(-12), '10⁻¹²')
  t.same(
    [0, 1.23456, 1234567, 2.5e-8, Number.NaN].map(v => number(v)),
    ['0', '1.235', '1.235e6', '2.5e-8', 'not a number']
  )
  t.same([0.012, 0.4, 35, 125, 4200].map(duration), ['12 ms', '0.4 s', '35 s', '2 min 05 s', '1 h 10 min'])
})

t.test('helpers for data', async t => {
  t.same(spread([3, 1, 2, 10]), { median: 2.5, low: 1, high: 10 })
  t.same(
    overSeeds([
      [1, 2],
      [3, 4],
      [5, 0]
    ]),
    { median: [3, 2], low: [1, 0], high: [5, 4] }
  )
  const { f, median } = radialSpectrum({ width: 4, height: 4, values: Array(16).fill(7) })
  t.equal(f[0], 0)
  t.equal(f.at(-1), Math.SQRT1_2)
  t.ok(median.every(v => v === 7))
  t.equal(sampleGrid((x, y) => x + 10 * y, [0, 1], [0, 2], [], 3).values[5], 11)
})

t.test('ratios seed by seed', async t => {
  const part = (seed: number, y?: number) => ({
    method: 'GD',
    variant: '',
    status: 'complete' as const,
    seed,
    course: {},
    data: y
  })
  const ratio = (a: ReturnType<typeof part>[], b: ReturnType<typeof part>[]) => ratioBySeed(a, b, p => p.data)
  // In another order, with a seed that only one side has, and one without the number.
  const [a, b] = [
    [part(0, 2), part(1, 30), part(2, 5), part(3, 1)],
    [part(1, 10), part(0, 1), part(3)]
  ]
  t.same(ratio(a, b), { median: 2.5, low: 2, high: 3 })
  t.equal(ratio(a.slice(0, 1), b), 2)
  t.equal(ratio([part(2, 5)], b), undefined)
  t.ok(Number.isNaN(ratio([part(1, 1)], [part(1, 0)])), 'nothing finite to show is not the same as nothing to compare')
})

t.test('a seed that diverged counts: no median hides it', async t => {
  const of = (...values: (number | undefined)[]) => quantityOf(values, v => v)
  const bad = Number.NaN
  t.same(of(3, 1, 2), { median: 2, low: 1, high: 3 })
  t.same(of(3, bad, 1), { median: 3, low: 1, high: bad })
  t.same(of(bad, Infinity, 910), { median: bad, low: 910, high: bad }, 'one finite seed of three is not the median')
  t.same(of(-Infinity, 2, 1), { median: 2, low: 1, high: bad })
  t.same(of(1, undefined, 3), { median: 2, low: 1, high: 3 }, 'what has not come so far says nothing')
  t.same([of(bad), of(), of(undefined)], [bad, bad, bad])
  const { rows } = metricsTable([{ name: 'loss', value: of(3, bad, 1), expected: [0, 4] }])
  t.match(rows[0], ['loss', '3 [1 ... not a number]'])
})

t.test('settings say what would be right', async t => {
  t.equal(count('', { default: 1 }).parse('20'), 20)
  t.same(someOf('', ['SIP', 'GD']).parse('gd,SIP,gd'), ['GD', 'SIP'])
  const commas = someOf('', ['HIG', 'HIG, k = 60', 'GD'])
  t.same(commas.parse('HIG, k = 60'), ['HIG, k = 60'])
  t.same(commas.parse('GD,HIG, k = 60,HIG'), ['GD', 'HIG, k = 60', 'HIG'])
  t.throws(() => commas.parse('HIG,k = 6'), UsageError)
  for (const wrong of ['0', '1.5', 'x', '', '1e99']) t.throws(() => count('', { default: 1 }).parse(wrong), UsageError)
  for (const wrong of ['0', 'x', '', 'Infinity'])
    t.throws(() => real('', { default: 1, above: 0 }).parse(wrong), UsageError)
  t.throws(() => oneOf('', ['a', 'b'], { default: 'a' }).parse('c'), { message: 'one of a, b' })
})

t.test('the table has ratios, leaves out empty columns, and fits', async t => {
  const metric = {
    name: 'a rather long name of a quantity',
    value: 3,
    published: 2,
    expected: [1, 2] as [number, number]
  }
  t.same(metricsTable([metric]).head, ['quantity', 'published', 'this run', 'this / published', 'expected'])
  t.same(metricsTable([metric]).rows[0].slice(1), ['2', '3', '1.5', '1 to 2: no'])
  const exact = { name: 'a', value: 1, expected: [1 - 1e-9, 1 + 1e-9] as [number, number] }
  t.equal(metricsTable([exact]).rows[0].at(-1), '1 ± 1e-9: yes')
  t.ok(
    printTable([metric], {}, 60)
      .split('\n')
      .every(line => line.length <= 60)
  )
  t.equal(printTable([]), '')
})

t.test('a run writes its numbers, figures and a self-contained report', async t => {
  const folder = t.testdir()
  const { code, out, err } = await cli(['run', 'demo', '--quick', '--seed', '3', '--out', folder])
  t.equal(code, 0)
  t.match(out, /this run/)
  t.match(out, join(folder, 'report.html'))
  t.match(err, /step 8\/8/)
  t.same(readdirSync(folder).sort(), ['curves.csv', 'fields.json', 'figures', 'report.html', 'result.json'])
  t.equal(readdirSync(join(folder, 'figures')).length, 14)
  t.equal(readFileSync(join(folder, 'curves.csv'), 'utf8').trim().split('\n').length, 1 + 4 * 4)

  const record = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))
  t.match(record, {
    status: 'complete',
    seed: 3,
    preset: 'quick',
    settings: { steps: 4 },
    versions: { node: process.versions.node }
  })
  t.equal(record.command, 'node dist/experiments/main.js run demo --quick --seed 3')
  t.match(record.versions.physgrad, /^\d+\.\d+\.\d+/)

  const page = readFileSync(join(folder, 'report.html'), 'utf8')
  t.equal(page.match(/<svg /g)!.length >= 5, true)
  t.match(page, /class="katex-display"/)
  t.match(page, /--quick --seed 3/)
  for (const [, target] of page.matchAll(/(?:\bsrc|\bhref)="([^"]*)"/g))
    t.ok(/^(data:|#)/.test(target), target.slice(0, 40))
  for (const [, target] of page.matchAll(/url\(([^)]*)\)/g)) t.ok(/^(data:|#)/.test(target), target.slice(0, 40))
  t.notMatch(page, /@import|<script|<link/)
  const ids = [...page.matchAll(/\bid="([^"]*)"/g)].map(match => match[1])
  t.equal(new Set(ids).size, ids.length, 'no id twice')
})

t.test('--json prints JSON and nothing else', async t => {
  const folder = t.testdir()
  const { code, out } = await cli(['run', 'demo', '--quick', '--json', '--chatty', '--no-report', '--out', folder])
  t.equal(code, 0)
  t.match(JSON.parse(out), {
    experiment: 'demo',
    status: 'complete',
    parts: [{ method: 'GD', course: { x: { at: [0, 1, 2, 3] }, y: {} } }, { method: 'SIP' }]
  })
  t.notOk(existsSync(join(folder, 'report.html')))
  t.ok(existsSync(join(folder, 'result.json')))
})

t.test('Ctrl-C stops after the step and keeps what is there', async t => {
  const folder = t.testdir()
  let sent = false
  const { code, out, err } = await cli(
    ['run', 'demo', '--method', 'SIP', '--steps', '10000', '--step-ms', '5', '--out', folder],
    (text, kill) => {
      if (sent || !text.includes('step 1/10000')) return
      sent = true
      kill()
    }
  )
  t.equal(code, 130)
  t.match(err, /Stopping after this step/)
  t.match(out, /Interrupted after step \d+ of 10000\. Kept what was there:/)
  t.match(out, join(folder, 'report.html'))
  const record = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8'))
  t.equal(record.status, 'interrupted')
  const [, steps] = record.statusText.match(/^interrupted after step (\d+) of 10000$/)
  t.equal(record.parts[0].course.y.y.length, Number(steps))
  t.match(readFileSync(join(folder, 'report.html'), 'utf8'), /This run is not complete: interrupted after step/)
})

t.test('a second Ctrl-C stops at once', async t => {
  const folder = join(t.testdir(), 'results')
  // Pressed until it ends: presses that arrive together count as one, and on a busy machine any two may.
  let pressing: NodeJS.Timeout | undefined
  const { code, err } = await cli(['run', 'demo', '--step-ms', '600000', '--out', folder], (text, kill) => {
    if (text.includes('40 steps')) pressing ??= setInterval(kill, 100)
  })
  clearInterval(pressing)
  t.equal(code, 130)
  t.match(err, /Press Ctrl-C again/)
  t.notOk(existsSync(join(folder, 'result.json')))
})

t.test('a failure is a sentence, and what was there is kept', async t => {
  const folder = t.testdir()
  const args = ['run', 'demo', '--method', 'GD', '--fail-at', '3', '--no-report', '--out', folder]
  const { code, out, err } = await cli(args)
  t.equal(code, 1)
  t.match(err, /Error: The step was asked to fail, and did; leave out --fail-at\.\n$/)
  t.notMatch(err, /\n +at /)
  t.match(out, /Failed after step 2 of 20\. Kept what was there:/)
  t.match(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')), { status: 'failed' })
  t.match((await cli(args, undefined, { DEBUG: '1' })).err, /\n +at /)
})

t.test('wrong calls exit with 2 and say what would be right', async t => {
  const wrong: [string[], RegExp][] = [
    [[], /Usage/],
    [['run'], /Usage/],
    [['run', 'dem'], /unknown command 'dem'\s+.*Did you mean demo/],
    [['run', 'demo', '--steps', '0'], /--steps wants a whole number, at least 1/],
    [['run', 'demo', '--eta', '-1'], /--eta wants a number above 0/],
    [['run', 'demo', '--method', 'SIP,HIG'], /--method wants one of GD, SIP/],
    [['run', 'demo', '--seed', '-1'], /--seed wants a whole number, at least 0/],
    [['run', 'demo', '--quick', '--full'], /cannot be used with/],
    [['run', 'demo', '--batch', '3'], /unknown option '--batch'/]
  ]
  const ended = await Promise.all(wrong.map(([args]) => cli(args)))
  wrong.forEach(([args, sentence], i) => {
    t.match(ended[i], { code: 2, out: /^$/, err: sentence }, args.join(' '))
  })
})

t.test('parallel equals serial, and a killed run goes on to the same numbers', async t => {
  const folder = t.testdir()
  const at = (name: string) => join(folder, name)
  const args = (name: string, ...more: string[]) => [
    ...['run', 'demo', '--seeds', '2', '--steps', '12', '--step-ms', '20', '--no-report', '--out', at(name), ...more]
  ]
  const parts = (name: string) => JSON.parse(readFileSync(join(at(name), 'result.json'), 'utf8')).parts
  t.equal((await cli(args('serial', '--jobs', '1'))).code, 0)
  t.equal((await cli(args('parallel', '--jobs', '4'))).code, 0)
  t.same(parts('parallel'), parts('serial'))
  t.equal(parts('serial').length, 4)

  // Killed without warning in the middle, twice, and resumed: in the end nothing tells it from a run in one piece.
  for (const after of [5, 25]) {
    const { code } = await cli(args('killed', '--resume', '--jobs', '2'), (text, _int, kill) => {
      if (Number([...text.matchAll(/step (\d+)\//g)].at(-1)?.[1] ?? 0) >= after) kill()
    })
    t.equal(code, null, `killed after step ${after}`)
  }
  t.ok(existsSync(join(at('killed'), 'parts')))
  t.match(await cli(args('killed', '--resume', '--eta', '2')), { code: 2, err: /holds a run with eta 1/ })
  t.equal((await cli(args('killed', '--resume'))).code, 0)
  t.same(parts('killed'), parts('serial'))
  t.notOk(existsSync(join(at('killed'), 'parts')), 'what is complete needs no checkpoints')
  // Complete: nothing runs again. More seeds: only those.
  t.match(await cli(args('killed', '--resume')), { code: 0, err: /48 steps\.\s*$/ })
  t.match(await cli(args('killed', '--resume', '--seeds', '3')), { code: 0, err: /step 72\/72/ })
  t.same(parts('killed').slice(0, 4), parts('serial'))
  t.match(await cli(args('killed', '--resume', '--eta', '2')), { code: 2, err: /holds a run with eta 1/ })
})

t.test('list and help', async t => {
  t.match(await cli(['list']), { code: 0, out: /^demo +synthetic data/ })
  t.match(await cli(['run', 'demo', '--help']), {
    code: 0,
    out: /--steps <n> +training steps \(default: 20, quick: 4, full: 50\)/
  })
  t.match(await cli(['run', 'demo', '--help']), { out: /\nTakes on two cores, roughly: quick 0\.2 s\.\n/ })
})

t.test('a folder that cannot be written is known before the run', async t => {
  const folder = t.testdir({ file: '' })
  // Even in JSON: nothing has run that could be printed.
  const { code, out, err } = await cli([
    'run',
    'demo',
    '--step-ms',
    '600000',
    '--json',
    '--out',
    join(folder, 'file', 'results')
  ])
  t.equal(code, 1)
  t.equal(out, '')
  t.match(err, /results cannot be written into .*Give another folder by --out/)
})
