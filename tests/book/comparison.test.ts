import t from 'tap'
import { hessian, jacobian, type Tensor, valueAndGrad } from '../../core/index.js'
import { alignment, L, P, path, start } from '../../experiments/comparison.js'
import { golden, relativeError } from '../golden.js'

const g = golden('comparison')

t.test('loss, gradients and second derivatives at (3, 3)', async t => {
  const x = start()
  const f = (u: Tensor) => L(P(u))
  const { value, grad } = valueAndGrad(f)(x)
  t.equal(value.item(), g.loss_x_33)
  t.same(grad.toArray(), g.grad_x_33)
  t.same(jacobian(P)(x).J.toArray(), g.jac_y_33)
  t.same(valueAndGrad(L)(P(x)).grad.toArray(), g.grad_y_33)
  t.same(hessian(f)(x).toArray(), g.hess_x_33)
})

t.test('paths of GD, Newton and PG', async t => {
  // The same formulas in float64: ten steps of rounding.
  for (const [name, key] of [
    ['GD', 'gd'],
    ['Newton', 'newton'],
    ['PG', 'pg']
  ])
    t.ok(
      relativeError(
        path(name, 10).map(x => x.toArray()),
        g[key]
      ) < 1e-14,
      name
    )
})

t.test('the published values, which are float32', async t => {
  for (const [name, key] of [
    ['GD', 'gd_final'],
    ['Newton', 'newton_final'],
    ['PG', 'pg_final']
  ]) {
    const last = path(name, 10)[10]
    g.reported[key].forEach((v: number, i: number) => {
      t.ok(Math.abs(last.data[i] - v) < 3e-7, `${name} ${last.data[i]} ${v}`)
    })
  }
  ;['GD', 'Newton', 'PG'].forEach((name, i) => {
    const [a, b] = path(name, 1)
    t.ok(Math.abs(alignment(a, b) - g.reported.diag[i]) < 3e-6, name)
    t.ok(Math.abs(alignment(a, b) - g.diag[['gd', 'newton', 'pg'][i]]) < 1e-14, name)
  })
})

t.test('the numerical inverse lands on the analytic one', async t => {
  const [exact, numerical] = [path('PG', 10), path('PG numerical', 10)]
  exact.forEach((x, k) => {
    x.data.forEach((v, i) => {
      t.ok(Math.abs(v - numerical[k].data[i]) < 1e-9, `step ${k}: ${v} ${numerical[k].data[i]}`)
    })
  })
  // Nearer to the analytic inverse than scipy's stopping rule left the reference.
  const apart = exact.flatMap((x, k) => Array.from(x.data, (v, i) => Math.abs(v - numerical[k].data[i])))
  t.ok(apart.reduce((s, v) => s + v, 0) / apart.length < g.mae_pg_vs_bfgs)
})
