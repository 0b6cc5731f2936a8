import { OptionError } from '../core/errors.js'
import { describe } from '../core/options.js'
import { mapData, Tensor } from '../core/tensor.js'
import { checkEvaluation, type Evaluation } from './evaluation.js'
import { arrayLike, moved, norm, type Optimizer, type StepReport } from './optimizer.js'
import type { Line, LinePoint, Search } from './search.js'
import { dot } from './vectors.js'

/**
 * Any method with a line search in the place of its own step length: the method says where to, the search how far. The
 * method's own step is the first trial.
 *
 *     withSearch(lbfgsMethod(), strongWolfe())
 *
 * Where the method points uphill (a Newton step at negative curvature, pairs of another batch), the gradient takes its
 * place, no longer than the step would have been, and the method begins anew. Where the search finds nothing lower θ stays, and the report says so.
 */
export function withSearch<S>(method: Optimizer<any, S>, search: Search): Optimizer<Evaluation, S, StepReport> {
  if (typeof method?.step !== 'function' || typeof search?.find !== 'function')
    throw new OptionError(
      'withSearch',
      typeof method?.step !== 'function' ? `${describe(method)} as the method` : `${describe(search)} as the search`,
      'Give a method, such as lbfgsMethod(), and a search, such as strongWolfe()'
    )
  const name = `${method.name} with ${search.name}`
  return {
    name,
    needs: 'search',
    init: theta => method.init(theta),
    step(theta, e, old) {
      checkEvaluation(name, e)
      const inner = method.step(theta, feed(method, e), old)
      const g = e.gradient
      let { delta, state } = inner
      let { status } = inner.report
      const gradientNorm = norm(g)
      if (!(dot(g.data, delta.data) > 0)) {
        const factor = gradientNorm > 0 ? Math.min(1, inner.report.stepNorm / gradientNorm || 1) : 0
        delta = mapData(g, v => factor * v)
        state = method.init(theta)
        status = 'negative curvature'
      }
      const downhill = dot(g.data, delta.data)
      if (!(downhill > 0))
        return { theta, delta: mapData(theta, () => 0), state, report: { status: 'ok', gradientNorm, stepNorm: 0 } }
      const tried: Evaluation[] = []
      const found = search.find(lineFrom(e, delta, downhill, tried))
      for (const there of tried) there.dispose()
      const end = moved(theta, delta.data, found.t)
      return {
        ...end,
        state,
        report: {
          status: found.status === 'ok' ? status : found.status,
          gradientNorm,
          stepNorm: norm(end.delta),
          iterations: found.evaluations,
          length: found.t
        }
      }
    }
  }
}

/** What a method is fed of an evaluation: the gradient, the Jacobian with ∂L/∂y, or all of it to choose from. */
export function feed<I>(method: Optimizer<I, any>, e: Evaluation): I {
  if (method.needs === 'gradient') return e.gradient as I
  if (method.needs === 'sampleJacobian') return { J: e.jacobian, lossGradient: e.lossGradient } as I
  return e as I
}

function lineFrom(e: Evaluation, delta: Tensor, downhill: number, tried: Evaluation[]): Line {
  const { theta } = e
  return {
    start: { t: 0, value: e.loss, slope: () => -downhill },
    at(t): LinePoint {
      const to = arrayLike(theta)
      const [from, d] = [theta.data, delta.data]
      for (let i = 0; i < to.length; i++) to[i] = from[i] - t * d[i]
      const there = e.at(new Tensor(theta.shape, to))
      tried.push(there)
      const loss = there.record().total.item()
      // Infinity and NaN are "too far".
      const value = Number.isFinite(loss) ? loss : Number.POSITIVE_INFINITY
      let slope: number | undefined
      return {
        t,
        value,
        slope: () => (slope ??= value < Number.POSITIVE_INFINITY ? -dot(there.gradient.data, delta.data) : Number.NaN)
      }
    }
  }
}
