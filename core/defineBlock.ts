import { reshaped } from './backends/gpu/launch.js'
import { carryThrough } from './carryThrough.js'
import { RuleError } from './errors.js'
import { checkObject, type Example, type Inverse, type Op, type Site, type Tex } from './op.js'
import { describe } from './options.js'
import type { Random } from './random.js'
import { scoped } from './scope.js'
import { identity } from './structural/identity.js'
import { cotangentSweep } from './sweeps/cotangent.js'
import { sampleSweep } from './sweeps/sampleJacobian.js'
import { tangentSweep } from './sweeps/tangent.js'
import { activeTapes, isRecorded, sealedAgainst, Tape, unseen } from './tape.js'
import { Tensor } from './tensor.js'

export interface BlockRules<A> {
  name: string
  /** Formula, domain, when to trust the inverse, source. */
  doc?: string
  tex?: Tex
  /** Composed of operators. */
  forward(inputs: readonly Tensor[], attrs: A): Tensor
  /**
   * false: a recorded run keeps nothing of its inside, and every rule runs the inside again: memory for time. Default true.
   */
  keep?: boolean
  /** Left out: the ladder of the target sweep solves the block. */
  inverse?: Inverse<A>
  examples(random: Random): readonly Example<A>[]
}

interface Inner {
  tape: Tape
  xs: readonly Tensor[]
  y: Tensor
}

/**
 * An operator composed of operators that is one site on every tape: a simulator. Its tangent, adjoint and sample-Jacobian
 * rules follow from its inside, by sweeping an inner tape; its inverse is declared, or left to the ladder.
 */
export function defineBlock<A = undefined>(rules: BlockRules<A>): Op<A> {
  checkObject(rules, 'defineBlock')
  for (const rule of ['forward', 'examples'] as const)
    if (typeof rules[rule] !== 'function')
      throw new RuleError(
        `defineBlock of '${rules.name}'`,
        `rule '${rule}' is missing`,
        'A block states its forward, composed of operators, and examples'
      )
  const checked = (y: Tensor): Tensor => {
    if (y instanceof Tensor) return y
    throw new RuleError(
      `forward of block '${rules.name}'`,
      `it returned ${describe(y)}`,
      'Return one tensor; stack or concat several'
    )
  }
  const run = (inputs: readonly Tensor[], attrs: A, outside: readonly Tape[] = []): Inner => {
    const tape = new Tape()
    const xs = inputs.map(identity)
    tape.watch(xs)
    return { tape, xs, y: checked(tape.record(() => sealedAgainst(outside, () => rules.forward(xs, attrs)))) }
  }
  // The inner tape of the forward pass serves as long as nobody records: for a derivative of the derivative the
  // inside must be seen by the outer tapes, so it runs again from the site's own inputs.
  const inside = ({ inputs, attrs, saved }: Site<A>): Inner =>
    saved.inner && activeTapes().length === 0 ? saved.inner : run(inputs, attrs)
  /** Runs a rule over the inside. One that was made for this rule alone is given back, unless an outer tape recorded it. */
  const over = <R>(s: Site<A>, rule: (inner: Inner) => R): R =>
    rules.keep === false ? scoped(() => rule(inside(s))) : rule(inside(s))
  const site = (v: { x: readonly Tensor[]; y: Tensor; attrs: A; saved: Site['saved'] }): Site<A> => ({
    op,
    inputs: v.x,
    out: v.y,
    attrs: v.attrs,
    saved: v.saved
  })

  const op: Op<A> = {
    name: rules.name,
    doc: rules.doc ?? `${rules.name}: composed of operators; its derivatives follow from its inside`,
    tex: rules.tex,
    forward(inputs, attrs, _, saved) {
      const outside = activeTapes()
      const alone = (xs: readonly Tensor[]): Tensor => sealedAgainst(outside, () => checked(rules.forward(xs, attrs)))
      if (rules.keep === false) {
        // Tensors of its own: those of a tape outside are closed to it.
        const xs = inputs.map(t => reshaped(t, t.shape))
        return unseen(() => scoped(() => alone(xs)))
      }
      if (!isRecorded(inputs)) {
        const y = unseen(() => alone(inputs))
        return reshaped(y, y.shape)
      }
      const inner = unseen(() => run(inputs, attrs, outside))
      saved.inner = inner
      // A tensor of its own: the inner y belongs to the inner tape.
      return reshaped(inner.y, inner.y.shape)
    },
    jvp(dxs, v) {
      return over(site(v), ({ tape, xs, y }) => {
        const seeds = dxs.flatMap((d, i) => (d ? [[xs[i], d] as const] : []))
        return tangentSweep(tape, seeds, [y])[0]
      })
    },
    vjp(ct, v) {
      return over(site(v), ({ tape, xs, y }) => {
        if (!tape.knows(y)) return xs.map(() => null)
        if (v.lead > 0) return rowsOf(tape, xs, y, ct, false)
        const cts = cotangentSweep(tape, [[y, ct]])
        return xs.map(x => cts.get(x) ?? null)
      })
    },
    carry(s) {
      // A question about structure: no derivative hangs on it.
      if (!s.saved.carry) {
        const { tape, xs, y } = s.saved.inner ?? unseen(() => run(s.inputs, s.attrs))
        s.saved.carry = { said: carryThrough(tape.sites, [y], xs) }
        if (!s.saved.inner) tape.dispose()
      }
      return s.saved.carry.said
    },
    sampleVjp(ct, v) {
      return over(site(v), ({ tape, xs, y }) => (tape.knows(y) ? rowsOf(tape, xs, y, ct, true) : xs.map(() => null)))
    },
    inverse: rules.inverse,
    noInverse: rules.inverse ? undefined : 'not declared: the target sweep solves the block',
    examples: rules.examples
  }
  return op
}

/** The sample-Jacobian sweep over the inside. Where samples are mixed inside, `carry` has said so before. */
function rowsOf(tape: Tape, xs: readonly Tensor[], y: Tensor, rows: Tensor, batched: boolean): (Tensor | null)[] {
  const at = sampleSweep(tape, [[y, { rows, batched }]])
  return xs.map(x => at.get(x)?.rows ?? null)
}
