import { gpuMap2 } from '../../core/backends/gpu/kernels.js'
import { binaryBroadcast, type RowKernel } from '../../core/backends/plain/broadcast.js'
import { binary } from '../../core/families/binary.js'
import { allocUnset } from '../../core/memory.js'
import type { Op, View } from '../../core/op.js'
import { size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { Tensor, tensor } from '../../core/tensor.js'

export interface Extremum {
  name: string
  /** What wins: 'larger' or 'smaller'. */
  wins: 'larger' | 'smaller'
  row: RowKernel
  /** The same for a GPU: of `a` and `b`. */
  gpu: string
}

/** A constant: which input wins does not change when they move a little. */
function winner({ x: [a, b], y: { shape } }: View, row: RowKernel, gpu: string): Tensor {
  const onGpu = gpuMap2(a, b, gpu, shape)
  if (onGpu) return onGpu
  const w = allocUnset(size(shape), a.dtype)
  binaryBroadcast(row, a.data, a.shape, b.data, b.shape, w, shape)
  return new Tensor(shape, w)
}

/**
 * The family of maximum and minimum: y is one of its inputs, the one that wins, and so are its derivatives; at a tie each
 * input counts half, as in PyTorch.
 */
export function extremum({ name, wins, row, gpu }: Extremum): Op<undefined> {
  const sign = wins === 'larger' ? 1 : -1
  const [symbol, opposite] = wins === 'larger' ? ['max', 'min'] : ['min', 'max']
  /** 1 where a wins, 0 where b does, ½ where they are equal. */
  const first: RowKernel = (a, ia, da, b, ib, db, y, iy, n) => {
    for (let j = 0; j < n; j++, ia += da, ib += db)
      y[iy + j] = a[ia] === b[ib] ? 0.5 : sign * (a[ia] - b[ib]) > 0 ? 1 : 0
  }
  const second: RowKernel = (a, ia, da, b, ib, db, y, iy, n) => first(b, ib, db, a, ia, da, y, iy, n)
  const share = (v: View, i: 0 | 1): Tensor => {
    const [mine, other] = i === 0 ? ['a', 'b'] : ['b', 'a']
    const [large, small] = wins === 'larger' ? [mine, other] : [other, mine]
    return winner(v, i === 0 ? first : second, `${large} > ${small} ? 1 : (a === b ? 0.5 : 0)`)
  }
  /** The input that gives t beside `other`: t where it can win, otherwise one that lets the other win. */
  const beside = (t: number, other: number, x: number): number =>
    sign * (t - other) > 0 ? t : sign * Math.min(sign * x, sign * other)
  return binary({
    name,
    doc: `y = the ${wins} of a and b
  tangent  dy = da or db
  adjoint  ct to the ${wins} one, summed over broadcast axes
  inverse  ỹ where that is the ${wins}; otherwise the other wins (the nearest target in reach): an input that loses
           already stays, one that wins becomes equal to the other
  caveats  where a = b each counts half in tangent and adjoint, as in PyTorch`,
    tex: {
      y: String.raw`y = \operatorname{${symbol}}(a, b)`,
      tangent: String.raw`dy = [a \text{ wins}]\,da + [b \text{ wins}]\,db`,
      adjoint: String.raw`\bar a = [a \text{ wins}]\,\bar y,\; \bar b = [b \text{ wins}]\,\bar y`,
      inverse: String.raw`\tilde a = \begin{cases} \tilde y & \tilde y \text{ wins over } b \\ \operatorname{${opposite}}(a, b) & \text{else} \end{cases}`
    },
    row,
    gpu,
    jvp: [(da, v) => mul(da, share(v, 0)), (db, v) => mul(db, share(v, 1))],
    vjp: [(ct, v) => mul(ct, share(v, 0)), (ct, v) => mul(ct, share(v, 1))],
    wasm: wins === 'larger' ? 'maximum' : 'minimum',
    solve: [beside, beside],
    kind: 'local',
    examples: r => [
      { inputs: [r.uniform([2, 3], 1, 2), r.uniform([2, 3], -1, 0)] },
      {
        inputs: [
          tensor([
            [0.5, 1.5, -2.5],
            [3, -1, 2]
          ]),
          tensor([
            [1, 1, -2],
            [-4, 5, 0]
          ])
        ]
      },
      { inputs: [r.uniform([3], -2, -1), r.uniform([], 0, 1)] },
      { inputs: [tensor([1, 2, 3]), tensor([1, 5, 0])], smooth: false, note: 'tie' }
    ]
  })
}
