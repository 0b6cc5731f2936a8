import { RuleError } from './errors.js'
import type { Random } from './random.js'
import type { Shape } from './shape.js'
import type { Tensor } from './tensor.js'

/** One application of an operator, as a tape records it. */
export interface Site<A = any> {
  readonly op: Op<A>
  readonly inputs: readonly Tensor[]
  readonly out: Tensor
  readonly attrs: A
  /** What the forward rule kept for the others (an arg-max, a block's inner tape). */
  readonly saved: Saved
}

/** What a forward rule leaves for the other rules of its site, under names of its own. */
export type Saved = Record<string, any>

/**
 * What a derivative rule sees of its site.
 *
 * A cotangent may carry extra axes in front: none in the cotangent sweep, `[K, B]` in the sample-Jacobian sweep
 * (K outputs per sample, B samples). A rule that counts axes from the end, asks `to` for the shape to reshape or
 * expand to, and undoes broadcasting by `fold`, serves both without knowing.
 */
export interface View<A = any> {
  readonly x: readonly Tensor[]
  readonly y: Tensor
  readonly attrs: A
  readonly saved: Saved
  /** Number of row axes in front of the cotangent. */
  readonly lead: number
  /** Whether axis 0 of input i is the sample axis and already among the row axes (never in the cotangent sweep). */
  carried(i: number): boolean
  /** Whether anybody asks for the cotangent of input i. */
  wants(i: number): boolean
  /** Shape of input i behind the row axes, the sample axis removed where it is carried. */
  shape(i: number): Shape
  /** `[...row axes of ct, ...shape(i)]`. */
  to(ct: Tensor, i: number): Shape
  /** Undoes broadcasting: sums `ct` over the axes along which input i was stretched. */
  fold(ct: Tensor, i: number): Tensor
}

/** What a target sweep carries: for each entry a wanted value, and how much it counts. */
export interface Claim {
  readonly value: Tensor
  /** null: 1 everywhere. Weight 0 is no claim; the value there is the current one. */
  readonly weight: Tensor | null
}

/** What an inverse rule promises; `Inverse.kind` says it for each. */
export type InverseKind = 'structural' | 'exact' | 'local' | 'regularised' | 'approximate'
/** An inverse rule's "not here": the ladder goes on, and the report gives the reason. */
export type Refusal = { readonly refuse: string }

/**
 * An operator's own inverse: which input *should* there have been, near the current one, to get this output?
 * Works on arrays and is not recorded: a target is a constant. Out of range it gives the nearest reachable target
 * (the mismatch is reported), or NaN entries or a refusal where there is none.
 */
export interface Inverse<A = any> {
  /**
   * structural: moves entries. exact: P⁻¹(P(x)) = x everywhere. local: the branch nearest to x.
   * regularised: stable instead of exact. approximate: of a stated order, can be refined.
   */
  readonly kind: InverseKind
  /** A claim per input (null for those that are not active; a bare tensor keeps the claim's weights), or a refusal. */
  apply(site: Site<A>, claim: Claim, active: readonly boolean[]): readonly (Claim | Tensor | null)[] | Refusal
  /** The inputs that the rule answers for, where these are not all: the others are left to the ladder. */
  readonly inputs?: readonly number[]
  /** Every output entry comes from one entry of one input (stack, concat): several active inputs are no conflict. */
  readonly splits?: boolean
  /** The smallest change of several independent inputs that reaches the target. */
  choose?(site: Site<A>, claim: Claim): readonly (Claim | null)[] | Refusal
  /** Of an approximate inverse: its error falls like step^order, and `refine` gives attributes with a step `factor` times smaller. */
  readonly order?: number
  refine?(attrs: A, factor: number): A
  /** Only where the law of its kind does not hold at a site: says why (a tall matrix is only least squares). */
  lawless?(site: Site<A>): string | undefined
}

/** A point of an operator's domain, at which the checks look at its rules. */
export interface Example<A = any> {
  readonly inputs: readonly Tensor[]
  readonly attrs?: A
  readonly note?: string
  /** False at a kink or a tie, where finite differences say nothing. Default true. */
  readonly smooth?: boolean
  /**
   * Near the ends of the range of f64 (1e±300): values, first derivatives, fixpoint and round trip of the inverse must be
   * right there, entry by entry, while f32 and what squares such numbers (second derivatives, least squares) is not asked.
   */
  readonly extreme?: boolean
}

/** The formulas of an operator's doc, for typesetting (KaTeX): dx, dy tangents, x̄, ȳ cotangents, x̃, ỹ targets. */
export interface Tex {
  readonly y: string
  readonly tangent?: string
  readonly adjoint?: string
  readonly inverse?: string
}

/** Rows [K, B, ...] of one input as a product: entry (i, j) is left[b, i] · right[k, b, j]. */
export interface RowFactors {
  /** Which input. */
  readonly input: number
  /** [B, p] */
  readonly left: Tensor
  /** [K, B, q] */
  readonly right: Tensor
  /** The input is [q, p] instead of [p, q]. */
  readonly transposed: boolean
}

/** Everything that an operator knows about itself. Rules that are left out say so by their absence; see each. */
export interface OpRules<A = any> {
  readonly name: string
  /**
   * The formula, then lines of two spaces, a word and the text: tangent, adjoint, inverse, rows, domain, cost, caveats,
   * source; a longer text goes on in lines indented by more. `explain` prints it.
   */
  readonly doc: string
  readonly tex?: Tex
  /** Shape of the output; throws ShapeError. A block has none: its shape is that of what its forward makes. */
  outShape?(shapes: readonly Shape[], attrs: A): Shape
  forward(inputs: readonly Tensor[], attrs: A, shape: Shape, saved: Saved): Tensor
  /**
   * The same on a GPU, by the kernels of core/backends/gpu: asked by the gpu backend for f32 inputs that are not empty.
   * undefined where it cannot: then `forward` runs, which reads the inputs back.
   */
  device?(inputs: readonly Tensor[], attrs: A, shape: Shape, saved: Saved): Tensor | undefined
  /** dy for the tangents of the inputs (undefined: zero). Written with operators, so that it can be differentiated. */
  jvp(dxs: readonly (Tensor | undefined)[], v: View<A>): Tensor | undefined
  /** A cotangent per input, or null for zero. Written with operators. */
  vjp(ct: Tensor, v: View<A>): readonly (Tensor | null)[]
  /**
   * Per input: is the output's sample axis (its axis 0) that input's axis 0? undefined where the operator cannot
   * say, because it mixes samples.
   */
  carry(site: Site<A>): readonly boolean[] | undefined
  /** Replaces vjp for rows where the sample axis takes part in the operation itself (matmul of row vectors, conv). */
  sampleVjp?(ct: Tensor, v: View<A>): readonly (Tensor | null)[]
  /**
   * Where the rows of an input are outer products of something of the sample with the rows that arrive (the weight of a
   * layer: x_b ct_kb): those factors, of which `sampleVjp` would make the product. undefined where they are not.
   */
  sampleFactors?(ct: Tensor, v: View<A>): RowFactors | undefined
  /** A contiguous range of its only input that the operator hands on unchanged: reading a parameter from a flat vector. */
  reads?(site: Site<A>): { start: number; stop: number } | undefined
  readonly inverse?: Inverse<A>
  /** Why there is no inverse rule, where there is none. */
  readonly noInverse?: string
  /** A Newton step of a loss L(y): the target for its first input, y + η Δy. Only losses have one. */
  newtonStep?(site: Site<A>, eta: number): Claim
  /** Inputs that are constants for every derivative (a mask, a choice): their rules give zero, and checks hold them fixed. */
  readonly constant?: readonly number[]
  /** Inputs of different dtypes are meant (only `cast`-like operators). */
  readonly mixed?: boolean
  /** Points of its domain, edges included; they drive every check. */
  examples(random: Random): readonly Example<A>[]
}

/** An operator: rules that defineOp or defineBlock has checked. */
export type Op<A = any> = OpRules<A>

/** An operator is a plain value with all of its rules. Importing its module registers nothing. */
export function defineOp<A = undefined>(rules: OpRules<A>): Op<A> {
  checkObject(rules, 'defineOp')
  for (const rule of ['forward', 'jvp', 'vjp', 'carry', 'examples'] as const)
    if (typeof rules[rule] !== 'function')
      throw new RuleError(
        `defineOp of '${rules.name}'`,
        `rule '${rule}' is missing`,
        'An operator states forward, jvp, vjp, carry and examples; a composed one uses defineBlock'
      )
  if (rules.inverse && typeof rules.inverse.apply !== 'function')
    throw new RuleError(
      `defineOp of '${rules.name}'`,
      "its inverse has no 'apply'",
      'Give { kind, apply(site, claim, active) }'
    )
  if (!rules.inverse && !rules.noInverse)
    throw new RuleError(
      `defineOp of '${rules.name}'`,
      "neither 'inverse' nor 'noInverse'",
      'Give an inverse rule, or say in noInverse why there is none'
    )
  return rules
}

/** Throws unless `rules` is an object with a name, by which messages call the operator. */
export function checkObject(rules: { readonly name: string }, asked: string): void {
  if (typeof rules !== 'object' || rules === null || typeof rules.name !== 'string' || rules.name === '')
    throw new RuleError(asked, 'no name among the rules', 'Give an object of rules with a name')
}

/** The usual `carry` of an element-wise operator: equal rank and equal length of axis 0 (broadcasting aligns at the right). */
export const carryAligned = (site: Site): readonly boolean[] =>
  site.inputs.map(
    t => t.shape.length > 0 && t.shape.length === site.out.shape.length && t.shape[0] === site.out.shape[0]
  )

/** Of an operator that acts on its last n axes only: the sample axis must lie in front of them. */
export const carryInFront =
  (n: number) =>
  (site: Site): readonly boolean[] | undefined =>
    site.inputs[0].shape.length > n ? [true] : undefined

/** Did an inverse rule refuse? */
export const isRefusal = (r: readonly (Claim | Tensor | null)[] | Refusal): r is Refusal =>
  typeof r === 'object' && r !== null && 'refuse' in r
