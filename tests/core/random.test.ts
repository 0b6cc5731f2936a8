import t from 'tap'
import { OptionError } from '../../core/errors.js'
import { Random, random } from '../../core/random.js'

const RECORDED = {
  next: [0.21676823887351615, 0.7016673896435932, 0.7810428121601481],
  normal: [-0.9819821361143977, 0.6991933859366625, 1.2260038465682133],
  split: [-0.18921736569906833, -0.7045199866919833, 0.767809357086821],
  integers: [116, 528, 448, 114, 190, 76, 850, 423],
  permutation: [6, 3, 7, 2, 0, 5, 1, 4]
}

const mean = (a: ArrayLike<number>) => Array.from(a).reduce((s, v) => s + v, 0) / a.length
const moment = (a: ArrayLike<number>, p: number, center = 0) => mean(Array.from(a, v => (v - center) ** p))
function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ma, mb] = [mean(a), mean(b)]
  return mean(Array.from(a, (v, i) => (v - ma) * (b[i] - mb))) / Math.sqrt(moment(a, 2, ma) * moment(b, 2, mb))
}
/** Σ (observed - expected)² / expected: for d = bins - 1 >> 1 about normal with mean d and deviation √(2d). */
function chiSquareInSigmas(counts: number[], expected: number): number {
  const d = counts.length - 1
  return (counts.reduce((s, c) => s + (c - expected) ** 2 / expected, 0) - d) / Math.sqrt(2 * d)
}

const N = 200_000
// All bounds below are five standard errors: the streams are fixed, so these tests pass always or never.

t.test('recorded values: a change of stream must not go unnoticed', async t => {
  const r = random(0)
  t.same([r.next(), r.next(), r.next()], RECORDED.next)
  t.same([...random(0).normal([3]).data], RECORDED.normal)
  t.same([...random(0).split('net').uniform([3], -1, 1).data], RECORDED.split)
  t.same([...random('heat').integers([8], 0, 1000).data], RECORDED.integers)
  t.same([...random(0).permutation(8)], RECORDED.permutation)
})

t.test('uniform: moments and bins', async t => {
  const { data, shape } = random(1).uniform([N / 4, 4])
  t.same(shape, [N / 4, 4])
  t.ok(data.every(v => v >= 0 && v < 1))
  t.ok(Math.abs(mean(data) - 1 / 2) < 5 * Math.sqrt(1 / 12 / N), 'mean')
  t.ok(Math.abs(moment(data, 2, 0.5) - 1 / 12) < 5 * Math.sqrt(1 / 180 / N), 'variance')
  for (const bins of [64, 1000]) {
    const counts = new Array(bins).fill(0)
    for (const v of data) counts[Math.floor(v * bins)]++
    t.ok(Math.abs(chiSquareInSigmas(counts, N / bins)) < 5, `chi-square of ${bins} bins`)
  }
  const pairs = new Array(256).fill(0)
  for (let i = 0; i < N; i += 2) pairs[16 * Math.floor(16 * data[i]) + Math.floor(16 * data[i + 1])]++
  t.ok(Math.abs(chiSquareInSigmas(pairs, N / 512)) < 5, 'chi-square of neighbours')
  const low = new Array(256).fill(0)
  for (const v of data) low[(v * 2 ** 53) % 256]++
  t.ok(Math.abs(chiSquareInSigmas(low, N / 256)) < 5, 'the last eight bits')
  const shifted = random(2).uniform([1000], -3, -2).data
  t.ok(shifted.every(v => v >= -3 && v < -2))
})

t.test('normal: moments and tails', async t => {
  const { data } = random(3).normal([N])
  t.ok(Math.abs(mean(data)) < 5 / Math.sqrt(N), 'mean')
  t.ok(Math.abs(moment(data, 2) - 1) < 5 * Math.sqrt(2 / N), 'variance')
  t.ok(Math.abs(moment(data, 3)) < 5 * Math.sqrt(15 / N), 'skewness')
  t.ok(Math.abs(moment(data, 4) - 3) < 5 * Math.sqrt(96 / N), 'kurtosis')
  for (const [z, share] of [
    [1, 0.3173105],
    [2, 0.0455003],
    [3, 0.0026998]
  ]) {
    const beyond = data.filter(v => Math.abs(v) > z).length / N
    t.ok(Math.abs(beyond - share) < 5 * Math.sqrt(share / N), `beyond ${z} standard deviations`)
  }
  t.ok(
    Math.abs(
      correlation(
        data.filter((_, i) => i % 2 === 0),
        data.filter((_, i) => i % 2 === 1)
      )
    ) <
      5 / Math.sqrt(N / 2),
    'the two of a pair'
  )
  const scaled = random(3).normal([N], 10, 2).data
  t.ok(
    scaled.every((v, i) => Math.abs(v - (10 + 2 * data[i])) < 1e-12),
    'mean and deviation'
  )
  t.equal(random(3).normal([5]).data.length, 5, 'odd counts')
  t.equal(random(3).normal([]).data.length, 1, 'a scalar')
  t.equal(random(3).normal([0, 3]).data.length, 0, 'nothing')
})

t.test('integers: unbiased, high exclusive', async t => {
  const counts = new Array(7).fill(0)
  for (const v of random(4).integers([N], -3, 4).data) counts[v + 3]++
  t.ok(Math.abs(chiSquareInSigmas(counts, N / 7)) < 5)
  // With range 3/4 · 2⁵³, plain remainders would give the lower third twice the share of the others.
  const range = 0.75 * 2 ** 53
  const r = random(5)
  const lower = Array.from({ length: 20000 }, () => r.integer(0, range)).filter(v => v < range / 3).length / 20000
  t.ok(Math.abs(lower - 1 / 3) < 5 * Math.sqrt(2 / 9 / 20000), 'no remainder bias')
  t.same([...random(6).integers([4], 5, 6).data], [5, 5, 5, 5])
  t.throws(() => random(6).integers([1], 2, 2), OptionError)
  t.throws(() => random(6).integers([1], 0, 2.5), OptionError)
})

t.test('permutation: each one equally likely', async t => {
  const r = random(7)
  t.same(
    [...r.permutation(100)].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i)
  )
  t.same([...r.permutation(0)], [])
  const counts = new Map<string, number>()
  for (let i = 0; i < 24000; i++) {
    const key = r.permutation(4).join('')
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  t.equal(counts.size, 24)
  t.ok(Math.abs(chiSquareInSigmas([...counts.values()], 1000)) < 5)
})

t.test('split: independent, and only of seed and name', async t => {
  const parent = random(8)
  const before = parent.split('a').uniform([4]).data
  parent.normal([1000])
  t.same(parent.split('a').uniform([4]).data, before, 'not of what was drawn')
  const streams = [
    random(8),
    random(9),
    random('8'),
    parent.split('a'),
    parent.split('b'),
    parent.split('a').split('b'),
    parent.split('b').split('a'),
    random(-8),
    random(8.5)
  ]
  const drawn = streams.map(s => s.uniform([20000]).data)
  for (let i = 0; i < drawn.length; i++) {
    for (let j = 0; j < i; j++)
      t.ok(
        Math.abs(correlation(drawn[i], drawn[j])) < 5 / Math.sqrt(20000),
        `${streams[i].path} against ${streams[j].path}`
      )
  }
  t.not(random(0).split('a/b').next(), random(0).split('a').split('b').next(), 'a name with a slash is not two names')
  t.not(random(0).split('a"/"b').next(), random(0).split('a').split('b').next(), 'nor one with quotes')
  const firsts = Float64Array.from({ length: N / 10 }, (_, i) => random(i).next())
  t.equal(new Set(firsts).size, firsts.length, 'seeds 0, 1, 2, ... all differ')
  const counts = new Array(64).fill(0)
  for (const v of firsts) counts[Math.floor(v * 64)]++
  t.ok(Math.abs(chiSquareInSigmas(counts, N / 640)) < 5, 'first numbers of neighbouring seeds are uniform')
  t.ok(Math.abs(correlation(firsts.subarray(1), firsts.subarray(0, -1))) < 5 / Math.sqrt(N / 10), 'and uncorrelated')
})

t.test('state: a run can be resumed exactly', async t => {
  const r = random(10).split('data')
  r.normal([7])
  const state = JSON.parse(JSON.stringify(r.state))
  const ahead = r.uniform([10]).data
  t.same(Random.restore(state).uniform([10]).data, ahead, 'in a new stream')
  t.same(Random.restore(state).split('x').next(), r.split('x').next(), 'which splits alike')
  r.restore(state)
  t.same(r.uniform([10]).data, ahead, 'in place')
  t.throws(() => random(11).restore(state), /is of stream/)
  t.throws(() => Random.restore({ path: '#0', words: [0, 0, 0, 0] }), OptionError)
})

t.test('dtype', async t => {
  const [wide, narrow] = (['f64', 'f32'] as const).map(dtype => random(12).normal([100], 0, 1, { dtype }).data)
  t.ok(wide instanceof Float64Array && narrow instanceof Float32Array)
  t.same([...narrow], Array.from(wide, Math.fround), 'the same numbers, rounded')
  const uniform = random(12).uniform([100000], 0, 1 + 2 ** -23, { dtype: 'f32' }).data
  t.ok(
    uniform.every(v => v < 1 + 2 ** -23),
    'high stays excluded after rounding'
  )
  t.throws(() => random(Number.NaN), OptionError)
})

t.test('restore refuses what is no state', async t => {
  const { path, words } = random(1).state
  for (const state of [{ path, words: ['a', 'b', 'c', 'd'] }, { path, words: [1, 2, 3, Number.NaN] }, { words }, null])
    t.throws(() => Random.restore(state as never), OptionError)
})
