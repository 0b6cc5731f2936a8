import { NonFiniteError, OptionError } from '../core/errors.js'
import { checkNumbers, describe } from '../core/options.js'
import { Random } from '../core/random.js'
import { sameShape, show } from '../core/shape.js'
import { checkTensor, type Tensor } from '../core/tensor.js'
import { type Checkpoint, copied } from './checkpoint.js'
import { type EvaluateOptions, Evaluation, type Forward, kept, type Recorded } from './evaluation.js'
import type { Optimizer, Step, StepReport } from './optimizer.js'
import { feed } from './withSearch.js'

type Streams = Readonly<Record<string, Random>>

/** What a callback sees of a step. */
export interface TrainStep<R extends StepReport = StepReport, B = unknown> {
  /** Counted from 0. */
  readonly step: number
  /** L on the step's batch, before the step. */
  readonly loss: number
  readonly report: R
  readonly batch: B
  /** What the model returned before the step. Gone after the callback: keep(t) what should stay. */
  readonly forward: Pick<Recorded, 'loss' | 'x' | 'y'>
  /** θ after it: a copy, made when asked for. */
  readonly theta: Tensor
}

export interface TrainOptions<B, S, R extends StepReport> extends EvaluateOptions {
  theta: Tensor
  method: Optimizer<any, S, R>
  /** θ and a batch to a loss, `[B]` or a scalar, or to { loss, y, x }: see Evaluation. */
  model: (theta: Tensor, batch: B) => Tensor | Forward
  /** The batch of a step, counted from 0. What is drawn from the streams is drawn again alike by a run that goes on. */
  data?: (step: number, streams: Streams) => B | Promise<B>
  /** How many steps in all, those before a checkpoint included. */
  steps: number
  /** Random streams that `data` draws from: they stand in the checkpoint. */
  streams?: Streams
  /** After every step; 'stop' ends the run. */
  onStep?: (step: TrainStep<R, B>) => unknown | Promise<unknown>
  /** Ends the run before the next step. */
  signal?: AbortSignal
  /**
   * `save` gets the run's state after every `every` steps, or when so many seconds have passed, and when the run ends, but
   * not where a number was not finite.
   */
  checkpoint?: { every: number | { seconds: number }; save: (c: Checkpoint<S>) => unknown | Promise<unknown> }
  /** Where an earlier run was: goes on from there to the same numbers that it would have come to. */
  resume?: Checkpoint
}

export interface TrainResult<S> {
  readonly theta: Tensor
  readonly state: S
  /** Steps done. */
  readonly step: number
  /** L before every step, those of earlier runs included. */
  readonly losses: readonly number[]
  readonly status: 'done' | 'stopped' | 'aborted' | 'not finite'
  /** Where a number was not finite: which, and the operator that made the first one. */
  readonly reason?: string
}

/**
 * The training loop: batch, forward pass, step, until `steps` are done, `onStep` says 'stop', `signal` aborts, or a number
 * is not finite: then θ is that before the step, and `reason` names the operator that made the first NaN or infinity.
 * Any method with any model that shows what the method needs.
 *
 *     const { theta, losses } = await train({
 *       theta: net.init(random(0).split('net')),
 *       method: sip(adam({ lr: 1e-3 })),
 *       data: (step, { data }) => makeBatch(data, 64),
 *       streams: { data: random(0).split('data') },
 *       model: (theta, { goal }) => {
 *         const x = net(theta, goal)
 *         return { loss: l2(P(x), goal), x }
 *       },
 *       steps: 1000
 *     })
 *
 * θ that is given is not changed. Between steps the event loop gets its turn every 50 ms.
 */
export async function train<B = undefined, S = unknown, R extends StepReport = StepReport>(
  options: TrainOptions<B, S, R>
): Promise<TrainResult<S>> {
  checkTrain(options)
  const { method, model, data, steps, streams = {}, onStep, signal, checkpoint, resume, reduce, jacobian } = options
  let theta = resume?.theta ?? options.theta
  let state = (resume?.state ?? method.init(theta)) as S
  let step = resume?.step ?? 0
  const losses = [...(resume?.losses ?? [])]
  for (const name in streams) if (resume) streams[name].restore(resume.streams[name])
  let last: Step<S, R> | undefined
  let status: TrainResult<S>['status'] = 'done'
  let reason: string | undefined
  let saved = step
  let savedAt = performance.now()
  const save = async () => {
    const states = Object.fromEntries(Object.entries(streams).map(([name, s]) => [name, s.state]))
    await checkpoint?.save({
      method: method.name,
      step,
      theta: kept(theta),
      state: copied(state),
      streams: states,
      losses: [...losses]
    })
    saved = step
    savedAt = performance.now()
  }
  const due = () =>
    typeof checkpoint?.every === 'object'
      ? performance.now() - savedAt >= 1000 * checkpoint.every.seconds
      : checkpoint !== undefined && step % checkpoint.every === 0
  let turn = performance.now()

  while (step < steps) {
    if (signal?.aborted) {
      status = 'aborted'
      break
    }
    const batch = (await data?.(step, streams)) as B
    using e = new Evaluation(th => model(th, batch), theta, { reduce, jacobian })
    const outcome = advance(e, method, state, last)
    if (typeof outcome === 'string') {
      status = 'not finite'
      reason = `step ${step}: ${outcome}`
      break
    }
    const loss = e.loss
    last = outcome
    ;({ theta, state } = outcome)
    losses.push(loss)
    const seen: TrainStep<R, B> = {
      step,
      loss,
      report: outcome.report,
      batch,
      forward: e.record(),
      get theta() {
        return kept(outcome.theta)
      }
    }
    step++
    const said = await onStep?.(seen)
    if (due()) await save()
    if (said === 'stop') {
      status = 'stopped'
      break
    }
    if (performance.now() - turn > 50) {
      await new Promise(resolve => setTimeout(resolve))
      turn = performance.now()
    }
  }
  if (checkpoint && status !== 'not finite' && saved !== step) await save()
  return { theta, state, step, losses, status, ...(reason === undefined ? {} : { reason }) }
}

/** A step, or what is not finite about it. */
function advance<S, R extends StepReport>(
  e: Evaluation,
  method: Optimizer<any, S, R>,
  state: S,
  donate: Step<S, R> | undefined
): Step<S, R> | string {
  // Recorded first, so that the loss and what the method asks for come from one pass.
  if (!Number.isFinite(e.record().total.item())) return `the loss is ${e.loss}, from ${e.blame()}`
  try {
    return method.step(e.theta, feed(method, e), state, donate && { donate })
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error
    return `${error.found}, from ${e.blame()}`
  }
}

function checkTrain<B, S, R extends StepReport>(options: TrainOptions<B, S, R>): void {
  const { theta, method, model, data, steps, streams = {}, onStep, checkpoint, resume } = options ?? {}
  checkTensor(theta, 'train', 'θ')
  checkNumbers('train', 'whole', { steps })
  if (typeof method?.step !== 'function')
    throw new OptionError('train', `${describe(method)} as the method`, 'Give one, such as adam()')
  for (const [name, f] of Object.entries({ model, data, onStep, save: checkpoint?.save }))
    if (typeof f !== 'function' && (f !== undefined || name === 'model' || (name === 'save' && checkpoint)))
      throw new OptionError('train', `${describe(f)} as ${name}`, `Give ${name} as a function`)
  if (typeof checkpoint?.every === 'object') checkNumbers('train', 'positive', { seconds: checkpoint.every.seconds })
  else if (checkpoint) checkNumbers('train', 'count', { every: checkpoint.every })
  for (const [name, s] of Object.entries(streams))
    if (!(s instanceof Random))
      throw new OptionError('train', `${describe(s)} as the stream '${name}'`, 'Give streams: { name: random(seed) }')
  if (resume) checkResume(resume, theta, method.name, streams)
}

function checkResume(c: Checkpoint, theta: Tensor, method: string, streams: Streams): void {
  const refuse = (found: string, advice: string) => {
    throw new OptionError('train from a checkpoint', found, advice)
  }
  if (c.method !== method) refuse(`it is of ${c.method}, and the method is ${method}`, 'Give the method of the run')
  if (!sameShape(c.theta.shape, theta.shape) || c.theta.dtype !== theta.dtype)
    refuse(
      `its θ is ${c.theta.dtype} ${show(c.theta.shape)}, the one given ${theta.dtype} ${show(theta.shape)}`,
      'Give the network of the run'
    )
  const names = (o: object) => Object.keys(o).sort().join(', ') || 'none'
  if (names(c.streams) !== names(streams))
    refuse(`its streams are ${names(c.streams)}, those given ${names(streams)}`, 'Give the streams of the run')
}
