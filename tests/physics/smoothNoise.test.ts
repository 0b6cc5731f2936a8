import t from 'tap'
import { random, tensor } from '../../core/index.js'
import { l1, sum } from '../../ops/index.js'
import { sineMap, sineMapDistance, smoothNoise } from '../../physics/index.js'

t.test('smoothNoise: mean 0, deviation 1, amplitudes like 1/k² down to the cut', async t => {
  const u = smoothNoise(random(0), 64, [64])
  t.same(u.shape, [64, 64])
  /** Power of the wave with `waves` periods over 64 cells, mean over the samples. */
  const power = (waves: number) => {
    let total = 0
    for (let b = 0; b < 64; b++) {
      let [re, im] = [0, 0]
      for (let i = 0; i < 64; i++) {
        re += u.data[b * 64 + i] * Math.cos((2 * Math.PI * waves * i) / 64)
        im += u.data[b * 64 + i] * Math.sin((2 * Math.PI * waves * i) / 64)
      }
      total += re * re + im * im
    }
    return total / 64
  }
  for (let b = 0; b < 64; b++) {
    const own = Array.from(u.data).slice(b * 64, (b + 1) * 64)
    t.ok(Math.abs(own.reduce((s, v) => s + v, 0)) < 1e-10)
    t.ok(Math.abs(own.reduce((s, v) => s + v * v, 0) / 64 - 1) < 1e-12)
  }
  // k = 10/64 waves: k² is .0244, .0977 and .2197 for 1, 2, 3 periods, and .1 is the cut.
  t.ok(power(2) < 1e-20, 'below the cut')
  t.ok(power(3) > 1)
  // 1/k⁴ in power: an octave is a factor 16; the scale of a sample and 64 draws leave some 30 %.
  const ratio = power(6) / power(12)
  t.ok(ratio > 10 && ratio < 25, `ratio ${ratio}`)
})

t.test('sineMapDistance: 0 at every solution, the distance beside it', async t => {
  for (const [xi, phi] of [
    [1, 15],
    [32, 45]
  ]) {
    const P = sineMap({ xi, phi })
    const [c, s] = [Math.cos((phi * Math.PI) / 180), Math.sin((phi * Math.PI) / 180)]
    const y = [0.3, -0.5]
    const solutions = [0, 1, -3].flatMap(n => [
      Math.asin(0.3) + 2 * Math.PI * n,
      Math.PI - Math.asin(0.3) + 2 * Math.PI * n
    ])
    const hats = solutions.map(a => [(a * xi) / 10, -0.5 / (10 * xi)])
    const back = ([a, b]: number[]) => [c * a + s * b, c * b - s * a]
    const goals = tensor(hats.map(() => y))
    const x = tensor(hats.map(back))
    t.ok(sum(l1(P(x), goals)).item() < 1e-11, 'they are solutions')
    t.ok(Math.max(...sineMapDistance(P, x, goals).data) < 1e-12)
    const moved = tensor(hats.map(([a, b]) => back([a + 0.003, b - 0.004])))
    for (const d of sineMapDistance(P, moved, goals).data) t.ok(Math.abs(d - 0.005) < 1e-12)
  }
})
