import t from 'tap'
import { random, Tape, type Tensor, targetSweep, tensor } from '../../core/index.js'
import {
  atanh,
  cast,
  complexDiv,
  complexMul,
  div,
  log,
  log1p,
  log2,
  log10,
  maximum,
  minimum,
  mul,
  pow,
  sub
} from '../../ops/index.js'

/** Targets that no number gives: rules stop at the last number with an output, and never end further away. */

function sweep(f: (x: Tensor) => Tensor, x: Tensor, target: Tensor, weight: Tensor | null = null) {
  using tape = new Tape()
  tape.watch(x)
  const y = tape.record(() => f(x))
  const { targets, report } = targetSweep(tape, [[y, { value: target, weight }]], [x])
  return { x: targets[0].value, report, rung: report.rungs[0].rung }
}

t.test('the nearest number with a finite output', async t => {
  const smallest = { f64: 5e-324, f32: 2 ** -149 }
  const belowOne = { f64: 1 - 2 ** -53, f32: 1 - 2 ** -24 }
  for (const dtype of ['f64', 'f32'] as const) {
    const of = (v: number) => cast(tensor([v]), dtype)
    const cases: [string, (x: Tensor) => Tensor, number, number, number][] = [
      ['log', log, 2, -800, smallest[dtype]],
      ['log2', log2, 2, -3000, smallest[dtype]],
      ['log10', log10, 2, -800, smallest[dtype]],
      ['log1p', log1p, 0.5, -800, -belowOne[dtype]],
      ['atanh', atanh, 0.1, 20, belowOne[dtype]],
      ['atanh', atanh, 0.1, -2000, -belowOne[dtype]],
      ['1 / x', x => div(1e-300, x), 2, dtype === 'f64' ? 1e308 : 1e38, Number.NaN]
    ]
    for (const [name, f, at, target, want] of cases) {
      const { x, report, rung } = sweep(f, of(at), of(target))
      if (!Number.isNaN(want)) t.equal(x.data[0], want, `${name} → ${target} in ${dtype}`)
      t.ok(Number.isFinite(f(x).data[0]), `${name} in ${dtype}: a finite output`)
      t.ok(report.mismatch[0] <= report.before[0], `${name} in ${dtype}: not further`)
      if (!Number.isNaN(want)) t.equal(rung, 'exact')
    }
    // Beside one that cannot be reached, an entry that can keeps its answer.
    const both = sweep(log, cast(tensor([2, 3]), dtype), cast(tensor([-800, 0]), dtype))
    t.same([...both.x.data], [smallest[dtype], 1], dtype)
  }
})

t.test('a broadcast input', async t => {
  const r = random(7)
  const pairs: [string, (a: Tensor, b: Tensor) => Tensor][] = [
    ['div', div],
    ['pow', pow],
    ['mul', mul],
    ['sub', sub],
    ['minimum', minimum],
    ['maximum', maximum]
  ]
  const large = r.uniform([2, 3], 0.3, 3)
  const small = r.uniform([2, 1], 0.3, 3)
  const z = r.uniform([3, 2, 2], 0.3, 3)
  const w = r.uniform([1, 2, 2], 0.3, 3)
  let held = 0
  for (let round = 0; round < 50; round++)
    for (const scale of [1, 100, 1e-3]) {
      for (const [name, f] of pairs)
        for (const left of [true, false]) {
          const g = (x: Tensor) => (left ? f(x, large) : f(large, x))
          const target = r.normal([2, 3], 0, scale)
          const weight = round % 2 ? r.uniform([2, 3], 0, 2) : null
          const { report } = sweep(g, small, target, weight)
          held++
          for (const [b, m] of report.mismatch.entries())
            if (!(m <= report.before[b] * (1 + 1e-9))) t.fail(`${name}: ${report.before[b]} → ${m}`)
        }
      for (const f of [complexMul, complexDiv])
        for (const g of [(x: Tensor) => f(z, x), (x: Tensor) => f(x, z)]) {
          const { report } = sweep(g, w, r.normal([3, 2, 2], 0, scale))
          held++
          const [m, before] = [Math.hypot(...report.mismatch), Math.hypot(...report.before)]
          if (!(m <= before * (1 + 1e-9))) t.fail(`${f.name || 'complex'}: ${before} → ${m}`)
        }
    }
  t.equal(held, 50 * 3 * (12 + 4), 'never further away')
})
