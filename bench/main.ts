import { cpus } from 'node:os'
import Table from 'cli-table3'
import { backends, withThreads } from '../core/index.js'
import type { Case, Cases, Extent } from './case.js'
import { convolutionCases } from './cases/convolution.js'
import { fourierCases } from './cases/fourier.js'
import { heatCases } from './cases/heat.js'
import { higCases } from './cases/hig.js'
import { linalgCases } from './cases/linalg.js'
import { matmulCases } from './cases/matmul.js'
import { oscillatorCases } from './cases/oscillators.js'
import { passCases } from './cases/passes.js'
import { alternate } from './measure.js'
import { INSTALL, loadPeers } from './peers.js'
import { type PythonTimes, runPython } from './python.js'
import { tables } from './tables.js'

/**
 * `npm run bench -- [names] [--quick | --full] [--json]`: one table of medians, and the same by others in the same run.
 * A name is a group below. A ratio above 1 says how many times longer the peer takes. `cost` (seconds over size and batch of
 * every simulator, with exponents) and `orders` (of convergence) are tables of their own, where they are named.
 */
const groups: Record<string, Cases> = {
  matmul: matmulCases,
  conv: convolutionCases,
  passes: passCases,
  linalg: linalgCases,
  fourier: fourierCases,
  oscillators: oscillatorCases,
  heat: heatCases,
  hig: higCases
}

const flags = process.argv.slice(2).filter(word => word.startsWith('-'))
const names = process.argv.slice(2).filter(word => !word.startsWith('-'))
const unknown = [
  ...names.filter(name => !Object.hasOwn(groups, name) && !Object.hasOwn(tables, name)),
  ...flags.filter(flag => !['--quick', '--full', '--json'].includes(flag))
]
if (unknown.length > 0) {
  console.error(
    `Unknown: ${unknown.join(' ')}. Names: ${Object.keys({ ...groups, ...tables }).join(' ')}; options: --quick --full --json`
  )
  process.exit(2)
}
const extent: Extent = flags.includes('--quick') ? 'quick' : flags.includes('--full') ? 'full' : 'usual'
const json = flags.includes('--json')
const BUDGET_MS = { quick: 200, usual: 1000, full: 3000 }[extent]

interface Row {
  name: string
  /** Whose: '' for this library. */
  peer: string
  /** null: not installed, or what `why` says. */
  ms: number | null
  why?: string
  best?: number
  /** The peer's time over ours. */
  ratio?: number
  /** GFLOP/s, or GB/s. */
  rate?: string
}

const threadsOf = (one: Case): number => one.threads ?? 1

const rate = ({ flops, bytes }: Case, ms: number): string =>
  flops ? `${(flops / ms / 1e6).toFixed(2)} GFLOP/s` : bytes ? `${(bytes / ms / 1e6).toFixed(2)} GB/s` : ''

/** A case and its peers, in turn. */
function run(one: Case, python: Record<string, PythonTimes>): Row[] {
  const found = Object.entries(one.peers ?? {})
  const there = found.flatMap(([peer, setup]) => (typeof setup === 'function' ? [{ peer, run: setup() }] : []))
  const [own, ...others] = withThreads(threadsOf(one), () =>
    alternate([one.setup(), ...there.map(p => p.run)], BUDGET_MS)
  )
  const row = (peer: string, ms: number, best?: number): Row => ({
    name: one.name,
    peer,
    ms,
    best,
    ratio: ms / own.median,
    rate: peer === 'copy loop' ? '' : rate(one, ms)
  })
  const external = one.python && python[`${one.python.script} ${threadsOf(one)}`]
  const pythonMs = one.python && external?.ms[one.python.key]
  return [
    { name: one.name, peer: '', ms: own.median, best: own.best, rate: rate(one, own.median) },
    ...there.map(({ peer }, i) => row(peer, others[i].median, others[i].best)),
    ...found
      .filter(([, setup]) => typeof setup !== 'function')
      .map(([peer, why]) => ({ name: one.name, peer, ms: null, why: typeof why === 'string' ? why : undefined })),
    ...(one.python
      ? [pythonMs ? row(one.python.script, pythonMs) : { name: one.name, peer: one.python.script, ms: null }]
      : [])
  ]
}

const digits = (ms: number): string => (ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3))

const now = (name: string) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${name}`)
}
for (const name of names.filter(n => Object.hasOwn(tables, n))) {
  const table = tables[name](extent, { json, now })
  now('')
  console.log(table)
}
if (names.length > 0 && names.every(n => Object.hasOwn(tables, n))) process.exit(0)

const peers = await loadPeers()
const cases = Object.entries(groups)
  .filter(([name]) => names.length === 0 || names.includes(name))
  .flatMap(([, make]) => make(extent, peers))
const python: Record<string, PythonTimes> = {}
for (const script of ['numpy', 'torch'] as const)
  for (const threads of [1, 2]) {
    const wanted = cases.filter(c => c.python?.script === script && threadsOf(c) === threads)
    const keys = [...new Set(wanted.map(c => c.python!.key))]
    if (keys.length > 0) python[`${script} ${threads}`] = runPython(script, keys, threads)
  }
const about = [
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}; one thread each, but where the case says two`,
  backends()
    .map(b => `${b.name} ${b.available ? 'available' : `not available: ${b.reason}`}`)
    .join('; '),
  ...peers.about,
  ...new Set(Object.values(python).map(p => p.about))
]
if (!json) console.log(`${about.join('\n')}\n`)
const rows: Row[] = []
const notes: { name: string; text: string }[] = []
for (const one of cases) {
  now(one.name)
  rows.push(...run(one, python))
  if (one.note) notes.push({ name: one.name, text: one.note() })
}
now('')
if (json) console.log(JSON.stringify({ about, rows, notes }, null, 2))
else {
  const table = new Table({
    head: ['case', 'peer', 'median ms', 'best ms', 'speed', 'peer / ours'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right']
  })
  for (const { name, peer, ms, why, best, rate, ratio } of rows)
    table.push([
      peer === '' ? name : '',
      peer,
      ms === null ? (why ?? 'not installed') : digits(ms),
      best === undefined ? '' : digits(best),
      rate ?? '',
      ratio === undefined ? '' : ratio.toFixed(2)
    ])
  console.log(table.toString())
  if (rows.some(row => row.ms === null && !row.why))
    console.log(`Not installed: ${INSTALL}; apt-get install python3-numpy python3-torch`)
  for (const { name, text } of notes) console.log(`\n${name}\n${text}`)
}
