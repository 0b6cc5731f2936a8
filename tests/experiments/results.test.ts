import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { metricsOf as heatMetrics } from '../../experiments/heatResults.js'
import { compareFigures, compareTable, labelled } from '../../experiments/shell/compare.js'
import { completionScript, shells } from '../../experiments/shell/completion.js'
import { partJson, type RunRecord, readPart } from '../../experiments/shell/record.js'
import type { Done } from '../../experiments/shell/types.js'
import { cli, demoMain } from './cli.js'

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8')
const run = (folder: string, ...more: string[]) =>
  cli(['run', 'demo', '--quick', '--no-report', '--out', folder, ...more])

t.test('compare overlays runs of one experiment', async t => {
  const folder = t.testdir()
  const at = (name: string) => join(folder, name)
  await Promise.all([run(at('one')), run(at('two'), '--eta', '2', '--seed', '1')])
  const args = ['compare', at('one'), at('two'), '--out', at('both')]
  const { code, out } = await cli(args)
  t.equal(code, 0)
  t.match(out, /eta 2, seed 1 \/ eta 1, seed 0/)
  t.same(readdirSync(at('both')).sort(), ['compare.html', 'compare.json', 'figures'])
  t.same(readdirSync(join(at('both'), 'figures')).sort(), ['x.png', 'x.svg', 'y.png', 'y.svg'])
  const printed = JSON.parse((await cli([...args, '--json'])).out)
  const [one, two] = ['one', 'two'].map(name => JSON.parse(read(at(name), 'result.json')) as RunRecord)
  t.same(printed.runs[1].metrics, two.metrics)
  const row = printed.table.rows.find(([name]: [string]) => name.startsWith('x loss, SIP'))
  const values = [one, two].map(({ metrics }) => metrics.find(m => m.name === 'x loss, SIP')!.value as number)
  t.ok(Math.abs(Number(row.at(-1)) / (values[1] / values[0]) - 1) < 1e-2, 'the ratio to the first')

  // Of a method that diverged: JSON has no NaN.
  const [metric, ...others] = one.metrics
  cpSync(at('one'), at('diverged'), { recursive: true })
  writeFileSync(
    join(at('diverged'), 'result.json'),
    JSON.stringify({ ...one, metrics: [{ ...metric, value: Number.NaN }, ...others] })
  )
  const beside = await cli(['compare', at('diverged'), at('two'), '--out', at('both')])
  t.match(beside, { code: 0, out: /x loss, GD \/ SIP, last steps .* not a number/ })

  cpSync(at('one'), at('other'), { recursive: true })
  writeFileSync(join(at('other'), 'result.json'), JSON.stringify({ ...one, experiment: 'heat' }))
  const wrong: [string[], RegExp][] = [
    [['compare'], /missing required argument/],
    [['compare', at('one')], /compare got one folder\. Give two or more/],
    [['compare', at('one'), at('none')], /none was given as the folder of a run, but has no result\.json/],
    [['compare', at('one'), at('other')], /runs of demo and heat, whose numbers have nothing in common/]
  ]
  const ended = await Promise.all(wrong.map(([args]) => cli(args)))
  for (const [i, [args, err]] of wrong.entries()) t.match(ended[i], { code: 2, out: /^$/, err }, args.join(' '))
})

t.test('labels say what differs, and the folder where nothing does', async t => {
  const record = (more: Partial<RunRecord>): RunRecord =>
    ({
      ...{ experiment: 'demo', settings: { eta: 1, method: ['GD'] }, seed: 0, versions: { physgrad: '1.0.0' } },
      ...{ date: '2026-01-02T03:04:05Z', metrics: [], parts: [], ...more }
    }) as never
  const labels = (...runs: Partial<RunRecord>[]) =>
    labelled(runs.map((more, i) => ({ folder: `results/${i}`, record: record(more) }))).map(({ label }) => label)
  t.same(labels({}, { seed: 3 }), ['seed 0', 'seed 3'])
  t.same(labels({}, { settings: { eta: 1, method: ['GD', 'SIP'] } }), ['method GD', 'method GD,SIP'])
  t.same(labels({}, {}), ['0 of 2026-01-02 03:04', '1 of 2026-01-02 03:04'])
  t.same(labels({}, { seed: 3 }, {}), [
    'seed 0; 0 of 2026-01-02 03:04',
    'seed 3; 1 of 2026-01-02 03:04',
    'seed 0; 2 of 2026-01-02 03:04'
  ])
})

t.test('lines of compared runs can be told apart without colour', async t => {
  const part = (method: string, y: number[]) => ({
    ...{ method, variant: '', seed: 0, status: 'complete' as const },
    course: { loss: { at: [0, 1], seconds: [0, 1], y } }
  })
  const runs = [1, 2].map(eta => ({
    folder: String(eta),
    label: `eta ${eta}`,
    record: { metrics: [{ name: 'loss', value: eta }], parts: [part('GD', [4, eta]), part('SIP', [4, 1])] } as never
  }))
  const [figure] = compareFigures(runs)
  t.match(figure, { name: 'loss', panels: [{ y: { scale: 'log' } }, { x: { label: 'Seconds of training' } }] })
  const lines = figure.kind === 'plot' ? figure.panels[0].series : []
  t.same(
    lines.map(line => line.name),
    ['GD; eta 1', 'SIP; eta 1', 'GD; eta 2', 'SIP; eta 2']
  )
  const looks = lines.map(({ style }) => JSON.stringify({ ...(style as object), color: '' }))
  t.equal(new Set(looks).size, 4)
  t.same(compareTable(runs), { head: ['quantity', 'eta 1', 'eta 2', 'eta 2 / eta 1'], rows: [['loss', '1', '2', '2']] })
})

t.test('report draws again what a run has written', async t => {
  const folder = join(t.testdir(), 'run')
  t.equal((await cli(['run', 'demo', '--quick', '--out', folder])).code, 0)
  const files = ['report.html', 'result.json', 'fields.json', 'curves.csv', 'figures/losses.svg', 'figures/epochs.png']
  // Images apart: fields are written with seven digits.
  const images = /aria-label="Initial temperature[\s\S]*?<\/svg>/
  const bytes = () => files.map(file => readFileSync(join(folder, file), 'latin1').replace(images, ''))
  const before = bytes()
  for (const file of ['report.html', 'figures', 'curves.csv']) rmSync(join(folder, file), { recursive: true })
  t.match(await cli(['report', folder]), { code: 0, out: /Report: .*report\.html/ })
  t.same(bytes(), before)
  t.match(await cli(['report', join(folder, 'figures')]), { code: 2, err: /has no result\.json/ })
})

t.test('the gallery shows every run, its pictures beside it', async t => {
  const folder = t.testdir()
  const at = (name: string) => join(folder, name)
  await Promise.all([run(at('one')), run(at('two'), '--eta', '2')])
  const { code, out } = await cli(['report', at('one'), at('two'), '--all', '--out', at('gallery'), '--json'])
  t.equal(code, 0)
  const files: string[] = JSON.parse(out)
  t.equal(files.length, 1 + 2 * 7)
  t.ok(files.every(existsSync))
  const page = read(at('gallery'), 'index.html')
  const targets = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(match => match[1])
  t.equal(new Set(targets).size, 2 * 7)
  for (const target of targets) t.ok(existsSync(join(at('gallery'), target)), target)
  for (const text of ['Demonstration of the shell', 'Nothing is learned here', '<math', 'x loss, GD / SIP, last steps'])
    t.ok(page.includes(text), text)
  t.match(page, /run demo --quick --eta 2/)
  t.notMatch(page, /https?:\/\/(?!www\.w3\.org)/)
})

t.test('--strict fails where a number is not as expected', async t => {
  const folder = t.testdir()
  const strict = (...more: string[]) => run(join(folder, more.join('')), '--strict', ...more)
  const [poor, good] = await Promise.all([strict('--steps', '4'), strict('--steps', '60')])
  t.match(poor, { code: 1, err: /Not as expected: y loss, SIP is 13\.\d+, expected 0 to 1\.\n$/ })
  t.ok(existsSync(join(folder, '--steps4', 'result.json')), 'the numbers are kept')
  t.equal(good.code, 0)
})

t.test('Ctrl-C says how to go on, and going on comes to the numbers of a run in one piece', async t => {
  const folder = t.testdir()
  const args = (name: string) => [
    'run',
    'demo',
    '--steps',
    '40',
    '--step-ms',
    '30',
    '--no-report',
    '--out',
    join(folder, name)
  ]
  let sent = false
  const { code, out } = await cli(args('stopped'), (text, interrupt) => {
    if (sent || !/step ([89]|1\d)\/80/.test(text)) return
    sent = true
    interrupt()
  })
  t.equal(code, 130)
  const [, line] = out.match(/To go on: (.*)\n/)!
  t.match(line, /^node \S+demoMain\.js run demo --steps 40 --step-ms 30 --out \S+ --no-report --resume$/)
  t.equal(spawnSync('sh', ['-c', line]).status, 0)
  t.equal((await cli(args('whole'))).code, 0)
  const parts = (name: string) => JSON.parse(read(folder, name, 'result.json')).parts
  t.same(parts('stopped'), parts('whole'))
})

t.test('what batch systems send is Ctrl-C', async t => {
  const folder = t.testdir()
  let sent = false
  const { code, out } = await cli(
    ['run', 'demo', '--method', 'GD', '--steps', '10000', '--step-ms', '5', '--no-report', '--out', folder],
    (text, interrupt) => {
      if (sent || !text.includes('step 1/10000')) return
      sent = true
      interrupt('SIGTERM')
    }
  )
  t.equal(code, 130)
  t.match(out, /Interrupted after step \d+ of 10000[\s\S]*To go on: /)
  t.match(JSON.parse(read(folder, 'result.json')), { status: 'interrupted' })
})

t.test('a reader that has seen enough is no failure', async t => {
  const { stdout, stderr } = spawnSync('sh', ['-c', `node ${demoMain} sweep demo --seeds 3000 --print | head -1`], {
    encoding: 'utf8'
  })
  t.match(stdout, /^node .*seed=0/)
  t.equal(stderr, '')
  // Of the progress, too: the run goes on to its end.
  const folder = t.testdir()
  const run = `node ${demoMain} run demo --steps 400 --step-ms 2 --no-report --out ${folder}`
  spawnSync('sh', ['-c', `${run} 2>&1 | head -1`])
  t.match(JSON.parse(read(folder, 'result.json')), { status: 'complete' })
})

t.test('list shows methods and sweeps', async t => {
  t.match(await cli(['list']), {
    code: 0,
    out: /^demo +synthetic data.*\n +GD, SIP; sweeps: eta, steps; takes: quick 0\.2 s\n$/
  })
  t.match(JSON.parse((await cli(['list', '--json'])).out), [
    { name: 'demo', methods: ['GD', 'SIP'], takes: { quick: 0.2 } }
  ])
})

t.test('the shell completes commands, experiments, options and their names', async t => {
  const complete = async (...words: string[]) => (await cli(['--complete', ...words])).out.trim().split('\n')
  const asked: [string[], string[]][] = [
    [['ru'], ['run']],
    [['run', ''], ['demo']],
    [
      ['run', 'demo', '--st'],
      ['--strict', '--steps', '--step-ms']
    ],
    [
      ['run', 'demo', '--strict', '--st'],
      ['--steps', '--step-ms']
    ],
    [
      ['run', 'demo', '--method', ''],
      ['GD', 'SIP']
    ],
    [['run', 'demo', '--method', 'GD,S'], ['GD,SIP']],
    [['run', 'demo', '--steps', ''], ['']],
    [['sweep', 'demo', 'e'], ['eta']],
    [['sweep', 'demo', '--quick', 's'], ['steps']],
    [['explain', 'sinh'], ['sinh']],
    [['explain', 'sin', 'cosh'], ['cosh']],
    [['completion', ''], [...shells]],
    [['compare', ''], ['']]
  ]
  const found = await Promise.all(asked.map(([words]) => complete(...words)))
  for (const [i, [words, expected]] of asked.entries()) t.same(found[i], expected, words.join(' '))
})

t.test('the scripts ask for what was typed so far', async t => {
  // Prints the words that it was asked to complete, and one with a space.
  const script = completionScript('bash', `printf '%s\\n' 'k = 20'`)
  const typed = `COMP_WORDS=(physgrad run k); COMP_CWORD=2; _physgrad; printf '%s|' "\${COMPREPLY[@]}"`
  const { stdout } = spawnSync('bash', ['-c', `${script}${typed}`], { encoding: 'utf8' })
  t.equal(stdout, 'k\\ =\\ 20|--complete|run|k|')
  t.match(await cli(['completion', 'zsh']), { code: 0, out: /compdef _physgrad physgrad/ })
  t.match(await cli(['completion', 'tcsh']), { code: 2, err: /Allowed choices are bash, zsh, fish/ })
})

t.test('what was not finite is so again when it is read', async t => {
  const series = { at: [0, 1], seconds: [0, 1], y: [2, Number.NaN] }
  const part: Done = {
    ...{ method: 'GD', variant: '', seed: 0, status: 'complete' },
    course: { loss: series },
    data: { left: { GD: Number.NaN, SIP: 0.2 }, list: [Number.POSITIVE_INFINITY, 1], name: 'a' }
  }
  const read = readPart(JSON.parse(partJson(part)))
  t.same(read.course.loss.y, [2, Number.NaN])
  t.same(read.data, { left: { GD: Number.NaN, SIP: 0.2 }, list: [Number.NaN, 1], name: 'a' })
})

t.test('a run of heat that became non-finite has no ratio, however it began', async t => {
  const part = (method: string, looks: number): Done => {
    const y = Array.from({ length: looks }, (_, i) => 10 - i / 10)
    const series = { at: y.map((_, i) => i), seconds: y, y }
    return { method, variant: '', seed: 0, status: 'complete', course: { x: series, y: series } }
  }
  const ratio = (gd: number) =>
    heatMetrics([part('SIP', 20), part('GD', gd)], { steps: 20, batch: 16 }).find(m => m.name === 'x loss, GD / SIP')
      ?.value
  t.equal(ratio(20), 1)
  t.same(ratio(4), Number.NaN)
})
