import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { transform } from 'esbuild'
import t, { type Test } from 'tap'
import { timeless, walkthrough } from './walkthrough.js'

// docs/your-own-operator.md: its file is the file, its programs and commands print what stands below them.
const root = new URL(import.meta.url.includes('/dist/') ? '../../../' : '../../', import.meta.url)
const compiled = new URL('dist/docs/examples/logistic.js', root)
const folder = new URL('dist/docs/walkthrough/', root)

/** Inside the package, so that 'physgrad' is this package; beside the compiled file, as in a project. */
t.before(() => {
  if (!existsSync(compiled)) throw new Error('The walkthrough needs the compiled file: run `npm run build` first.')
  mkdirSync(folder, { recursive: true })
  copyFileSync(compiled, new URL('logistic.js', folder))
})
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

function run(t: Test, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  t.equal(status, 0, `${args.join(' ')}: exit code`, { stderr })
  return stdout
}

const steps = walkthrough(root)
t.match(
  steps.map(s => s.kind),
  ['file', 'command', 'program', 'program', 'command', 'program', 'program', 'program', 'program']
)

for (const [i, { kind, text, path, output }] of steps.entries())
  t.test(`${i + 1}: ${text.trim().split('\n').pop()}`, async t => {
    if (kind === 'file') {
      const file = readFileSync(new URL(path as string, root), 'utf8')
      t.equal(text, file, 'the file as it stands in the repository')
      t.ok(file.trim().split('\n').length < 40, 'under 40 lines')
      return
    }
    t.ok(output, 'its output is shown')
    if (kind === 'program') {
      const { code } = await transform(text, { loader: 'ts' })
      writeFileSync(new URL(`step${i}.mjs`, folder), code)
      t.equal(run(t, `step${i}.mjs`).trim(), output?.trim())
    } else {
      const [, , ...words] = text.split(' ')
      const main = fileURLToPath(new URL('dist/experiments/main.js', root))
      t.equal(timeless(run(t, main, ...words)), timeless(output as string))
    }
  })
