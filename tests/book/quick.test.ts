import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { experiments } from '../../experiments/index.js'
import type { RunRecord } from '../../experiments/shell/record.js'
import { asExpected } from '../../experiments/shell/table.js'

/**
 * Every experiment by its quick preset, as anybody runs it: each makes a claim, and it holds. The limits are those that the
 * experiment states at its numbers, from ten seeds.
 */
const main = ['../../experiments/main.js', '../../dist/experiments/main.js']
  .map(path => fileURLToPath(new URL(path, import.meta.url)))
  .find(existsSync)

const quick = (name: string, out: string): Promise<{ code: number | null; record?: RunRecord; err: string }> => {
  if (!main) throw new Error('The test starts the compiled command line: run `npm run build` first.')
  const words = [
    'run',
    name,
    '--quick',
    '--strict',
    '--no-report',
    '--json',
    '--jobs',
    '1',
    '--threads',
    '1',
    '--out',
    out
  ]
  return new Promise((resolve, reject) => {
    // Without the test runner's hooks: measuring coverage makes these runs three times as long.
    const child = spawn(process.execPath, [main, ...words], { env: { ...process.env, DEBUG: '', NODE_OPTIONS: '' } })
    let [text, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', more => (text += more))
    child.stderr.setEncoding('utf8').on('data', more => (err += more))
    child.on('error', reject).on('close', code => resolve({ code, err, record: text ? JSON.parse(text) : undefined }))
  })
}

t.test('the quick preset of every experiment holds what it claims', { jobs: 2 }, async t => {
  const folder = t.testdir()
  for (const name of Object.keys(experiments))
    t.test(name, { buffered: true }, async t => {
      const { code, record, err } = await quick(name, join(folder, name))
      t.equal(code, 0, `exit code; ${err.match(/^(Not as expected|Error).*$/gm)?.join(' ') ?? ''}`)
      const claims = (record?.metrics ?? []).filter(metric => metric.expected)
      t.not(claims.length, 0, 'a number of the quick preset has an expected range')
      for (const metric of claims) t.ok(asExpected(metric), `${metric.name}: ${JSON.stringify(metric.value)}`)
    })
})
