import { stretch } from '../../core/claim.js'
import { ShapeError } from '../../core/errors.js'
import type { Site } from '../../core/op.js'
import { broadcastShapes, type Shape, sameShape, show, size } from '../../core/shape.js'
import { Tensor } from '../../core/tensor.js'
import { axesOf, cellsOf, type Grid, type GridAxis } from '../grid.js'

/** Operators on two fields of one grid, whose leading axes broadcast: a coefficient may be shared by a batch. */

/** The shape of both together. Throws ShapeError where their cells are not the same. */
export function pairShape(a: Shape, b: Shape, grid: Grid, asked: string): Shape {
  const cells = cellsOf(a, grid, asked)
  if (!sameShape(cells, cellsOf(b, grid, asked)))
    throw new ShapeError(
      `${asked} of ${show(a)} and ${show(b)}`,
      `cells ${show(cells)} and ${show(cellsOf(b, grid, asked))}`,
      'Give both on one grid: only axes in front of the cells broadcast'
    )
  return [...broadcastShapes(leadsOf(a, grid), leadsOf(b, grid), `${asked}, leading axes`), ...cells]
}

export const leadsOf = (s: Shape, { dx }: Grid): Shape => s.slice(0, s.length - dx.length)

/** Where in the data of `own` begins the field that belongs to each field of `shape`. */
export function starts(own: Shape, shape: Shape, grid: Grid): Int32Array {
  const leads = leadsOf(own, grid)
  const n = size(cellsOf(shape, grid, 'a field'))
  const index = new Tensor(
    leads,
    Float64Array.from({ length: size(leads) }, (_, k) => k * n)
  )
  return Int32Array.from(stretch(index, leadsOf(shape, grid)).data)
}

type Kernel = (
  a: Tensor['data'],
  atA: number,
  b: Tensor['data'],
  atB: number,
  y: Float64Array,
  atY: number,
  axes: readonly GridAxis[]
) => void

/** Runs a kernel on each pair of fields; computed in f64, in the dtype of a. */
export function onPairs(kernel: Kernel, a: Tensor, b: Tensor, shape: Shape, grid: Grid): Tensor {
  const y = new Float64Array(size(shape))
  const cells = cellsOf(shape, grid, 'a field')
  const axes = axesOf(cells, grid)
  const n = size(cells)
  const [ofA, ofB] = [starts(a.shape, shape, grid), starts(b.shape, shape, grid)]
  const [dataA, dataB] = [a.data, b.data]
  for (let k = 0; k < ofA.length; k++) kernel(dataA, ofA[k], dataB, ofB[k], y, k * n, axes)
  return new Tensor(shape, a.dtype === 'f64' ? y : Float32Array.from(y))
}

/** The sample axis lies in front of the cells: axis 0 of those inputs that have it. */
export const carryPairs = ({ inputs, out, attrs }: Site<{ grid: Grid }>): readonly boolean[] | undefined =>
  out.rank > attrs.grid.dx.length ? inputs.map(t => t.rank === out.rank && t.shape[0] === out.shape[0]) : undefined

/** Is input i one field for several of the output? */
export const isShared = ({ inputs, out }: Site, i: number): boolean => inputs[i].size !== out.size
