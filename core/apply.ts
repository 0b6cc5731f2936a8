import { gpuIsOn, onDevice } from './backends/gpu/launch.js'
import { DTypeError, GradientError, type PhysgradError, RuleError } from './errors.js'
import type { Op, Saved, Site } from './op.js'
import { describe } from './options.js'
import { observeRule, recorder } from './profile.js'
import { type Shape, sameShape, show } from './shape.js'
import { recordingTapes, sealedTapes } from './tape.js'
import { Tensor } from './tensor.js'

/**
 * Applies an operator: checks its inputs, runs its forward rule, and tells every recording tape that knows one of the
 * inputs. This is the only way in which anything gets onto a tape.
 */
export function apply<A>(
  op: Op<A>,
  inputs: readonly Tensor[],
  ...rest: A extends undefined ? [attrs?: A] : [attrs: A]
): Tensor {
  const attrs = rest[0] as A
  if (typeof op?.forward !== 'function' || !Array.isArray(inputs)) throw badCall(op, inputs)
  checkInputs(op, inputs)
  const shape = op.outShape ? op.outShape(shapesOf(inputs), attrs) : []
  const saved: Saved = {}
  const out = recorder
    ? observeRule(op.name, 'forward', () => compute(op, inputs, attrs, shape, saved))
    : compute(op, inputs, attrs, shape, saved)
  if (!(out instanceof Tensor) || (op.outShape && !sameShape(out.shape, shape))) throw badForward(op, out, shape)
  let site: Site | undefined
  for (const tape of recordingTapes()) {
    if (tape.paused) continue
    for (let i = 0; i < inputs.length; i++)
      if (tape.knows(inputs[i])) {
        site ??= { op, inputs, out, attrs, saved }
        tape.add(site)
        break
      }
  }
  return out
}

/** The forward rule, or where the gpu backend is on and has a form of it, that. */
const compute = <A>(op: Op<A>, inputs: readonly Tensor[], attrs: A, shape: Shape, saved: Saved): Tensor =>
  (op.device && gpuIsOn() && onDevice(inputs, shape, () => op.device!(inputs, attrs, shape, saved))) ||
  op.forward(inputs, attrs, shape, saved)

const shapesOf = (inputs: readonly Tensor[]): Shape[] => inputs.map(t => t.shape)

function checkInputs(op: Op, inputs: readonly Tensor[]): void {
  for (let i = 0; i < inputs.length; i++) {
    const t = inputs[i]
    if (!(t instanceof Tensor))
      throw new DTypeError(
        `${op.name}, input ${i}`,
        describe(t),
        'Inputs are tensors: wrap numbers and arrays by tensor(…)'
      )
    if (!op.mixed && t.dtype !== inputs[0].dtype)
      throw new DTypeError(
        op.name,
        inputs.map(x => `${x.dtype} ${show(x.shape)}`).join(' with '),
        "dtypes are not mixed silently: convert one by cast(t, 'f32') or cast(t, 'f64')"
      )
    for (const tape of sealedTapes())
      if (tape.knows(t))
        throw new GradientError(
          `${op.name} inside a block`,
          `input ${i} of shape ${show(t.shape)} depends on what a tape outside watches, and is no input of the block`,
          'Hand it to the block as an input, or take it as a constant by stopGradient outside'
        )
  }
}

const badCall = (op: Op, inputs: unknown): PhysgradError =>
  typeof op?.forward !== 'function'
    ? new RuleError('apply', `${describe(op)} instead of an operator`, 'Give what defineOp or defineBlock returned')
    : new DTypeError(op.name, `${describe(inputs)} for its inputs`, 'Give an array of tensors')

const badForward = (op: Op, out: unknown, shape: Shape): RuleError =>
  new RuleError(
    `rule forward of ${op.name}`,
    out instanceof Tensor
      ? `it returned shape ${show(out.shape)}, where outShape says ${show(shape)}`
      : `it returned ${describe(out)}`,
    'Return one tensor of that shape'
  )
