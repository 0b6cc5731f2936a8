import { apply } from '../../core/apply.js'
import { pointwise, stretched } from '../../core/backends/gpu/kernels.js'
import { binary } from '../../core/backends/kernels.js'
import type { RowKernel } from '../../core/backends/plain/broadcast.js'
import { foldClaim, stretch } from '../../core/claim.js'
import { operands } from '../../core/families/binary.js'
import { alloc, allocUnset } from '../../core/memory.js'
import { type Claim, carryAligned, defineOp } from '../../core/op.js'
import { broadcastShapes, sameShape, size } from '../../core/shape.js'
import { expand } from '../../core/structural/expand.js'
import { checkTensor, type DType, mapData, Tensor, tensor } from '../../core/tensor.js'

/** Derivatives ask for 0 on one side: these need no copies of it. */
const isZero = (t: Tensor): boolean => t.size === 1 && Object.is(t.data[0], 0)

const keepRow: RowKernel = (c, ic, dc, a, ia, da, y, iy, n) => {
  for (let j = 0; j < n; j++, ic += dc, ia += da) y[iy + j] = c[ic] !== 0 ? a[ia] : 0
}

const dropRow: RowKernel = (c, ic, dc, b, ib, db, y, iy, n) => {
  for (let j = 0; j < n; j++, ic += dc, ib += db) y[iy + j] = c[ic] !== 0 ? 0 : b[ib]
}

export const whereOp = defineOp({
  name: 'where',
  doc: `y = a where the condition is not 0, b elsewhere
  tangent  dy = da or db
  adjoint  ct to a where the condition holds, to b elsewhere, summed over broadcast axes; 0 to the condition
  inverse  each entry of the claim goes to the input that it came from; the other has no claim there
  caveats  the condition is a constant for every derivative
  cost     one pass, and one per broadcast input`,
  tex: {
    y: String.raw`y = \begin{cases} a & c \ne 0 \\ b & \text{else} \end{cases}`,
    tangent: String.raw`dy = \begin{cases} da & c \ne 0 \\ db & \text{else} \end{cases}`,
    adjoint: String.raw`\bar a = [c \ne 0]\,\bar y,\; \bar b = [c = 0]\,\bar y`,
    inverse: String.raw`\tilde a = \tilde y \text{ where } c \ne 0,\; \tilde b = \tilde y \text{ where } c = 0`
  },
  outShape: ([c, a, b]) => broadcastShapes(broadcastShapes(c, a, 'where'), b, 'where'),
  forward: ([cond, a, b], _, shape) => {
    const y = allocUnset(size(shape), a.dtype)
    if (isZero(b)) {
      binary('keep', keepRow, cond.data, cond.shape, a.data, a.shape, y, shape)
      return new Tensor(shape, y)
    }
    if (isZero(a)) {
      binary('drop', dropRow, cond.data, cond.shape, b.data, b.shape, y, shape)
      return new Tensor(shape, y)
    }
    const [c, p, q] = [cond, a, b].map(t => stretch(t, shape).data)
    for (let i = 0; i < y.length; i++) y[i] = c[i] !== 0 ? p[i] : q[i]
    return new Tensor(shape, y)
  },
  device: (inputs, _, shape) =>
    pointwise(
      shape,
      inputs.map(t => stretched(t, shape)),
      ['c', 'a', 'b'],
      'c !== 0 ? a : b'
    ),
  jvp: ([, da, db], v) => {
    if (!da && !db) return undefined
    const dy = where(v.x[0], da ?? 0, db ?? 0)
    return sameShape(dy.shape, v.y.shape) ? dy : expand(dy, v.y.shape)
  },
  vjp: (ct, v) => [
    null,
    v.wants(1) ? v.fold(where(v.x[0], ct, 0), 1) : null,
    v.wants(2) ? v.fold(where(v.x[0], 0, ct), 2) : null
  ],
  constant: [0],
  carry: carryAligned,
  inverse: {
    kind: 'structural',
    splits: true,
    apply: ({ inputs: [cond, a, b], out }, { value, weight }, active) => {
      const c = stretch(cond, out.shape)
      const part = (x: Tensor, mine: (v: number) => boolean): Claim =>
        foldClaim({ value, weight: mapData(c, (v, i) => (mine(v) ? (weight ? weight.data[i] : 1) : 0)) }, x.shape)
      return [null, active[1] ? part(a, v => v !== 0) : null, active[2] ? part(b, v => v === 0) : null]
    }
  },
  examples: r => [
    {
      inputs: [
        tensor([
          [1, 0, 1],
          [0, 0, 1]
        ]),
        r.normal([2, 3]),
        r.normal([2, 3])
      ]
    },
    { inputs: [tensor([0, 1, 1]), r.normal([2, 1]), r.normal([3])], note: 'broadcast from all sides' },
    { inputs: [tensor([[1], [0]]), r.normal([]), r.normal([3])] },
    { inputs: [tensor([]), r.normal([0]), r.normal([0])], note: 'empty axis' },
    { inputs: [tensor([1, 0]), tensor([1e300, 1e-300]), tensor([-1e300, -1e-300])], extreme: true }
  ]
})

/**
 * a where `condition` is not 0, b elsewhere, broadcasting. The condition may have another dtype than a and b, which have
 * one and the same: it only chooses.
 */
export const where = (condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor => {
  checkTensor(condition, 'where', 'its condition')
  const [p, q] = typeof a === 'number' && typeof b === 'number' ? numbers(condition, a, b) : operands(a, b, 'where')
  return apply(whereOp, [condition.dtype === p.dtype ? condition : choice(condition, p.dtype), p, q])
}

/** The condition in another dtype, as ones and zeros: what is not 0 must not round to 0. */
function choice(condition: Tensor, dtype: DType): Tensor {
  const c = alloc(condition.size, dtype)
  for (let i = 0; i < c.length; i++) c[i] = condition.data[i] !== 0 ? 1 : 0
  return new Tensor(condition.shape, c)
}

const numbers = (like: Tensor, a: number, b: number): readonly [Tensor, Tensor] => [
  operands(a, like, 'where')[0],
  operands(b, like, 'where')[0]
]
