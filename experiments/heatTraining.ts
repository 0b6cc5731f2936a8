import { cotangentSweep, keep, onesLike, type Random, random, Tape, type Tensor } from '../core/index.js'
import { add, cast, l2, mean, type Network, reshape, sub, sum, uNet } from '../ops/index.js'
import { adam, sipBackward } from '../optim/index.js'
import { diffuse, randomRectangles } from '../physics/index.js'

/**
 * The book's "Learning to Invert Heat Conduction": a network sees the temperature y* after heat conduction and reconstructs where the heat was.
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

export interface Job {
  method: Method
  seed: number
  steps: number
  /** Samples per step. */
  batch: number
}

export interface Step {
  /** Mean over the batch of ½ Σ (x - x*)² and ½ Σ (y - y*)², before the update. */
  x: number
  y: number
  seconds: number
  /** The first samples of the batch, [n, N, N] each: what was predicted, what it was, what the network saw. */
  prediction: Float64Array
  reference: Float64Array
  input: Float64Array
}

const SAMPLES_SHOWN = 3
const optimizer = adam({ lr: 1e-3, eps: 1e-7 })

/** A whole training run, step by step. Weights and data depend on the seed alone, so both methods get the same. */
export function* train({ method, seed, steps, batch }: Job): Generator<Step> {
  const stream = random(seed)
  const net = uNet({ levels: 4, filters: 16 })
  const data = stream.split('data')
  let theta = net.init(stream.split('net'), 'f32')
  let state = optimizer.init(theta)
  for (let k = 0; k < steps; k++) {
    const begin = performance.now()
    const b = makeBatch(data, batch)
    const { x, L, grad } = gradient(method, net, theta, b)
    ;({ theta, state } = optimizer.step(theta, grad, state))
    const first = (t: Tensor) => Float64Array.from(t.data.subarray(0, Math.min(batch, SAMPLES_SHOWN) * N * N))
    yield {
      x: sum(l2(x, b.x)).item() / batch,
      y: sum(L).item() / batch,
      seconds: (performance.now() - begin) / 1000,
      prediction: first(x),
      reference: first(b.x),
      input: first(b.y)
    }
  }
}

/** The two methods. Both follow the sum over the batch; Adam does not see the scale. */
function gradient(method: Method, net: Network, theta: Tensor, batch: Batch): { x: Tensor; L: Tensor; grad: Tensor } {
  using tape = new Tape()
  const th = tape.watch(theta)
  const { x, L } = tape.record(() => {
    const x = predict(net, th, batch.y, batch.meanHeat)
    return { x, L: l2(diffuse(x, AMOUNT), batch.y) }
  })
  const grad =
    method === 'SIP'
      ? sipBackward(tape, L, { boundary: [x], wrt: th }).grad
      : cotangentSweep(tape, [[L, onesLike(L)]]).get(th)!
  return { x: keep(x), L: keep(L), grad }
}
