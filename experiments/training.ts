import { type Tensor, tensor } from '../core/index.js'
import { checkpointFile } from '../optim/files.js'
import { adam, type StepReport, type TrainOptions, type TrainStep, train } from '../optim/index.js'
import { Interrupted, type PartContext, type Series } from './shell/types.js'

type Course = Record<string, Series>

export interface TrainingOptions<B, S, R extends StepReport>
  extends Omit<TrainOptions<B, S, R>, 'onStep' | 'signal' | 'checkpoint' | 'resume'> {
  /** Numbers of a step, seen before its update: the loss unless given. Called at every step. */
  measure?: (step: TrainStep<R, B>) => Record<string, number>
  /** Numbers of θ: before the first step, after every `every` steps, and at the end. */
  evaluate?: (theta: Tensor) => Record<string, number>
  every?: number
  /** Steps after which θ is handed over besides, 0 for that before the first: for what is computed from it at the end. */
  snapshots?: readonly number[]
}

export interface Snapshot {
  step: number
  theta: Tensor
}

export interface Trained {
  theta: Tensor
  /** Where they were asked for: as far as training came. */
  snapshots?: Snapshot[]
  course: Course
  notes: string[]
}

/** Seconds between two checkpoints: what a killed run loses at most. */
const CHECKPOINT_SECONDS = 5

/**
 * The library's training loop as a part of an experiment: with progress, Ctrl-C, the course of its numbers over steps and
 * seconds, and a checkpoint from which the part goes on to the same numbers. The clock stops while numbers are measured.
 */
export async function training<B, S, R extends StepReport>(
  ctx: PartContext,
  options: TrainingOptions<B, S, R>
): Promise<Trained> {
  const { measure = ({ loss }) => ({ loss }), evaluate, every = 1, snapshots, ...rest } = options
  const file = ctx.checkpoint === undefined ? undefined : checkpointFile(ctx.checkpoint)
  const found = file?.load()
  const earlier = found?.state as { method: S; course: Course; seconds: number; taken: Snapshot[] } | undefined
  const course: Course = earlier?.course ?? {}
  const taken: Snapshot[] = earlier?.taken ?? []
  let seconds = earlier?.seconds ?? 0
  const note = (step: number, numbers: Record<string, number>) => {
    for (const [name, value] of Object.entries(numbers)) {
      const series = (course[name] ??= { at: [], seconds: [], y: [] })
      series.at.push(step)
      series.seconds.push(seconds)
      series.y.push(value)
    }
  }
  const take = (step: number, theta: () => Tensor) => {
    if (snapshots?.includes(step)) taken.push({ step, theta: theta() })
  }
  ctx.keep(() => ({ course }))
  if (!found) take(0, () => rest.theta)
  if (found) ctx.tell({}, found.step)
  else if (evaluate) note(0, evaluate(rest.theta))
  let begin = performance.now()
  const result = await train<B, S, R>({
    ...rest,
    signal: ctx.signal,
    resume: found && { ...found, state: earlier!.method },
    checkpoint: file && {
      every: { seconds: CHECKPOINT_SECONDS },
      save(c) {
        seconds += (performance.now() - begin) / 1000
        file.save({ ...c, state: { method: c.state, course, seconds, taken } })
        begin = performance.now()
      }
    },
    onStep(seen) {
      seconds += (performance.now() - begin) / 1000
      const done = seen.step + 1
      const numbers = measure(seen)
      note(seen.step, numbers)
      const more = evaluate && (done % every === 0 || done === rest.steps) ? evaluate(seen.theta) : {}
      note(done, more)
      take(done, () => seen.theta)
      ctx.tell({ ...numbers, ...more })
      begin = performance.now()
    }
  })
  if (result.status === 'aborted') throw new Interrupted()
  ctx.tell({}, rest.steps - result.step)
  const asked = snapshots && { snapshots: taken }
  return {
    theta: result.theta,
    ...asked,
    course,
    notes: result.reason === undefined ? [] : [`Ended early: ${result.reason}.`]
  }
}

/** Samples from … to - 1. */
export function samplesOf(x: Tensor, from: number, to: number): Tensor {
  const n = x.size / x.shape[0]
  return tensor(x.data.subarray(from * n, to * n), { shape: [to - from, ...x.shape.slice(1)] })
}

/** Batch `step` in fixed order, without shuffling: an epoch is N/B steps. */
export function batchOf(x: Tensor, step: number, batch: number): Tensor {
  const at = step % Math.ceil(x.shape[0] / batch)
  return samplesOf(x, at * batch, Math.min(x.shape[0], (at + 1) * batch))
}

/** Adam as in Keras, for texts that use it: ε beside the uncorrected root. */
export const kerasAdam = (lr: number) => adam({ lr, eps: 1e-7, epsilonHat: true })
