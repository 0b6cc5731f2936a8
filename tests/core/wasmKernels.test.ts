import t from 'tap'
import { backends, withBackend } from '../../core/backends/choice.js'
import { matmul } from '../../core/backends/kernels.js'
import { convolutionErrors, matmulError, numbers, TOLERANCE, winogradErrors } from './kernelFuzz.js'

const CASES = 2000

t.same(
  backends().flatMap(b => (b.available ? b.name : [])),
  ['plain', 'wasm'],
  'both backends run here, and nothing that nobody asked for'
)

for (const dtype of ['f64', 'f32'] as const) {
  t.test(`matmul ${dtype}`, t => {
    const worst = matmulError(dtype, CASES)
    t.ok(worst <= TOLERANCE[dtype], `${CASES} products, offsets, transposed, accumulated: ${worst}`)
    t.end()
  })

  t.test(`convolution ${dtype}`, t => {
    for (const [name, e] of Object.entries(convolutionErrors(dtype, CASES)))
      t.ok(e <= TOLERANCE[dtype], `${CASES} geometries, ${name}: ${e}`)
    t.end()
  })
}

t.test("Winograd's convolutions", t => {
  const { worst, outside } = winogradErrors(CASES, 200)
  for (const [name, e] of Object.entries(worst)) t.ok(e <= TOLERANCE.f32, `${CASES} geometries, ${name}: ${e}`)
  t.equal(outside, 0, 'no entry is off by more than the bound that was derived')
  t.end()
})

t.test('withBackend forces one, and puts the choice back', t => {
  const [n, a] = [40, numbers(1600, 'f32')]
  const product = () => {
    const c = new Float32Array(n * n)
    matmul(a, 0, a, 0, c, 0, n, n, n, false, true, false)
    return c
  }
  const [plain, wasm] = [withBackend('plain', product), withBackend('wasm', product)]
  t.notSame(plain, wasm, 'f32 sums differ in the last bits')
  t.same(product(), wasm, 'a large product goes to WebAssembly by itself')
  t.same(withBackend('wasm', product), wasm, 'the same bits again')
  t.throws(() =>
    withBackend('plain', () => {
      throw new Error('inside')
    })
  )
  t.same(product(), wasm, 'an error inside changes nothing')
  t.throws(() => withBackend('cuda' as 'plain', product), { code: 'ERR_OPTION' })
  t.end()
})
