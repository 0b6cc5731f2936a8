import { add, cotangentSweep, mul, onesLike, type Random, reshape, sum, Tape, type Tensor } from '../core/index.js'
import { cast, l2, mean, type Network, sub } from '../ops/index.js'
import { type AdamState, adam, sipBackward } from '../optim/index.js'
import { diffuse, randomRectangles } from '../physics/index.js'

/**
 * The seeds' main example: a network sees the temperature y* after heat conduction and reconstructs where the heat was.
 *
 *     x = f(y*; θ),  y = P(x) = diffusion of x by ν t = 8,  L = ½ Σ (y - y*)²
 *
 * Both methods train the same U-net from the same weights on the same data with Adam. GD sends dL/dy through the adjoint of
 * P, which diffuses once more and wipes out the detail. SIP sends the Newton step y* - y through the stabilised inverse
 * and trains the network towards x + Δx. Physics in f64, network in f32.
 */
export const N = 64
export const AMOUNT = 8
export const METHODS = ['SIP', 'GD'] as const
export type Method = (typeof METHODS)[number]

/** f(y*; θ), its mean replaced by that of x*, which conduction keeps: the notebook's prediction. */
export function predict(net: Network, theta: Tensor, yTarget: Tensor, meanHeat: Tensor): Tensor {
  const [B] = yTarget.shape
  const raw = reshape(net(theta, reshape(cast(yTarget, 'f32'), [B, 1, N, N])), [B, N, N])
  const shift = sub(cast(meanHeat, 'f32'), mean(raw, [1, 2], true))
  return cast(add(raw, shift), 'f64')
}

export interface Batch {
  x: Tensor
  y: Tensor
  meanHeat: Tensor
}

export function makeBatch(data: Random, size: number): Batch {
  const x = randomRectangles(data, size, N)
  return { x, y: diffuse(x, AMOUNT), meanHeat: mean(x, [1, 2], true) }
}

export interface Run {
  theta: Tensor
  state: AdamState
  /** Per step: mean over the batch of ½ Σ (x - x*)² and ½ Σ (y - y*)², before the update. */
  x: number[]
  y: number[]
  seconds: number[]
  /** The last predictions [B, N, N]. */
  prediction?: Tensor
}

const optimizer = adam({ lr: 1e-3, eps: 1e-7 })

export const newRun = (theta: Tensor): Run => ({ theta, state: optimizer.init(theta), x: [], y: [], seconds: [] })

/** One update of either method. */
export function step(method: Method, net: Network, run: Run, batch: Batch): void {
  const begin = performance.now()
  using tape = new Tape()
  const th = tape.watch(run.theta)
  const { x, L } = tape.record(() => {
    const x = predict(net, th, batch.y, batch.meanHeat)
    return { x, L: l2(diffuse(x, AMOUNT), batch.y) }
  })
  // Both follow the sum over the batch; Adam does not see the scale.
  const grad =
    method === 'SIP'
      ? sipBackward(tape, L, { boundary: [x], wrt: th }).grad
      : cotangentSweep(tape, [[L, onesLike(L)]]).get(th)!
  const next = optimizer.step(run.theta, grad, run.state)
  run.theta = next.theta
  run.state = next.state
  run.prediction = x
  run.x.push(sum(mul(l2(x, batch.x), 1 / x.shape[0])).item())
  run.y.push(sum(mul(L, 1 / x.shape[0])).item())
  run.seconds.push((performance.now() - begin) / 1000)
}
