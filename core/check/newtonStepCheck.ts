import { eigh } from '../linalg/eigh.js'
import type { Example, Op } from '../op.js'
import type { Random } from '../random.js'
import { onesLike, zerosLike } from '../tensor.js'
import { cotangents, flat, type Many, minus, norm, probe, relative, siteOf, tangents } from './probe.js'
import { type CheckOptions, type CheckRow, finish, guarded, judge, skipped } from './row.js'
import { TOLERANCE } from './tolerances.js'

/**
 * The Newton step of a loss: y + η Δy with Δy = -|H|⁺ g of Σ L, or, where H says nothing (L1), the minimum: at η = 1 the
 * gradient or the loss itself vanishes. And it grows with η in proportion.
 */
export function newtonStepCheck(op: Op, example: Example, _random: Random, options?: CheckOptions): CheckRow[] {
  if (!op.newtonStep) return []
  const p = probe(op, example)
  const rows = guarded('newton step', p.label, () => {
    const [y] = p.xs
    const site = siteOf(p)
    if (y.size === 0) return [skipped('newton step', p.label, 'empty')]
    const step = (eta: number) => minus(op.newtonStep!(site, eta).value.data, y.data)
    const gradient: Many = ins => cotangents(q => [p.f(q)], ins, [0], [onesLike(site.out)])
    const full = step(1)
    const there = p.xs.map((x, i) => (i === 0 ? op.newtonStep!(site, 1).value : x))
    const g = flat(gradient(p.xs))
    const still = Math.min(norm(flat(gradient(there))) / (norm(g) || 1), norm(p.f(there).data) / norm(site.out.data))
    const said = p.smooth ? direction(y.size, g, column) : undefined
    const newton = said ? relative(full, said) : Number.POSITIVE_INFINITY
    function column(j: number): Float64Array {
      const e = zerosLike(y)
      e.data[j] = 1
      return flat(tangents(gradient, p.xs, [0], [e]))
    }
    const half = step(0.5)
    return [
      judge('newton step', p.label, Math.min(newton, still), TOLERANCE.newtonStep),
      judge(
        'newton step in η',
        p.label,
        relative(
          half,
          full.map(v => v / 2)
        ),
        TOLERANCE.newtonStep
      )
    ]
  })
  return finish(op.name, rows, options)
}

/** -|H|⁺ g, eigenvalues below 1e-10 of the largest left out. */
function direction(n: number, g: Float64Array, column: (j: number) => Float64Array): Float64Array | undefined {
  const H = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    column(j).forEach((v, i) => {
      H[i * n + j] = v
    })
  const { values, vectors } = eigh(H, n)
  const largest = Math.max(...Array.from(values, Math.abs))
  const d = new Float64Array(n)
  // Without any curvature there is no Newton step to compare with.
  if (largest === 0) return undefined
  for (let k = 0; k < n; k++) {
    const v = Math.abs(values[k])
    if (!(v > 1e-10 * largest)) continue
    let c = 0
    for (let i = 0; i < n; i++) c += vectors[i * n + k] * g[i]
    for (let i = 0; i < n; i++) d[i] -= (c / v) * vectors[i * n + k]
  }
  return d
}
