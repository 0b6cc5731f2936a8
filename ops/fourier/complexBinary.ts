import { apply } from '../../core/apply.js'
import { binary } from '../../core/backends/kernels.js'
import type { RowKernel } from '../../core/backends/plain/broadcast.js'
import type { BinaryName } from '../../core/backends/wasm/binary.js'
import { foldClaim, stretch, wanted } from '../../core/claim.js'
import { heldBack } from '../../core/families/heldBack.js'
import { alloc, allocUnset, type Data } from '../../core/memory.js'
import { type Claim, defineOp, type Example, type Op, type Site, type Tex, type View } from '../../core/op.js'
import type { Random } from '../../core/random.js'
import { broadcastShapes, type Shape, sameShape, size } from '../../core/shape.js'
import { both } from '../../core/structural/add.js'
import { expand } from '../../core/structural/expand.js'
import { mapData, Tensor } from '../../core/tensor.js'
import { carryPairs, checkComplex, checkPairs, numbersOf } from './pairs.js'

/** (re, im), outside of tensors. */
export type Complex = readonly [number, number]

export const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c]

/** p / q, scaled by the larger part of q so that |q|² neither overflows nor vanishes; NaN where q = 0 (Smith 1962). */
export function over([a, b]: Complex, [c, d]: Complex): Complex {
  const s = Math.max(Math.abs(c), Math.abs(d))
  const [u, v] = [c / s, d / s]
  const n = u * u + v * v
  const [p, q] = [a / s, b / s]
  return [(p * u + q * v) / n, (q * u - p * v) / n]
}

export const isZero = ([a, b]: Complex): boolean => a === 0 && b === 0

/** Complex number i of some pairs. */
export const pairAt = (t: { data: Data }, i: number): Complex => [t.data[2 * i], t.data[2 * i + 1]]

type Pair<T> = readonly [T, T]

export interface ComplexBinary {
  name: string
  doc: string
  tex: Tex
  /** n numbers from strided rows; all positions and steps count complex numbers, so entries are at twice of them. */
  row: RowKernel
  /** The same in WebAssembly, bit for bit, where that has it. */
  wasm?: BinaryName
  /** The same on a GPU. */
  gpu?(a: Tensor, b: Tensor, shape: Shape): Tensor
  /** The change of y when only one input moves, written with operators. */
  jvp: Pair<(d: Tensor, v: View<undefined>) => Tensor>
  /** ct times the conjugate of the same derivatives, before broadcasting is undone. */
  vjp: Pair<(ct: Tensor, v: View<undefined>) => Tensor>
  /** |∂y/∂input| at one pair. */
  slope: Pair<(a: Complex, b: Complex) => number>
  /** The one input that gives `target` while the other stays at `other`; NaN where there is none. */
  solve: Pair<(target: Complex, other: Complex, current: Complex) => Complex>
  choose?(target: Complex, a: Complex, b: Complex): Pair<Complex>
  examples(random: Random): readonly Example<undefined>[]
}

/**
 * The family y = f(a, b), complex number by complex number, holomorphic in both, with NumPy's broadcasting of all axes but
 * the pair axis. A complex number is claimed as a whole: where only one of its parts is asked for, the other stays.
 */
export function complexBinary(rules: ComplexBinary): Op<undefined> {
  const reach = (d: Tensor, v: View<undefined>): Tensor => (sameShape(d.shape, v.y.shape) ? d : expand(d, v.y.shape))
  return defineOp({
    name: rules.name,
    doc: rules.doc,
    tex: rules.tex,
    outShape: ([a, b]) => {
      checkPairs(a, rules.name, 'its first input')
      checkPairs(b, rules.name, 'its second input')
      return [...broadcastShapes(numbersOf(a), numbersOf(b), rules.name), 2]
    },
    forward: ([a, b], _, shape) => {
      const y = allocUnset(size(shape), a.dtype)
      binary(rules.wasm, rules.row, a.data, numbersOf(a.shape), b.data, numbersOf(b.shape), y, numbersOf(shape))
      return new Tensor(shape, y)
    },
    device: rules.gpu && (([a, b], _, shape) => rules.gpu!(a, b, shape)),
    jvp: ([da, db], v) => both(da && reach(rules.jvp[0](da, v), v), db && reach(rules.jvp[1](db, v), v)),
    vjp: (ct, v) => [
      v.wants(0) ? v.fold(rules.vjp[0](ct, v), 0) : null,
      v.wants(1) ? v.fold(rules.vjp[1](ct, v), 1) : null
    ],
    carry: carryPairs,
    inverse: {
      kind: 'exact',
      apply: (site, claimed, active) => {
        const i = active[0] ? 0 : 1
        const { value, weight } = solveOne(rules, site, claimed, i)
        const asked = { value: wanted(claimed, site.out), weight: claimed.weight && wholeWeight(claimed.weight) }
        const held = { value: heldBack(site, i, asked, value, 2), weight }
        return i === 0 ? [held, null] : [null, held]
      },
      choose:
        rules.choose &&
        ((site, claimed) =>
          isStretched(site)
            ? { refuse: 'the smallest change of a broadcast input is not number by number' }
            : chooseBoth(rules.choose!, site, claimed)),
      lawless: site =>
        isStretched(site) ? 'an input is broadcast: its copies get one number, the least-squares one' : undefined
    },
    examples: rules.examples
  })
}

const isStretched = ({ inputs, out }: Site): boolean => inputs.some(t => !sameShape(t.shape, out.shape))

/** The weight of a complex number: its larger one, since a part without a claim is asked to stay. */
const weightAt = (w: Tensor | null, i: number): number => (w ? Math.max(...pairAt(w, i)) : 1)

const wholeWeight = (w: Tensor): Tensor => mapData(w, (_, e) => weightAt(w, e >> 1))

/**
 * Copies of a broadcast input ask for x̃_k each; a change of x moves y_k by s_k times it, so Σ w_k |s_k|² |x̃ - x̃_k|² is
 * least at their mean weighted by w_k |s_k|². Copies that x cannot move do not count.
 */
function solveOne(rules: ComplexBinary, site: Site, claimed: Claim, i: 0 | 1): Claim {
  const { out, inputs } = site
  const [x, other] = [stretch(inputs[i], out.shape), stretch(inputs[1 - i], out.shape)]
  const target = wanted(claimed, out)
  const [value, weight, counts] = [out, out, out].map(t => new Tensor(t.shape, alloc(t.size, t.dtype)))
  for (let k = 0; k < out.size / 2; k++) {
    const w = weightAt(claimed.weight, k)
    const [p, q, t] = [pairAt(x, k), pairAt(other, k), pairAt(target, k)]
    const stays = w === 0 || (t[0] === out.data[2 * k] && t[1] === out.data[2 * k + 1])
    const s = i === 0 ? rules.slope[0](p, q) : rules.slope[1](q, p)
    value.data.set(stays ? p : rules.solve[i](t, q, p), 2 * k)
    weight.data.fill(w, 2 * k, 2 * k + 2)
    counts.data.fill(w * s * s, 2 * k, 2 * k + 2)
  }
  if (sameShape(inputs[i].shape, out.shape)) return { value, weight: claimed.weight && weight }
  const mean = foldClaim({ value, weight: counts }, inputs[i].shape)
  const total = foldClaim({ value, weight }, inputs[i].shape)
  const keep = (e: number): boolean => mean.weight!.data[e] === 0
  return {
    value: new Tensor(
      inputs[i].shape,
      mean.value.data.map((v, e) => (keep(e) ? inputs[i].data[e] : v))
    ),
    weight: new Tensor(
      inputs[i].shape,
      total.weight!.data.map((w, e) => (keep(e) ? 0 : w))
    )
  }
}

function chooseBoth(choose: NonNullable<ComplexBinary['choose']>, { inputs, out }: Site, claimed: Claim): Claim[] {
  const target = wanted(claimed, out)
  const values = inputs.map(t => new Tensor(t.shape, alloc(t.size, t.dtype)))
  for (let k = 0; k < out.size / 2; k++) {
    const [a, b] = [pairAt(inputs[0], k), pairAt(inputs[1], k)]
    const chosen = weightAt(claimed.weight, k) === 0 ? [a, b] : choose(pairAt(target, k), a, b)
    values.forEach((v, i) => {
      v.data.set(chosen[i], 2 * k)
    })
  }
  const weight = claimed.weight && wholeWeight(claimed.weight)
  return values.map(value => ({ value, weight }))
}

/** The user's function. */
export const complexFunction =
  (op: Op<undefined>) =>
  (a: Tensor, b: Tensor): Tensor => {
    checkComplex(a, op.name, 'its first input')
    checkComplex(b, op.name, 'its second input')
    return apply(op, [a, b])
  }
