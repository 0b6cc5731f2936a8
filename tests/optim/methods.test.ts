import t from 'tap'
import { type Tensor, tensor, valueAndGrad } from '../../core/index.js'
import { add, at, mul, square } from '../../ops/index.js'
import { adam, type Optimizer, partialInverse, sgd } from '../../optim/index.js'
import { golden, relativeError } from '../golden.js'

/** L = .5a² + 5b² + .05c⁴ + .3ab */
const loss = (x: Tensor) => {
  const [a, b, c] = [at(x, 0), at(x, 1), at(x, 2)]
  return add(add(mul(square(a), 0.5), mul(square(b), 5)), add(mul(square(square(c)), 0.05), mul(mul(a, b), 0.3)))
}

t.test('optimizer traces of PyTorch and Keras', async t => {
  const g = golden('optimizer_traces')
  const methods: Record<string, Optimizer<Tensor, any>> = {
    sgd_lr0p05: sgd({ lr: 0.05 }),
    sgd_mom0p9_lr0p02: sgd({ lr: 0.02, momentum: 0.9 }),
    sgd_nesterov_lr0p02: sgd({ lr: 0.02, momentum: 0.9, nesterov: true }),
    adam_lr0p1_eps1em8: adam({ lr: 0.1, eps: 1e-8 }),
    adam_lr0p001_eps1em7: adam({ lr: 0.001, eps: 1e-7 }),
    keras_adam: adam({ lr: 0.1, eps: 1e-7, epsilonHat: true })
  }
  for (const [name, method] of Object.entries(methods)) {
    let theta = tensor([1, -2, 3])
    let state = method.init(theta)
    const path = [theta.toArray()]
    const { grads, losses, params } = g[name]
    for (let k = 0; k < 12; k++) {
      const { value, grad } = valueAndGrad(loss)(theta)
      if (losses) t.ok(Math.abs(value.item() - losses[k]) < 1e-13 * losses[0], `${name} loss ${k}`)
      if (grads) t.ok(relativeError(grad, grads[k]) < 1e-12, `${name} gradient ${k}`)
      ;({ theta, state } = method.step(theta, grad, state))
      path.push(theta.toArray())
    }
    // Twelve steps; only rounding of the same formula in another order.
    t.ok(relativeError(path, params) < 1e-14, `${name} ${relativeError(path, params)}`)
  }
})

t.test('partial inverse against LAPACK', async t => {
  for (const c of golden('half_inverse').cases) {
    const J = tensor([c.matrix])
    const { delta, report } = partialInverse(J, tensor([c.rhs]), { kappa: -c.kappa, truncation: c.rcond })
    t.equal(report.kept, c.kept, c.name)
    t.ok(relativeError(tensor(report.singularValues), c.singular_values) < 1e-14, c.name)
    // The error of V s^κ Uᵀ g is rounding times the ratio of the largest to the smallest singular value kept.
    const condition = c.singular_values[0] / c.singular_values[c.kept - 1]
    t.ok(relativeError(delta, c.result_times_rhs) < 1e-14 * Math.max(10, condition), `${c.name} κ ${c.kappa}`)
  }
})

t.test('the velocity is an array of its own: the gradient may be written over', async t => {
  const method = sgd({ lr: 0.1, momentum: 0.9 })
  const g = tensor([1, 1])
  const { state } = method.step(tensor([0, 0]), g, method.init(g))
  g.data.fill(99)
  t.same(state.velocity!.toArray(), [1, 1])
})
