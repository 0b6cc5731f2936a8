import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { matmul } from '../../core/backends/kernels.js'
import { useRelaxed } from '../../core/backends/relaxed/index.js'
import { bytes } from '../../core/backends/wasm/bytes.js'
import { bytes as relaxedBytes } from '../../core/backends/wasm/relaxedBytes.js'
import { backends, withBackend } from '../../core/index.js'
import { numbers, TOLERANCE } from './kernelFuzz.js'

/** Where the engine has relaxed SIMD behind a flag: V8 11.3 of Node 20. */
const flags = process.version.startsWith('v20.') ? ['--experimental-wasm-relaxed-simd'] : []

const row = () => backends().find(b => b.name === 'relaxed')

t.test('where nobody asked, or the engine has none', t => {
  const [n, a] = [40, numbers(1600, 'f32')]
  const product = () => {
    const c = new Float32Array(n * n)
    matmul(a, 0, a, 0, c, 0, n, n, n, false, true, false)
    return c
  }
  t.match(row(), { available: false, reason: /nobody asked.*useRelaxed\(\)/ })
  const { validate } = WebAssembly
  t.teardown(() => {
    WebAssembly.validate = validate
  })
  // A Node with relaxed SIMD is taken for one without it here.
  if (flags.length === 0) WebAssembly.validate = () => false
  t.throws(useRelaxed, { code: 'ERR_DEVICE', message: /useRelaxed: the engine has no relaxed SIMD\..*wasm/ })
  t.match(row(), { available: false, reason: 'the engine has no relaxed SIMD' })
  t.same(withBackend('relaxed', product), withBackend('wasm', product), 'it computes on wasm')
  t.end()
})

t.test('where the engine has it', async t => {
  const program = fileURLToPath(new URL('relaxedProgram.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, program], { timeout: 300_000 })
  const { fused, row, zeros, workersBefore, compared, errors, profiled } = JSON.parse(stdout)
  t.match(row, { name: 'relaxed', available: true })
  t.ok(zeros && workersBefore > 0, 'a team was at work before')
  for (const dtype of ['f32', 'f64'] as const) {
    const { same, other, again } = compared[dtype]
    t.same(same, [true, true, true, true], `${dtype}: 1, 2 and 3 threads give the same bits`)
    t.same(other, [fused, fused, fused, fused], `${dtype}: other bits than wasm, where products are fused`)
    t.ok(again, `${dtype}: each build gives its bits again after the other`)
    t.ok(errors.matmul[dtype] <= TOLERANCE[dtype], `matmul ${dtype}: ${errors.matmul[dtype]}`)
    for (const [name, e] of Object.entries<number>(errors.convolution[dtype]))
      t.ok(e <= TOLERANCE[dtype], `${name} ${dtype}: ${e}`)
  }
  for (const [name, e] of Object.entries<number>(errors.winograd.worst))
    t.ok(e <= TOLERANCE.f32, `Winograd's ${name}: ${e}`)
  t.equal(errors.winograd.outside, 0, 'no entry beyond the bound')
  t.same(profiled, ['relaxed', 'wasm'], 'a profile tells the builds apart')
})

t.test('the kernels are small', t => {
  for (const [name, code] of Object.entries({ bytes, relaxedBytes })) {
    const { length } = Buffer.from(code, 'base64')
    t.ok(length < 60_000, `${name}: ${length}`)
  }
  t.end()
})
