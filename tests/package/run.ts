// What somebody gets who installs the package (`npm run test:package`): packs it, installs the tarball in an empty
// folder outside the clone, looks at what arrived, and runs there the program from the README.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { Checks } from '../checks.js'
import { timeless, walkthrough } from '../docs/walkthrough.js'

const mostMegabytes = 12
const mostSeconds = 120 // a slow network; it takes about 2 s here

const root = fileURLToPath(new URL('../../../', import.meta.url))
const work = realpathSync(mkdtempSync(join(tmpdir(), 'physgrad-package-')))
const folder = join(work, 'empty')
mkdirSync(folder)

// `npm run` tells its children about this package, and they would take it for theirs.
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(?!config_)|local_prefix$/.test(name))
)

/** Runs a command and returns what it printed; throws, with its words, when it fails. */
function run(command: string, args: string[], cwd = folder): { out: string; err: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 600_000 })
  if (error) throw error
  assert.equal(status, 0, `${basename(command)} ${args.join(' ')}: exit code ${status}\n${stdout}${stderr}`)
  return { out: stdout, err: stderr }
}
const node = (...args: string[]) => run(process.execPath, args)
const npx = (...args: string[]) => run('npx', ['physgrad', ...args])
const files = () =>
  readdirSync(join(folder, 'node_modules'), { recursive: true, encoding: 'utf8' }).map(name =>
    name.replaceAll('\\', '/')
  )

/** Runs a module inside the folder; printing to stderr counts as a failure. */
function runModule(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  const { out, err } = node(name)
  assert.equal(err, '', 'nothing may be printed to stderr')
  return out
}

/** The code block, and the block of expected output, that follow the marks in the README. */
function fromReadme(mark: string): { language: string; text: string } {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const match = new RegExp(`<!-- ${mark} -->\\s*\`\`\`(\\w+)\\n([^]*?)\`\`\``).exec(readme)
  assert.ok(match, `README.md has no block after <!-- ${mark} -->`)
  return { language: match[1], text: match[2] }
}

interface LockEntry {
  hasInstallScript?: boolean
  deprecated?: string
  link?: boolean
}

const checks = new Checks()
let tarball = ''

await checks.check(
  "the clone's lock file: no webgpu, no gl, nothing deprecated, no script to run, no registry named",
  () => {
    const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
    assert.doesNotMatch(lock, /"resolved": "\w+:/)
    const entries = Object.entries<LockEntry>(JSON.parse(lock).packages).map(([path, entry]) => ({ ...entry, path }))
    const real = entries.filter(
      ({ path, link }) => /\/(webgpu|gl)$/.test(path) && !link && !path.startsWith('tools/absent/')
    )
    const scripts = entries.filter(
      ({ path, hasInstallScript }) => hasInstallScript && allowScripts[basename(path)] !== false
    )
    const deprecated = entries.filter(entry => entry.deprecated)
    assert.deepEqual([...real, ...scripts, ...deprecated], [])
  }
)

await checks.check('npm pack', () => {
  run('npm', ['pack', '--pack-destination', work], root)
  tarball = join(work, readdirSync(work).find(name => name.endsWith('.tgz'))!)
  return `${(statSync(tarball).size / 1e6).toFixed(1)} MB`
})

await checks.check(`installs in less than ${mostSeconds} s`, () => {
  run('npm', ['init', '-y'])
  const start = performance.now()
  run('npm', ['install', tarball])
  const seconds = (performance.now() - start) / 1000
  assert.ok(seconds < mostSeconds, `${seconds} s`)
  return `${seconds.toFixed(1)} s`
})

await checks.check(`is smaller than ${mostMegabytes} MB`, () => {
  const sizes = files().map(name => statSync(join(folder, 'node_modules', name)))
  const megabytes = sizes.reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0) / 1e6
  assert.ok(megabytes < mostMegabytes, `${megabytes} MB`)
  return `${megabytes.toFixed(1)} MB in ${sizes.filter(stat => stat.isFile()).length} files`
})

function nothingNative() {
  const native = files().filter(name =>
    /(^|\/)node_modules\/(webgpu|gl)$|^(webgpu|gl)$|\.(node|so|dylib|dll|o|a)$/.test(name)
  )
  assert.deepEqual(native, [])
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'))
  const entries = Object.entries<LockEntry>(lock.packages)
  assert.deepEqual(
    entries.filter(([name, entry]) => entry.hasInstallScript || entry.deprecated || /\/(webgpu|gl)$/.test(name)),
    []
  )
  return `${entries.length - 1} packages`
}
await checks.check('no webgpu, no gl, nothing compiled, no install script', nothingNative)

await checks.check('the same after npm ci from its lock file', () => {
  run('npm', ['ci'])
  return nothingNative()
})

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.keys(exports).filter(name => exports[name].default ?? exports[name].node)
await checks.check('every entry can be imported', () => {
  runModule('entries.mjs', entries.map(name => `await import('${join('physgrad', name)}')`).join('\n'))
  return entries.map(name => join('physgrad', name)).join(', ')
})

await checks.check('gpu.js inside the package runs a kernel', () => {
  const out = runModule(
    'gpu.mjs',
    `import { createRequire } from 'node:module'
     const { GPU } = createRequire(import.meta.resolve('physgrad'))('gpu.js')
     const double = new GPU({ mode: 'cpu' }).createKernel('function (x) { return 2 * x[this.thread.x] }').setOutput([3])
     console.log(double([1, 2, 3]).join(), new GPU().mode)`
  )
  assert.match(out, /^2,4,6 /)
  return `the mode that it chooses by itself: ${out.trim().split(' ')[1]}`
})

await checks.check("the README's program runs, and prints what the README says", async () => {
  const { text, language } = fromReadme('program')
  const { code } = await transform(text, { loader: language as 'ts' | 'js' })
  assert.equal(runModule('program.mjs', code).trim(), fromReadme('output').text.trim())
})

await checks.check("the README's program passes the type checker", () => {
  writeFileSync(join(folder, 'program.ts'), fromReadme('program').text)
  const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, types: [] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  node(join(root, 'node_modules/typescript/bin/tsc'), '-p', folder)
})

await checks.check('the command line explains, lists and checks', () => {
  const { out } = npx('explain', 'sin')
  assert.match(out, /^sin +ops\/elementwise\n\n {2}y = sin x\n/)
  assert.ok(JSON.parse(npx('ops', '--json').out).length > 50)
  assert.match(npx('check', 'sin', 'l2').out, /2 operators, \d+ checks: all passed/)
  assert.match(npx().out, /^Usage: physgrad /)
  assert.match(npx('list').out, /^heat +learning/m)
  assert.match(
    npx('sweep', 'heat', '--batch', '2,4', '--print').out,
    /^node \S*physgrad\S* run heat --batch 2 --method SIP /
  )
})

await checks.check('an experiment says in one sentence what the installed package leaves out', () => {
  const command = join(folder, 'node_modules/.bin/physgrad')
  const { status, stdout, stderr } = spawnSync(command, ['run', 'comparison', '--quick'], {
    cwd: folder,
    env,
    encoding: 'utf8'
  })
  assert.equal(status, 1)
  assert.equal(stdout, '')
  assert.match(
    stderr,
    /^Error: experiments need cli-progress, .* which the installed package leaves out\. .*npm start\.\n$/
  )
})

await checks.check('the walkthrough of an own operator: compiles, runs, and prints what it says', () => {
  const steps = walkthrough(pathToFileURL(root))
  const names = steps.map(({ kind, path }, i) => (kind === 'file' ? basename(path!) : `step${i}.ts`))
  const programs = names.filter((_, i) => steps[i].kind !== 'command')
  steps.forEach(({ kind, text }, i) => {
    if (kind !== 'command') writeFileSync(join(folder, names[i]), text)
  })
  const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, types: [] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: programs }))
  run('npm', ['pkg', 'set', 'type=module'])
  node(join(root, 'node_modules/typescript/bin/tsc'), '-p', folder)
  steps.forEach(({ kind, text, output }, i) => {
    if (kind === 'file') return
    const { out } = kind === 'program' ? node(names[i].replace(/ts$/, 'js')) : npx(...text.split(' ').slice(2))
    assert.equal(timeless(out), timeless(output!))
  })
  return `${steps.length} steps`
})

rmSync(work, { recursive: true, force: true })
checks.end()
