import t from 'tap'
import { random, type Tensor, tensor, zeros } from '../../core/index.js'
import { add, concat, l2, matmul, mul, slice, square, sub } from '../../ops/index.js'
import {
  adadelta,
  adagrad,
  adaHessian,
  adam,
  adamW,
  amsgrad,
  backtracking,
  bfgsMethod,
  dogleg,
  exponentialDecay,
  type Forward,
  gaussNewton,
  hessianFree,
  hig,
  inverseGradient,
  lbfgsMethod,
  levenbergMarquardt,
  newtonMethod,
  type Optimizer,
  rmsprop,
  type Search,
  saddleFreeNewton,
  sgd,
  sip,
  strongWolfe,
  train,
  truncatedNewton,
  withSearch
} from '../../optim/index.js'

/**
 * How many steps every method takes on two problems that are known to be hard, both ½|y|² of one sample y [1, K]:
 *
 *   valley  Rosenbrock's, y = (1 - a, 10 (b - a²)), from (-1.2, 1)
 *   stiff   y = A (x - 1) in 20 coupled unknowns, AᵀA with eigenvalues from 1 to 1e4, from 0
 */
const LIMIT = 1000
const n = 20

const lossOf = (y: Tensor): Forward => ({ loss: l2(y, zeros(y.shape)), y, x: y })
const valley = (theta: Tensor): Forward => {
  const x = add(zeros([1, 2]), theta)
  const [a, b] = [slice(x, -1, 0, 1), slice(x, -1, 1)]
  return { ...lossOf(concat([sub(1, a), mul(sub(b, square(a)), 10)], -1)), x }
}

/** A random orthonormal basis, by Gram-Schmidt. */
function orthonormal(): number[][] {
  const r = random(2)
  const Q: number[][] = []
  for (let k = 0; k < n; k++) {
    const v = [...r.normal([n]).data]
    for (const q of Q) {
      const c = q.reduce((s, x, i) => s + x * v[i], 0)
      for (let i = 0; i < n; i++) v[i] -= c * q[i]
    }
    const length = Math.hypot(...v)
    Q.push(v.map(x => x / length))
  }
  return Q
}
const Q = orthonormal()
const At = tensor(Q.map((_, i) => Q.map((q, k) => q[i] * 100 ** (k / (n - 1)))))
const stiff = (theta: Tensor): Forward => {
  const x = add(zeros([1, n]), theta)
  return { ...lossOf(matmul(sub(x, 1), At)), x }
}

const problems = [
  { model: valley, start: tensor([-1.2, 1]) },
  { model: stiff, start: zeros([n]) }
]

/** Steps until the loss has fallen to 1e-2 and to 1e-10 of its start; Infinity where LIMIT steps do not do. */
async function steps(problem: 0 | 1, method: Optimizer<any, any>): Promise<[number, number]> {
  const { model, start } = problems[problem]
  let first = 0
  let near = Number.POSITIVE_INFINITY
  const { step, status } = await train({
    theta: start,
    method,
    model,
    steps: LIMIT + 1,
    onStep: ({ loss, step }) => {
      if (step === 0) first = loss
      if (loss <= 1e-2 * first) near = Math.min(near, step)
      return loss <= 1e-10 * first ? 'stop' : ''
    }
  })
  return [near, status === 'stopped' ? step - 1 : Number.POSITIVE_INFINITY]
}

type Method = Optimizer<any, any>
const both = (m: Method): [Method, Method] => [m, m]
const searched = (m: Method, s: Search) => both(withSearch(m, s))
const inf = Number.POSITIVE_INFINITY

/** A method for each of the problems, and the steps that it took when this was written: to 1e-2 and to 1e-10, on either. */
const table: readonly (readonly [string, readonly [Method, Method], readonly number[]])[] = [
  ['GD', [sgd({ lr: 1.5e-3 }), sgd({ lr: 1.9e-4 })], [inf, inf, 30, inf]],
  ['momentum', [sgd({ lr: 1e-3, momentum: 0.95 }), sgd({ lr: 1e-4, momentum: 0.98 })], [73, inf, 162, inf]],
  [
    'Nesterov',
    [sgd({ lr: 5e-4, momentum: 0.98, nesterov: true }), sgd({ lr: 1e-4, momentum: 0.98, nesterov: true })],
    [122, inf, 42, 893]
  ],
  ['Adam', both(adam({ lr: 0.2 })), [185, 996, 39, inf]],
  ['Adam, ε̂', both(adam({ lr: 0.2, epsilonHat: true })), [185, 996, 39, inf]],
  ['AdamW, λ = 1e-9', both(adamW({ lr: 0.2, weightDecay: 1e-9 })), [185, 996, 39, inf]],
  ['AMSGrad', both(amsgrad({ lr: 0.5 })), [87, 944, 36, inf]],
  [
    'RMSprop, falling lr',
    both(rmsprop({ lr: exponentialDecay({ lr: 0.1, factor: 0.1, over: 500 }) })),
    [462, inf, 45, inf]
  ],
  ['Adagrad', both(adagrad({ lr: 0.5 })), [781, inf, 38, inf]],
  ['Adadelta', both(adadelta({ lr: 1, eps: 0.01, rho: 0.99 })), [112, inf, inf, inf]],
  ['AdaHessian', both(adaHessian({ lr: exponentialDecay({ lr: 1, factor: 0.1, over: 300 }) })), [inf, inf, 50, inf]],
  ['GD, backtracking', searched(sgd({ lr: 1 }), backtracking()), [84, 920, 30, inf]],
  ['GD, strong Wolfe', searched(sgd({ lr: 1 }), strongWolfe({ c2: 0.1 })), [2, inf, 30, inf]],
  ['Newton', both(newtonMethod()), [3, 5, 1, 1]],
  ['Newton, backtracking', searched(newtonMethod(), backtracking()), [15, 23, 1, 1]],
  ['saddle-free Newton', both(saddleFreeNewton()), [3, 5, 1, 1]],
  ['saddle-free Newton, cap .2', both(saddleFreeNewton({ maxLossChange: 0.2 })), [14, 18, 31, 349]],
  ['BFGS, strong Wolfe', searched(bfgsMethod(), strongWolfe()), [23, 35, 12, 135]],
  ['L-BFGS, strong Wolfe', searched(lbfgsMethod(), strongWolfe()), [21, 35, 9, 302]],
  ['L-BFGS, backtracking', searched(lbfgsMethod(), backtracking()), [23, 38, 9, 291]],
  ['truncated Newton, strong Wolfe', searched(truncatedNewton(), strongWolfe()), [53, 66, 4, 7]],
  [
    'truncated Gauss-Newton, backtracking',
    searched(truncatedNewton({ matrix: 'gaussNewton' }), backtracking()),
    [20, 36, 4, 7]
  ],
  ['Hessian-free', both(hessianFree()), [9, 19, 1, 6]],
  ['Gauss-Newton', both(gaussNewton()), [2, 2, 1, 1]],
  ['Levenberg-Marquardt', both(levenbergMarquardt()), [7, 14, 1, 4]],
  ['dogleg', both(dogleg()), [9, 13, 1, 1]],
  ['inverse gradient', both(inverseGradient()), [2, 2, 1, 1]],
  ['HIG', [hig({ lr: 0.08 }), hig({ lr: 0.019 })], [20, 184, 20, 339]],
  ['SIP, η = 1', both(sip(sgd({ lr: 1 }))), [1, 1, 1, 1]],
  ['SIP, η = ½', both(sip(sgd({ lr: 1 }), { eta: 0.5 })), [4, 17, 4, 17]]
]

t.test('steps of every method on a valley and on a stiff quadratic', async t => {
  const rows: string[] = []
  for (const [name, [onValley, onStiff], expected] of table) {
    const got = [...(await steps(0, onValley)), ...(await steps(1, onStiff))]
    rows.push(`${name.padEnd(38)}${got.map(v => (v === inf ? '-' : String(v)).padStart(8)).join('')}`)
    // The steps are the same everywhere but for roundings of transcendental functions, which are not among them.
    t.same(got, expected, name)
  }
  t.comment(`steps to 1e-2 and 1e-10 of the loss at the start, at most ${LIMIT}`)
  t.comment(`${''.padEnd(38)}${['valley', '', 'stiff', ''].map(v => v.padStart(8)).join('')}`)
  for (const row of rows) t.comment(row)
})
