import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fft2, fftAlong, fftfreq } from '../../core/backends/plain/fft.js'

// Errors are relative to the largest entry of the expected transform. 1e-13 is some 450 units of rounding; the error
// of an FFT grows like log n, and Bluestein does three of them.
const TOLERANCE = 1e-13

interface Complex<T> {
  re: T
  im: T
}
const golden = JSON.parse(readFileSync(join(process.cwd(), 'tests/golden/fft.json'), 'utf8'))

let seed = 1
/** A small generator of its own, so that these tests hang on nothing else. */
function noise(n: number): Float64Array {
  return Float64Array.from({ length: n }, () => (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5)
}

function relativeError(actual: Complex<ArrayLike<number>>, expected: Complex<ArrayLike<number>>): number {
  let error = 0
  let size = 0
  for (let i = 0; i < expected.re.length; i++) {
    error = Math.max(error, Math.abs(actual.re[i] - expected.re[i]), Math.abs(actual.im[i] - expected.im[i]))
    size = Math.max(size, Math.abs(expected.re[i]), Math.abs(expected.im[i]))
  }
  return error / size
}

function naive(x: Complex<Float64Array>, inverse: boolean): Complex<Float64Array> {
  const n = x.re.length
  const out = { re: new Float64Array(n), im: new Float64Array(n) }
  for (let k = 0; k < n; k++) {
    for (let j = 0; j < n; j++) {
      const angle = ((inverse ? 2 : -2) * Math.PI * ((j * k) % n)) / n
      out.re[k] += x.re[j] * Math.cos(angle) - x.im[j] * Math.sin(angle)
      out.im[k] += x.re[j] * Math.sin(angle) + x.im[j] * Math.cos(angle)
    }
    if (inverse) {
      out.re[k] /= n
      out.im[k] /= n
    }
  }
  return out
}

const flat = (x: Complex<number[][]>) => ({ re: Float64Array.from(x.re.flat()), im: Float64Array.from(x.im.flat()) })

t.test('agrees with numpy in one dimension', async t => {
  for (const { n, input, fft, ifft } of golden.cases) {
    for (const [expected, inverse] of [
      [fft, false],
      [ifft, true]
    ]) {
      const x = { re: Float64Array.from(input.re as number[]), im: Float64Array.from(input.im as number[]) }
      fftAlong(x.re, x.im, 1, n, 1, inverse)
      t.ok(relativeError(x, expected) < TOLERANCE, `n = ${n}, ${inverse ? 'inverse' : 'forward'}`)
    }
  }
})

t.test('agrees with numpy in two dimensions', async t => {
  for (const [name, inverse] of [
    ['fft2', false],
    ['ifft2', true]
  ] as const) {
    const x = flat(golden.fft2.input)
    fft2(x.re, x.im, 1, golden.fft2.input.re.length, golden.fft2.input.re[0].length, inverse)
    t.ok(relativeError(x, flat(golden.fft2[name])) < TOLERANCE, name)
  }
  const { input, fft2: expected } = golden.real2d
  const re = Float64Array.from(input.flat() as number[])
  const im = new Float64Array(re.length)
  fft2(re, im, 1, input.length, input[0].length, false)
  t.ok(relativeError({ re, im }, flat(expected)) < TOLERANCE, 'real input')
})

t.test('agrees with the definition for n = 1 ... 40 and some larger lengths', async t => {
  let worst = 0
  for (const n of [
    ...Array.from({ length: 40 }, (_, i) => i + 1),
    63,
    97,
    100,
    128,
    130,
    211,
    256,
    509,
    529,
    644,
    1000,
    1536
  ]) {
    for (const inverse of [false, true]) {
      const x = { re: noise(n), im: noise(n) }
      const expected = naive(x, inverse)
      fftAlong(x.re, x.im, 1, n, 1, inverse)
      worst = Math.max(worst, relativeError(x, expected))
    }
  }
  t.ok(worst < TOLERANCE, `worst relative error ${worst}`)
})

t.test('any axis: transforms the middle one and only that', async t => {
  for (const [outer, n, inner] of [
    [2, 8, 3],
    [3, 7, 5],
    [1, 12, 4],
    [2, 1, 3]
  ]) {
    const x = { re: noise(outer * n * inner), im: noise(outer * n * inner) }
    const expected = { re: x.re.slice(), im: x.im.slice() }
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const at = Array.from({ length: n }, (_, j) => (o * n + j) * inner + i)
        const line = naive({ re: Float64Array.from(at, p => x.re[p]), im: Float64Array.from(at, p => x.im[p]) }, false)
        at.forEach((p, j) => {
          expected.re[p] = line.re[j]
          expected.im[p] = line.im[j]
        })
      }
    }
    fftAlong(x.re, x.im, outer, n, inner, false)
    t.ok(relativeError(x, expected) < TOLERANCE, `[${outer}, ${n}, ${inner}]`)
  }
})

t.test('the inverse undoes the transform, Parseval and linearity hold', async t => {
  for (const [planes, height, width] of [
    [4, 64, 64],
    [2, 16, 30],
    [3, 17, 32],
    [1, 1, 6],
    [1, 6, 1]
  ]) {
    const total = planes * height * width
    const x = { re: noise(total), im: noise(total) }
    const y = { re: noise(total), im: noise(total) }
    const z = { re: x.re.map((v, i) => 2 * v - 3 * y.re[i]), im: x.im.map((v, i) => 2 * v - 3 * y.im[i]) }
    const X = { re: x.re.slice(), im: x.im.slice() }
    for (const a of [X, y, z]) fft2(a.re, a.im, planes, height, width, false)
    const combined = { re: X.re.map((v, i) => 2 * v - 3 * y.re[i]), im: X.im.map((v, i) => 2 * v - 3 * y.im[i]) }
    t.ok(relativeError(z, combined) < TOLERANCE, `linear on [${planes}, ${height}, ${width}]`)
    const energy = (a: Complex<Float64Array>) => a.re.reduce((s, v, i) => s + v * v + a.im[i] * a.im[i], 0)
    t.ok(Math.abs(energy(X) / energy(x) / (height * width) - 1) < TOLERANCE, 'Parseval')
    fft2(X.re, X.im, planes, height, width, true)
    t.ok(relativeError(X, x) < TOLERANCE, 'inverse')
  }
})

t.test('fftfreq has numpy’s order and sign', async t => {
  for (const [n, expected] of Object.entries(golden.fftfreq)) t.same([...fftfreq(Number(n))], expected, `n = ${n}`)
  t.same([...fftfreq(4, 0.5)], [0, 0.5, -1, -0.5], 'spacing')
  t.same([...fftfreq(1)], [0])
})

t.test('misuse', async t => {
  t.throws(() => fftAlong(new Float64Array(6), new Float64Array(5), 1, 6, 1, false), /needs 6 entries/)
})
