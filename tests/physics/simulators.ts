import type { Test } from 'tap'
import { dotCheck, firstOrderCheck, inverseCheck } from '../../core/check/index.js'
import { exponent } from '../../core/check/probe.js'
import { type Example, type Op, type Random, random, type Shape, Tensor } from '../../core/index.js'

/** f at the grid points of a field [n1 … nd], cell i of axis a at i dx_a; `from` moves the first cell. */
export function field(cells: Shape, dx: readonly number[], f: (...x: number[]) => number, from = 0): Tensor {
  const n = cells.reduce((a, b) => a * b, 1)
  const data = new Float64Array(n)
  for (let c = 0; c < n; c++) {
    const x = new Array<number>(cells.length)
    for (let axis = cells.length - 1, rest = c; axis >= 0; axis--) {
      x[axis] = ((rest % cells[axis]) + from) * dx[axis]
      rest = Math.floor(rest / cells[axis])
    }
    data[c] = f(...x)
  }
  return new Tensor(cells, data)
}

/** √mean (a - b)² */
export const distance = (a: Tensor, b: Tensor): number => {
  let sum = 0
  for (let i = 0; i < a.size; i++) sum += (a.data[i] - b.data[i]) ** 2
  return Math.sqrt(sum / a.size)
}

export const largest = (t: Tensor): number => (t.data as Float64Array).reduce((m, v) => Math.max(m, Math.abs(v)), 0)

/** The exponent with which an error falls when n grows, printed. */
export function order(t: Test, name: string, sizes: readonly number[], error: (n: number) => number): number {
  const errors = sizes.map(error)
  const slope = -exponent(sizes, errors)
  t.comment(
    `${name}: ${errors.map(e => e.toExponential(2)).join(', ')} for ${sizes.join(', ')}; order ${slope.toFixed(2)}`
  )
  return slope
}

/** The laws of the operator's inverse at ten random points. */
export function laws(t: Test, op: Op, example: (r: Random) => Example): void {
  for (let k = 0; k < 10; k++) {
    const r = random(`${op.name} ${k}`)
    const rows = inverseCheck(op, example(r.split('point')), r)
    const judged = rows.filter(row => row.tolerance > 0)
    t.ok(judged.length > 0 && rows.every(row => row.passed), `${op.name}, point ${k}: ${judged.length} laws`, {
      diagnostic: !rows.every(row => row.passed),
      bad: rows.filter(row => !row.passed)
    })
  }
}

/** Tangent against finite differences, and adjoint against tangent to 1e-10, of a long simulation. */
export function derivatives(t: Test, name: string, f: (...xs: Tensor[]) => Tensor, inputs: readonly Tensor[]): void {
  const r = random(name)
  for (const [check, limit] of [
    [firstOrderCheck, 1e-8],
    [dotCheck, 1e-10]
  ] as const)
    for (const row of check(f, { inputs }, r))
      t.ok(row.error <= limit, `${name}, ${row.check}: ${row.error.toExponential(1)}`)
}
