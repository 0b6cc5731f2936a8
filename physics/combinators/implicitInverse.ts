import { apply } from '../../core/apply.js'
import { claim, wanted } from '../../core/claim.js'
import { InverseError, ShapeError } from '../../core/errors.js'
import { defineOp, type Example, type Op, type Site, type View } from '../../core/op.js'
import { checkOptions } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { sameShape, show, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { reshape } from '../../core/structural/reshape.js'
import { Tape, unseen } from '../../core/tape.js'
import { BlockProblem } from '../../core/targets/blockProblem.js'
import { newton } from '../../core/targets/newton.js'
import { allFinite, mapData, Tensor, zerosLike } from '../../core/tensor.js'
import { jacobian } from '../../core/verbs/jacobian.js'
import { sampleJacobian } from '../../core/verbs/sampleJacobian.js'
import { plainView, rowView } from '../../core/view.js'
import { solveOp } from '../../ops/linear/solve.js'
import { checkSimulator, type Simulator, simulator } from '../simulator.js'

export interface ImplicitInverseOptions<A> {
  name?: string
  /** Replaces the first lines of the doc string. */
  doc?: string
  tex?: string
  /**
   * A cheap method to try first: x near `near` with P(x) = y, or undefined where it gives up, for Newton to take over. What
   * it returns counts as solved.
   */
  solver?(y: Tensor, near: Tensor, rest: readonly Tensor[], attrs: A): Tensor | undefined
  /** By default the examples of P: y is its output, and `near` its input. */
  examples?(r: Random): readonly Example<A>[]
}

/**
 * x = P⁻¹(y; near): the inverse of a simulator near a given point, as an operator with derivatives of its own:
 *
 *     Q(y, near, ...parameters)    with P(Q, ...parameters) = y
 *
 * By the implicit function theorem, J = ∂P/∂x at the solution: dx = J⁻¹ (dy - ∂P/∂θ dθ). The verb `localInverse` gives the
 * same x once, as a constant; this is for the inside of other functions, which are differentiated. `near` says only which
 * solution is meant, so its derivatives are zero.
 *
 * P has as many outputs as entries in its first input, per sample or altogether. J is stored, [B, n, n]: for large n solve
 * by an operator that knows its structure. Throws InverseError where Newton's method finds no solution, or J is singular.
 */
export function implicitInverse<A>(P: Simulator<A>, options: ImplicitInverseOptions<A> = {}): Simulator<A> {
  checkSimulator(P, 'implicitInverse')
  checkOptions('implicitInverse', options, ['name', 'doc', 'tex', 'solver', 'examples'])
  return simulator(implicitInverseOp(P.op, options), P.attrs as any) as Simulator<A>
}

function implicitInverseOp<A>(P: Op<A>, options: ImplicitInverseOptions<A>): Op<A> {
  const name = options.name ?? `${P.name}Inverse`
  const op: Op<A> = defineOp<A>({
    name,
    doc: `${options.doc ?? `x = P⁻¹(y; near) with P = ${P.name}: the solution of P(x, θ) = y near a given point`}
  tangent  dx = J⁻¹ (dy - ∂P/∂θ dθ), J = ∂P/∂x at the solution: the implicit function theorem
  adjoint  ȳ = J⁻ᵀ ct, θ̄ = -(∂P/∂θ)ᵀ ȳ: one linear solve, never through the iterations
  inverse  exact in y: ỹ = P(x̃, θ); trust it as P itself. In θ the ladder solves
  domain   where Newton's method from \`near\` ends at a solution with regular J; no derivative with respect to \`near\`
  cost     a few Newton steps, each n runs of P's adjoint and 2/3 n³ flops per sample; one such step per rule
  caveats  no solution, or a singular J, is an InverseError
  source   Griewank and Walther 2008, "Evaluating Derivatives", 15.1`,
    tex: {
      y: options.tex ?? String.raw`P(x, \theta) = y,\; x \text{ near } x_0`,
      tangent: String.raw`dx = J^{-1}(dy - \partial_\theta P\,d\theta)`,
      adjoint: String.raw`\bar y = J^{-\top}\bar x,\ \bar\theta = -(\partial_\theta P)^\top \bar y`,
      inverse: String.raw`\tilde y = P(\tilde x, \theta)`
    },
    constant: [1],
    outShape: ([y, near]) => {
      if (near === undefined || !sameShape(y, near))
        throw new ShapeError(
          `${name} of y ${show(y)}`,
          near ? `a point of shape ${show(near)} to start near` : 'no point to start near',
          'Give (y, near, ...): both have the shape of the solution'
        )
      return y
    },
    forward: ([y, near, ...rest], attrs) =>
      unseen(() => {
        const x = options.solver?.(y, near, rest, attrs) ?? byNewton(P, name, y, near, rest, attrs)
        return new Tensor(x.shape, x.data)
      }),
    jvp: ([dy, , ...rest], v) => {
      const moved = rest.some(Boolean) ? P.jvp([undefined, ...rest], plainView(inside(P, v))) : undefined
      const rhs = both(dy, moved && mul(moved, -1))
      return rhs && solved(P, rhs, v, false)
    },
    vjp: (ct, v) => back(P, ct, v, 'vjp'),
    sampleVjp: (ct, v) => back(P, ct, v, 'sampleVjp'),
    carry: site => {
      const carry = P.carry(inside(P, { x: site.inputs, y: site.out, attrs: site.attrs }))
      return carry && [carry[0], carry[0], ...carry.slice(1)]
    },
    inverse: {
      kind: 'exact',
      inputs: [0],
      apply: ({ inputs: [, , ...rest], out, attrs }, claimed) => {
        const y = unseen(() => apply(P, [wanted(claimed, out), ...rest], ...([attrs] as never)))
        return [{ value: y, weight: null }, null, ...rest.map(() => null)]
      }
    },
    examples: r => options.examples?.(r) ?? examplesOf(P, r)
  })
  return op
}

/** P where the solution is: its inputs there, and its output. */
const inside = <A>(P: Op<A>, v: Pick<View<A>, 'x' | 'y' | 'attrs'>): Site<A> => ({
  op: P,
  inputs: [v.y, ...v.x.slice(2)],
  out: v.x[0],
  attrs: v.attrs,
  saved: {}
})

function byNewton<A>(P: Op<A>, name: string, y: Tensor, near: Tensor, rest: readonly Tensor[], attrs: A): Tensor {
  const tape = new Tape()
  const x = tape.watch(new Tensor(near.shape, near.data))
  const out = tape.record(() => apply(P, [x, ...rest], ...([attrs] as never)))
  if (!sameShape(out.shape, y.shape) || !tape.knows(out))
    throw new ShapeError(
      name,
      tape.knows(out)
        ? `outputs ${show(out.shape)} of ${P.name} for y ${show(y.shape)}`
        : `${P.name} ignores its input`,
      'An operator with an inverse has an output of the shape of its first input, and depends on it'
    )
  if (y.size === 0) return zerosLike(y)
  const block = new BlockProblem(tape.sites, [x], [out], [claim(y)])
  const { x: change, status, mismatch } = newton({ tolerance: 0 }).solve!(block)
  const missed = status.findIndex(s => s !== 'converged')
  if (missed >= 0)
    throw new InverseError(
      name,
      `sample ${missed} has no solution near the given point: ${status[missed]}, it misses y by ${mismatch[missed].toExponential(1)}`,
      'Start nearer, or ask for what is in reach'
    )
  return block.tensors(change)[0]
}

/** J⁻¹ or J⁻ᵀ of a tangent or a cotangent, which may have row axes in front. Written with operators. */
function solved<A>(P: Op<A>, rhs: Tensor, v: View<A>, transposed: boolean): Tensor {
  if (rhs.size === 0) return rhs
  const [, , ...rest] = v.x
  const f = (x: Tensor) => apply(P, [x, ...rest], ...([v.attrs] as never))
  const apart = P.carry(inside(P, v))?.[0] === true
  const { shape } = v.y
  const n = size(apart ? shape.slice(1) : shape)
  const J = apart
    ? reshape(sampleJacobian(f)(v.y).J as Tensor, [shape[0], n, n])
    : reshape(jacobian(f)(v.y).J as Tensor, [n, n])
  const front = rhs.shape.slice(0, rhs.rank - shape.length + (apart ? 1 : 0))
  return reshape(apply(solveOp, [J, reshape(rhs, [...front, n, 1])], { transposed }), rhs.shape)
}

function back<A>(P: Op<A>, ct: Tensor, v: View<A>, rule: 'vjp' | 'sampleVjp'): (Tensor | null)[] {
  const y = solved(P, ct, v, true)
  const others = v.x.slice(2).map((_, i) => v.wants(i + 2))
  if (!others.some(Boolean)) return [y, null, ...others.map(() => null)]
  const wants = (i: number) => i > 0 && others[i - 1]
  const site = inside(P, v)
  const carried = site.inputs.map((_, i) => v.carried(i === 0 ? 0 : i + 1))
  const view = v.lead > 0 ? rowView(site, carried, wants) : plainView(site, wants)
  const pulled = (rule === 'sampleVjp' && P.sampleVjp ? P.sampleVjp : P.vjp)(mul(y, -1), view)
  return [y, null, ...pulled.slice(1).map((c, i) => (others[i] ? c : null))]
}

/** The examples of P that have a finite output: y there, near the same point moved a little. */
function examplesOf<A>(P: Op<A>, r: Random): Example<A>[] {
  return P.examples(r).flatMap(({ inputs: [x, ...rest], attrs, ...others }) => {
    const y = unseen(() => apply(P, [x, ...rest], ...([attrs] as never)))
    return allFinite(y.data) ? [{ inputs: [y, mapData(x, v => 1.01 * v), ...rest], attrs, ...others }] : []
  })
}
