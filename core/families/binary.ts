import { apply } from '../apply.js'
import { pointwise, stretched as stretchedTo } from '../backends/gpu/kernels.js'
import { binary as combine } from '../backends/kernels.js'
import type { RowKernel } from '../backends/plain/broadcast.js'
import type { BinaryName } from '../backends/wasm/binary.js'
import { foldClaim, stretch } from '../claim.js'
import { DTypeError } from '../errors.js'
import { alloc, allocUnset } from '../memory.js'
import {
  type Claim,
  carryAligned,
  defineOp,
  type Example,
  type Op,
  type Refusal,
  type Site,
  type Tex,
  type View
} from '../op.js'
import { describe } from '../options.js'
import type { Random } from '../random.js'
import { broadcastShapes, sameShape, size } from '../shape.js'
import { both } from '../structural/add.js'
import { expand } from '../structural/expand.js'
import { unseen } from '../tape.js'
import { full, mapData, onesLike, Tensor } from '../tensor.js'
import { plainView } from '../view.js'
import { withCost } from './cost.js'
import { edgesOfTwo, PAIRED_ENDS, withEdges } from './edges.js'
import { heldBack } from './heldBack.js'

export interface Binary {
  name: string
  doc: string
  tex?: Tex
  /** n entries from strided rows: y[iy + j] = f(a[ia + j·da], b[ib + j·db]). */
  row: RowKernel
  /** y of one pair for a GPU, in GPU.js's language: an expression of `a` and `b`, or statements that return. */
  gpu?: string
  /** The same in WebAssembly, bit for bit, where that has it. */
  wasm?: BinaryName
  /** The change of y when only one input moves: products with ∂y/∂a and ∂y/∂b, written with operators. */
  jvp: readonly [(da: Tensor, v: View<undefined>) => Tensor, (db: Tensor, v: View<undefined>) => Tensor]
  /** ct times the same partial derivatives, before broadcasting is undone. */
  vjp: readonly [(ct: Tensor, v: View<undefined>) => Tensor, (ct: Tensor, v: View<undefined>) => Tensor]
  /**
   * Per entry: the one input that gives `target` while the other stays; NaN where there is none. Not asked where the
   * target is the current output: there the input stays; nor for a target NaN.
   */
  solve?: readonly [(target: number, b: number, a: number) => number, (target: number, a: number, b: number) => number]
  /** Of `solve`: 'local' where several inputs give one output (maximum). Default 'exact'. */
  kind?: 'exact' | 'local'
  /** The smallest change of both: new a and b for one entry. */
  choose?(target: number, a: number, b: number): readonly [number, number]
  noInverse?: string
  /**
   * Points of its domain. The family adds broadcasting from both sides and of scalars, and an empty axis, all with
   * entries of the first, which has shape [2, 3] twice: any a of it goes with any b.
   */
  examples(random: Random): readonly Example<undefined>[]
  /** Pairs (a, b) at the ends of the range. Default: 1e±300 in either place, of either sign, without ties. */
  extremes?: readonly (readonly [number, number])[]
}

/**
 * The family y = f(a, b), entry by entry, with NumPy's broadcasting.
 *
 * Its tangent rule adds, and `add` is one of the family: the two modules import each other, which is sound because both
 * need only hoisted functions of the other while they load.
 */
export function binary(rules: Binary): Op<undefined> {
  const { solve, choose, gpu } = rules
  const reach = (dx: Tensor, v: View<undefined>): Tensor =>
    sameShape(dx.shape, v.y.shape) ? dx : expand(dx, v.y.shape)
  return defineOp({
    name: rules.name,
    doc: withCost(rules.doc, 'one pass over the entries of the output'),
    tex: rules.tex,
    outShape: ([a, b]) => broadcastShapes(a, b, rules.name),
    forward: ([a, b], _, shape) => {
      const y = allocUnset(size(shape), a.dtype)
      combine(rules.wasm, rules.row, a.data, a.shape, b.data, b.shape, y, shape)
      return new Tensor(shape, y)
    },
    device:
      gpu === undefined
        ? undefined
        : ([a, b], _, shape) => pointwise(shape, [stretchedTo(a, shape), stretchedTo(b, shape)], ['a', 'b'], gpu),
    jvp: ([da, db], v) => {
      const p = da && reach(rules.jvp[0](da, v), v)
      const q = db && reach(rules.jvp[1](db, v), v)
      return both(p, q)
    },
    vjp: (ct, v) => [
      v.wants(0) ? v.fold(rules.vjp[0](ct, v), 0) : null,
      v.wants(1) ? v.fold(rules.vjp[1](ct, v), 1) : null
    ],
    carry: carryAligned,
    inverse: solve && {
      kind: rules.kind ?? 'exact',
      apply: (site, claimed, active) => {
        const i = active[0] ? 0 : 1
        const x = stretch(site.inputs[i], site.out.shape)
        const other = stretch(site.inputs[1 - i], site.out.shape)
        const value = mapData(claimed.value, (t, k) => {
          const stays = (claimed.weight && claimed.weight.data[k] === 0) || t === site.out.data[k]
          return stays ? x.data[k] : Number.isNaN(t) ? t : solve[i](t, other.data[k], x.data[k])
        })
        const folded = foldCopies({ value, weight: claimed.weight }, site, i, rules.jvp[i])
        const held = { value: heldBack(site, i, claimed, folded.value), weight: folded.weight }
        return i === 0 ? [held, null] : [null, held]
      },
      choose: choose && ((site, claimed) => chooseBoth(choose, site, claimed)),
      lawless: site =>
        stretched(site) ? 'an input is broadcast: its copies get one number, the least-squares one' : undefined
    },
    noInverse: rules.noInverse,
    examples: withEdges(rules.examples, first => edgesOfTwo(first, rules.extremes ?? PAIRED_ENDS))
  })
}

function stretched(site: Site): boolean {
  return site.inputs.some(t => !sameShape(t.shape, site.out.shape))
}

/**
 * A broadcast input is one number for all of its copies. Copy k alone asks for x̃_k, and a change of x moves its output
 * by s_k = ∂y_k/∂x: Σ w_k (y_k + s_k (x̃ - x) - ỹ_k)² is least at the mean of the x̃_k weighted by w_k s_k². Copies that
 * x cannot move do not count.
 */
function foldCopies(claimed: Claim, site: Site, i: number, jvp: Binary['jvp'][number]): Claim {
  const x = site.inputs[i]
  if (sameShape(x.shape, site.out.shape)) return claimed
  const slope = unseen(() => jvp(onesLike(site.out), plainView(site)))
  // Relative to Σ|s_k| over the copies of an entry, so that the squares neither overflow nor vanish.
  const total = foldClaim({ value: slope, weight: mapData(slope, Math.abs) }, x.shape).weight!
  const scale = stretch(total, site.out.shape).data
  const counts = mapData(slope, (s, k) =>
    scale[k] === 0 ? 0 : (s / scale[k]) ** 2 * (claimed.weight ? claimed.weight.data[k] : 1)
  )
  const mean = foldClaim({ value: claimed.value, weight: counts }, x.shape)
  const weight = foldClaim(claimed, x.shape).weight!
  return {
    value: mapData(x, (v, k) => (mean.weight!.data[k] === 0 ? v : mean.value.data[k])),
    weight: mapData(weight, (w, k) => (mean.weight!.data[k] === 0 ? 0 : w))
  }
}

function chooseBoth(
  choose: (target: number, a: number, b: number) => readonly [number, number],
  site: Site,
  { value, weight }: Claim
): (Claim | null)[] | Refusal {
  if (stretched(site)) return { refuse: 'the smallest change of a broadcast input is not entry by entry' }
  const [a, b] = site.inputs
  const p = alloc(a.size, a.dtype)
  const q = alloc(b.size, b.dtype)
  for (let i = 0; i < p.length; i++) {
    const kept = weight && weight.data[i] === 0
    const [u, w] = kept ? [a.data[i], b.data[i]] : choose(value.data[i], a.data[i], b.data[i])
    p[i] = u
    q[i] = w
  }
  return [
    { value: new Tensor(a.shape, p), weight },
    { value: new Tensor(b.shape, q), weight }
  ]
}

/** Numbers are weak: they take the dtype of the tensor beside them. */
export function operands(a: Tensor | number, b: Tensor | number, op: string): readonly [Tensor, Tensor] {
  const known = a instanceof Tensor ? a : b instanceof Tensor ? b : undefined
  const dtype = known?.dtype ?? 'f64'
  const lift = (v: Tensor | number): Tensor => {
    if (v instanceof Tensor) return v
    if (typeof v !== 'number')
      throw new DTypeError(op, `${describe(v)} as an operand`, 'Operands are tensors or numbers')
    return full([], v, dtype)
  }
  return [lift(a), lift(b)]
}

/** The user's function of a binary operator. */
export function binaryFunction(op: Op<undefined>): (a: Tensor | number, b: Tensor | number) => Tensor {
  return (a, b) => apply(op, operands(a, b, op.name))
}
