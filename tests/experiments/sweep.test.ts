import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { SweepTable } from '../../experiments/shell/collect.js'
import { sweepFigures } from '../../experiments/shell/collect.js'
import { count, numbers, parseValues, someOf } from '../../experiments/shell/settings.js'
import { cellsOf, combinations, type SweepPlan } from '../../experiments/shell/sweep.js'
import { shellLine } from '../../experiments/shell/words.js'
import { flatness } from '../../experiments/sineResults.js'
import { cli } from './cli.js'
import demo from './demo.js'

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8')

/** Runs a printed line by a shell, as GNU parallel and Slurm do; kills it once `until` has appeared. */
const shell = (line: string, until?: RegExp): Promise<number | null> =>
  new Promise(resolve => {
    const child = spawn('sh', ['-c', `exec ${line}`], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', text => {
      said += text
      if (until?.test(said)) child.kill('SIGKILL')
    })
    child.on('close', resolve)
  })

t.test(
  'the printed lines run anywhere, in any order; what was killed is missing, and only that runs again',
  async t => {
    const folder = t.testdir()
    const args = (name: string, ...more: string[]) =>
      ['sweep', 'demo', '--eta', '0.5,2', '--steps', '12', '--step-ms', '20', '--seeds', '2'].concat(
        ...['--out', join(folder, name), ...more]
      )
    const printed = await cli(args('lines', '--print'))
    t.match(printed, { code: 0, err: '' })
    const lines = printed.out.trim().split('\n')
    t.equal(lines.length, 2 * 2 * 2)
    t.notOk(readdirSync(folder).includes('lines'), 'nothing has run')

    // Two at a time, from the last to the first; one of them is killed without warning.
    const left = lines.map((line, i) => ({ line, i })).reverse()
    const worker = async () => {
      for (let one = left.pop(); one; one = left.pop()) {
        const code = await shell(one.line, one.i === 3 ? /step [2-9]\/12/ : undefined)
        t.equal(code, one.i === 3 ? null : 0, `line ${one.i}`)
      }
    }
    await Promise.all([worker(), worker()])

    const partly = await cli(args('lines', '--collect'))
    t.match(partly, { code: 1, out: /1 of 8 runs are missing:\s+\S+eta=2_SIP_seed=0\n/ })
    t.match(read(folder, 'lines', 'sweep.html'), /1 of 8 runs are missing/)
    const missing = await cli(args('lines', '--missing'))
    t.equal(missing.out, `${lines[3]}\n`)

    // Again, all lines: complete cells stay as they are, to the byte.
    const results = () =>
      readdirSync(join(folder, 'lines'))
        .filter(name => name.startsWith('eta=') && name !== 'eta=2_SIP_seed=0')
        .map(name => read(folder, 'lines', name, 'result.json'))
    const before = results()
    for (const i of [2, 3, 4]) t.equal(await shell(lines[i]), 0)
    t.same(results(), before)
    t.match(await cli(args('lines', '--collect')), { code: 0, out: /Report: / })
    t.notOk(read(folder, 'lines', 'sweep.html').includes('runs are missing'))

    // And all of it in one call comes to the same numbers.
    const here = await cli(args('here', '--json'))
    t.equal(here.code, 0)
    const numbersOf = ({ rows }: SweepTable) => rows.map(({ seconds, ...row }) => row)
    const table: SweepTable = JSON.parse(here.out)
    t.same(numbersOf(JSON.parse(read(folder, 'lines', 'sweep.json'))), numbersOf(table))
    t.equal(table.label, 'x, last value')
    t.match(table.rows[0], { swept: { eta: 0.5 }, method: 'GD', seed: 0 })
    t.match(read(folder, 'here', 'sweep.csv'), /^eta,method,variant,seed,value,seconds\n0\.5,GD,,0,/)
    t.same(readdirSync(join(folder, 'here', 'figures')).sort(), ['sweep.png', 'sweep.svg'])

    // One cell lost: only that one runs.
    rmSync(join(folder, 'here', 'eta=0.5_GD_seed=1'), { recursive: true })
    t.match(await cli(args('here')), { code: 0, err: /run 8\/8/ })
    t.match(await cli(args('here', '--eta', '3', '--collect')), { code: 1, out: /4 of 4 runs are missing/ })
  }
)

t.test('a sweep that is interrupted goes on to the same numbers', async t => {
  const folder = t.testdir()
  const args = ['sweep', 'demo', 'eta', '--quick', '--method', 'SIP', '--seeds', '1', '--jobs', '1']
  const slow = [...args, '--step-ms', '700', '--out', join(folder, 'stopped')]
  let sent = false
  const first = await cli(slow, (text, interrupt) => {
    if (!text.includes('run 1/2') || sent) return
    sent = true
    // Into the middle of the second.
    setTimeout(interrupt, 1500)
  })
  t.match(first, { code: 130, out: /To go on: node .* sweep demo eta --quick/ })
  t.equal((await cli(slow)).code, 0)
  t.equal((await cli([...args, '--out', join(folder, 'whole')])).code, 0)
  const values = (name: string) =>
    JSON.parse(read(folder, name, 'sweep.json')).rows.map((r: { value: number }) => r.value)
  t.same(values('stopped'), values('whole'))
  t.equal(values('whole').length, 2)
})

t.test('a cell that fails keeps no other from running', async t => {
  const folder = t.testdir()
  const { code, out, err } = await cli([
    ...['sweep', 'demo', '--fail-at', '0,2', '--quick', '--method', 'GD', '--out', folder]
  ])
  t.equal(code, 1)
  t.match(err, /failAt=2_GD_seed=0 failed: The step was asked to fail, and did/)
  t.match(out, /1 of 2 runs are missing/)
})

t.test('wrong sweeps exit with 2', async t => {
  const folder = t.testdir()
  t.equal((await cli(['run', 'demo', '--quick', '--no-report', '--out', join(folder, 'eta=2_GD_seed=0')])).code, 0)
  const wrong: [string[], RegExp][] = [
    [['sweep'], /Usage/],
    [['sweep', 'demo', 'nu'], /Allowed choices are eta, steps/],
    [['sweep', 'demo', '--eta', '1,x'], /--eta wants a number above 0/],
    [['sweep', 'demo', '--print', '--collect'], /cannot be used with/],
    [['sweep', 'demo', '--missing', '--collect'], /cannot be used with/],
    // The cell's folder holds a run with other settings.
    [['sweep', 'demo', '--eta', '2,4', '--collect', '--out', folder], /holds a run with steps 4 where this one has 20/]
  ]
  const ended = await Promise.all(wrong.map(([args]) => cli(args)))
  wrong.forEach(([args, sentence], i) => {
    t.match(ended[i], { code: 2, out: /^$/, err: sentence }, args.join(' '))
  })
})

const plan = (swept: SweepPlan['swept'], more: Partial<SweepPlan> = {}): SweepPlan => ({
  ...{
    experiment: demo,
    name: 'test',
    about: 'a test',
    preset: 'default',
    swept,
    settings: {},
    methods: ['GD', 'SIP']
  },
  ...{ seeds: [0, 1], out: 'out', ...more }
})

t.test('cells and lines', async t => {
  t.same(combinations({ a: [1, 2], b: [3, 4] }), [
    { a: 1, b: 3 },
    { a: 1, b: 4 },
    { a: 2, b: 3 },
    { a: 2, b: 4 }
  ])
  const cells = cellsOf(plan({ steps: [4, 8], eta: [1, 2] }))
  t.equal(cells.length, 16)
  t.equal(new Set(cells.map(cell => cell.out)).size, 16)
  t.equal(cells[1].name, 'steps=4_eta=1_SIP_seed=0')
  // Those of the first seed come first.
  t.ok(cells.slice(0, 8).every(cell => cell.seed === 0))

  const words = ['run', 'k = 20', "it's", '$HOME', 'a,b', '=x', 'x=1', '-1', '']
  const { stdout } = spawnSync('sh', ['-c', `printf '%s\\n' ${shellLine(words)}`], { encoding: 'utf8' })
  t.same(stdout.split('\n').slice(0, -1), words)
})

t.test('several values: between commas, or semicolons where a value is a list', async t => {
  t.same(parseValues(count('', { default: 1 }), '1,3,1, 5'), [1, 3, 5])
  t.same(parseValues(numbers('', { default: [1] }), '1,2;3'), [[1, 2], [3]])
  t.same(parseValues(someOf('', ['GD', 'SIP']), 'sip'), [['SIP']])
})

t.test('figures: x is the first setting, the others are panels, methods are lines, seeds are faint', async t => {
  const p = plan({ steps: [4, 8, 80], eta: [1, 2, 3, 4] })
  const rows = cellsOf(p).map(({ swept, method, seed }) => ({
    ...{ swept, method, seed, variant: '', seconds: 1 },
    value: (swept.steps as number) * (swept.eta as number) + (method === 'SIP' ? 0.5 : 0) + 100 * seed
  }))
  const table = {
    ...p,
    experiment: 'demo',
    sweep: 'test',
    label: 'a number',
    versions: {},
    rows,
    metrics: [],
    missing: []
  }
  const figures = sweepFigures(p, table)
  t.same(
    figures.map(figure => figure.panels.map(panel => panel.title)),
    [['eta = 1', 'eta = 2', 'eta = 3'], ['eta = 4']]
  )
  const [panel] = figures[1].panels
  t.match(panel, { x: { scale: 'log' }, y: { label: 'a number', scale: 'log' } })
  t.match(panel.series, [
    {
      name: 'GD',
      x: [4, 8, 80],
      y: [66, 82, 370],
      faint: [
        [16, 32, 320],
        [116, 132, 420]
      ]
    },
    { name: 'SIP', y: [66.5, 82.5, 370.5] }
  ])
  t.same(panel.y.domain, figures[0].panels[0].y.domain, 'one range for all')
  t.same(sweepFigures(plan({}), { ...table, swept: {} }), [], 'without a swept setting there is only the table')
})

t.test(
  'a named sweep says what its numbers come to: SIP is flat where the largest is within twice the least',
  async t => {
    const row = (xi: number, seed: number, value: number) => {
      return { swept: { xi }, method: 'SIP', variant: '', seed, value, seconds: 1 }
    }
    const rows = [row(1, 0, 9), row(5, 0, 1), row(5, 1, 1.2), row(5, 2, 4), row(32, 0, 3), row(64, 0, 2)]
    const [metric, ...others] = flatness(rows, 'xi', 5, 'x')
    t.same(others, [], 'methods that have not run say nothing')
    t.same(metric.value, 2.5, 'medians over seeds, from 5 on: 3 over 1.2')
    t.same(metric.expected, [1, 2])
  }
)
