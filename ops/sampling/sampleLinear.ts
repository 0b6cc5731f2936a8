import { apply } from '../../core/apply.js'
import * as kernels from '../../core/backends/plain/sampleLinear.js'
import { OptionError, ShapeError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { defineOp, type Example, type Op, type View } from '../../core/op.js'
import { checkChoice, checkNumbers, checkOptions } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { broadcastShapes, type Shape, show, size } from '../../core/shape.js'
import { add, both } from '../../core/structural/add.js'
import { mul } from '../../core/structural/mul.js'
import { checkTensor, mapData, Tensor } from '../../core/tensor.js'
import { at } from '../shape/at.js'
import { stack } from '../shape/concat.js'
import {
  carryBatch,
  checkPlaces,
  fieldBatch,
  gridShape,
  pairing,
  placesBatch,
  placesShape,
  type SampleAttrs,
  samplingOf
} from './places.js'

/** What lies beyond an end of the grid: the grid again, 0 one cell further, or the value of the last cell. */
export type Beyond = kernels.Edge

/** The slope along one axis more; undefined where it is read already: between grid points the field is linear in each. */
const along = (attrs: SampleAttrs, axis: number): SampleAttrs | undefined =>
  attrs.slope[axis] ? undefined : { ...attrs, slope: attrs.slope.map((s, k) => s || k === axis) }

/** Of each coordinate: what the rule makes of the slope along it; those without are zeros. */
const perAxis = <T>(attrs: SampleAttrs, f: (sloped: SampleAttrs, axis: number) => T): (T | undefined)[] =>
  attrs.boundary.map((_, axis) => {
    const sloped = along(attrs, axis)
    return sloped && f(sloped, axis)
  })

const sumOf = (terms: readonly (Tensor | undefined)[]): Tensor | undefined =>
  terms.reduce((s, t) => (s && t ? add(s, t) : (s ?? t)), undefined)

const coordinate = (p: Tensor, axis: number, { places }: SampleAttrs): Tensor => at(p, axis, -1 - places)

/** ct per coordinate, one behind the other where places have their coordinate axis; null where all are zero. */
function overCoordinates(parts: readonly (Tensor | undefined)[], v: View<SampleAttrs>): Tensor | null {
  const some = parts.find(t => t !== undefined)
  if (!some) return null
  const zero = parts.includes(undefined) ? mapData(some, () => 0) : some
  return v.fold(
    stack(
      parts.map(t => t ?? zero),
      -1 - v.attrs.places
    ),
    1
  )
}

export const sampleLinearOp: Op<SampleAttrs> = defineOp<SampleAttrs>({
  name: 'sampleLinear',
  doc: `y_m = x(p_m): a field read between its grid points, linearly along each axis: Σ_c w_c(p_m) x_c over the 2^d corners c of
the cell around p_m; slopes of it along some axes, which its own derivatives need
  tangent  dy = dx(p) + Σ_i ∂_i x(p) dp_i
  adjoint  to the field spreadLinear(ct, p), to the places ct ∂_i x(p)
  inverse  none declared: linear in the field, so one step of the newton rung is exact; where places leave entries of the
           field unread, those stay
  domain   fields [..., n1 … nd], places [..., d, m1 … mk] in cells; leading axes broadcast
  cost     2^d products per place
  caveats  continuous in p, with kinks on grid lines: there the slope is the mean of both sides. Beyond the end of an axis
           the field goes on periodically, falls to 0 within a cell (dirichlet) or is constant (neumann)`,
  tex: {
    y: String.raw`y_m = \sum_c w_c(p_m)\,x_c`,
    tangent: String.raw`dy_m = \sum_c w_c\,dx_c + \textstyle\sum_i (\partial_i w_c)\,x_c\,dp_{m,i}`,
    adjoint: String.raw`\bar x_c = \sum_m w_c(p_m)\,\bar y_m,\; \bar p_{m,i} = \bar y_m \sum_c (\partial_i w_c)\,x_c`
  },
  outShape: ([x, p], attrs) => {
    checkPlaces('sampleLinear', p, gridShape(x, attrs), attrs)
    return [...broadcastShapes(fieldBatch(x, attrs), placesBatch(p, attrs), 'sampleLinear'), ...placesShape(p, attrs)]
  },
  forward: ([x, p], attrs, shape) => {
    const y = alloc(size(shape), x.dtype)
    const pairs = pairing(fieldBatch(x.shape, attrs), placesBatch(p.shape, attrs), 'sampleLinear')
    kernels.sampleLinear(x.data, p.data, y, pairs, samplingOf(gridShape(x.shape, attrs), p.shape, attrs))
    return new Tensor(shape, y)
  },
  jvp: ([dx, dp], { x: [x, p], attrs }) =>
    both(
      dx && apply(sampleLinearOp, [dx, p], attrs),
      dp && sumOf(perAxis(attrs, (sloped, i) => mul(apply(sampleLinearOp, [x, p], sloped), coordinate(dp, i, attrs))))
    ),
  vjp: (ct, v) => {
    const [x, p] = v.x
    const grid = gridShape(x.shape, v.attrs)
    return [
      v.wants(0) ? v.fold(apply(spreadLinearOp, [ct, p], { ...v.attrs, grid }), 0) : null,
      v.wants(1)
        ? overCoordinates(
            perAxis(v.attrs, sloped => mul(ct, apply(sampleLinearOp, [x, p], sloped))),
            v
          )
        : null
    ]
  },
  carry: carryBatch(({ inputs: [x, p], attrs }) => [fieldBatch(x.shape, attrs), placesBatch(p.shape, attrs)]),
  noInverse: 'a sparse least-squares problem in the field, left to the newton rung, which needs one step of it',
  examples: r => examplesOf(r, (c, scaled) => ({ inputs: [scaled(c.field), c.places], attrs: c.attrs }))
})

interface SpreadAttrs extends SampleAttrs {
  /** Of the field. */
  readonly grid: Shape
}

export const spreadLinearOp: Op<SpreadAttrs> = defineOp<SpreadAttrs>({
  name: 'spreadLinear',
  doc: `x_c = Σ_m w_c(p_m) y_m: values at places given to the 2^d corners of the cells around them; the adjoint of sampleLinear
  tangent  dx = spreadLinear(dy, p) + Σ_i spreadLinear(y dp_i, p) with slopes along axis i
  adjoint  to the values ct(p), to the places y ∂_i ct(p)
  inverse  none declared: linear in the values, so one step of the newton rung is exact
  domain   values [..., m1 … mk], places [..., d, m1 … mk] in cells; leading axes broadcast
  cost     2^d products per place
  caveats  as sampleLinear`,
  tex: {
    y: String.raw`x_c = \sum_m w_c(p_m)\,y_m`,
    tangent: String.raw`dx_c = \sum_m w_c\,dy_m + \textstyle\sum_i (\partial_i w_c)\,y_m\,dp_{m,i}`,
    adjoint: String.raw`\bar y_m = \sum_c w_c(p_m)\,\bar x_c,\; \bar p_{m,i} = y_m \sum_c (\partial_i w_c)\,\bar x_c`
  },
  outShape: ([y, p], attrs) => {
    checkPlaces('spreadLinear', p, attrs.grid, attrs)
    return [
      ...broadcastShapes(y.slice(0, y.length - attrs.places), placesBatch(p, attrs), 'spreadLinear'),
      ...attrs.grid
    ]
  },
  forward: ([y, p], attrs, shape) => {
    const x = alloc(size(shape), y.dtype)
    const pairs = pairing(y.shape.slice(0, y.rank - attrs.places), placesBatch(p.shape, attrs), 'spreadLinear')
    kernels.spreadLinear(y.data, p.data, x, pairs, samplingOf(attrs.grid, p.shape, attrs))
    return new Tensor(shape, x)
  },
  jvp: ([dy, dp], { x: [y, p], attrs }) =>
    both(
      dy && apply(spreadLinearOp, [dy, p], attrs),
      dp &&
        sumOf(
          perAxis(attrs, (sloped, i) =>
            apply(spreadLinearOp, [mul(y, coordinate(dp, i, attrs)), p], { ...sloped, grid: attrs.grid })
          )
        )
    ),
  vjp: (ct, v) => {
    const [y, p] = v.x
    return [
      v.wants(0) ? v.fold(apply(sampleLinearOp, [ct, p], v.attrs), 0) : null,
      v.wants(1)
        ? overCoordinates(
            perAxis(v.attrs, sloped => mul(y, apply(sampleLinearOp, [ct, p], sloped))),
            v
          )
        : null
    ]
  },
  carry: carryBatch(({ inputs: [y, p], attrs }) => [
    y.shape.slice(0, y.rank - attrs.places),
    placesBatch(p.shape, attrs)
  ]),
  noInverse: 'a sparse least-squares problem in the values, left to the newton rung, which needs one step of it',
  examples: r =>
    examplesOf(r, ({ field, places, attrs }, scaled) => ({
      inputs: [scaled([...fieldBatch(field, attrs), ...placesShape(places.shape, attrs)]), places],
      attrs: { ...attrs, grid: gridShape(field, attrs) }
    }))
})

interface Case {
  readonly field: Shape
  readonly places: Tensor
  readonly attrs: SampleAttrs
}

/** The same places for both operators: inside of cells, on grid points, beyond the ends. */
function examplesOf<A>(r: Random, make: (c: Case, scaled: (s: Shape) => Tensor) => Example<A>): Example<A>[] {
  /** From `low` to `high`, never close to a grid line. */
  const inside = (shape: Shape, low: number, high: number): Tensor =>
    mapData(r.uniform(shape), v => {
      const p = low + v * (high - low)
      return Math.floor(p) + 0.3 + 0.4 * (p - Math.floor(p))
    })
  const example = (
    note: string,
    field: Shape,
    places: Tensor,
    attrs: Partial<SampleAttrs> & Pick<SampleAttrs, 'boundary'>,
    more: { scale?: number; smooth?: boolean; extreme?: boolean } = {}
  ): Example<A> => {
    const all = { places: 1, relative: false, slope: attrs.boundary.map(() => false), ...attrs }
    const { scale = 1, ...rest } = more
    const scaled = (s: Shape) => mapData(r.normal(s), v => scale * (v + Math.sign(v)))
    return { ...make({ field, places, attrs: all }, scaled), note, ...rest }
  }
  const ring: SampleAttrs['boundary'] = ['periodic']
  const walls: SampleAttrs['boundary'] = ['dirichlet', 'neumann']
  return [
    example('periodic', [2, 4], inside([2, 1, 3], -3, 8), { boundary: ring }),
    example('two kinds of walls', [2, 3, 2], inside([2, 2, 4], -2, 4), { boundary: walls }),
    example('broadcast from both sides', [2, 1, 3], inside([3, 1, 2], 0, 3), { boundary: ring }),
    example('displacements', [2, 3, 2], inside([2, 2, 3, 2], -2, 2), {
      boundary: ['periodic', 'periodic'],
      places: 2,
      relative: true
    }),
    example('three dimensions, no batch', [2, 2, 3], inside([3, 2], 0, 2), {
      boundary: ['periodic', 'dirichlet', 'neumann']
    }),
    example('slopes', [2, 4], inside([2, 1, 3], 0, 4), { boundary: ring, slope: [true] }),
    example('slopes along one axis', [3, 2], inside([2, 2], 0, 1), { boundary: walls, slope: [false, true] }),
    example(
      'on grid points',
      [2, 3, 2],
      mapData(inside([2, 2, 3], -2, 3), Math.floor),
      { boundary: walls },
      { smooth: false }
    ),
    example('one cell', [2, 1], inside([2, 1, 2], 0, 1), { boundary: ring }),
    example('no fields', [0, 3], inside([0, 1, 2], 0, 3), { boundary: ring }),
    example('large', [2, 3], inside([2, 1, 2], 0, 3), { boundary: ring }, { scale: 1e300, extreme: true }),
    example('small', [2, 3], inside([2, 1, 2], 0, 3), { boundary: ring }, { scale: 1e-301, extreme: true })
  ]
}

export interface SampleOptions {
  /** How many of the field's last axes are space: as many as `boundary` lists, otherwise 2. */
  dimensions?: number
  /** One for all axes (periodic by default), or one for each. */
  boundary?: Beyond | readonly Beyond[]
}

/** Complete settings; throws OptionError for those that are none. */
function settings(asked: string, options: SampleOptions, places: number | undefined): SampleAttrs {
  checkOptions(asked, options, ['dimensions', 'boundary'])
  const { boundary = 'periodic' } = options
  const { dimensions = Array.isArray(boundary) ? boundary.length : 2 } = options
  checkNumbers(asked, 'count', { dimensions })
  const list: readonly Beyond[] = Array.isArray(boundary) ? boundary : Array(dimensions).fill(boundary)
  if (list.length !== dimensions)
    throw new OptionError(
      asked,
      `boundaries of ${list.length} axes in ${dimensions} dimensions`,
      'Give one boundary for all axes, or one for each'
    )
  for (const b of list) checkChoice(asked, 'boundary', b, ['periodic', 'dirichlet', 'neumann'])
  return { boundary: list, places: places ?? dimensions, relative: places === undefined, slope: list.map(() => false) }
}

function sample(asked: string, field: Tensor, places: Tensor, attrs: SampleAttrs): Tensor {
  checkTensor(field, asked, 'its field')
  checkTensor(places, asked, 'its places')
  const grid = gridShape(field.shape, attrs)
  if (field.rank < attrs.boundary.length || grid.includes(0))
    throw new ShapeError(
      `${asked} of ${show(field.shape)}`,
      `no field of ${attrs.boundary.length} dimensions`,
      'Its last axes are space, with one cell or more along each; for other dimensions give { dimensions }'
    )
  return apply(sampleLinearOp, [field, places], attrs)
}

/**
 * A field between its grid points, linearly along each axis: field [..., n1 … nd], places [..., d, M] in cells (the first
 * cell is at 0), → [..., M]. Leading axes broadcast. Beyond the grid it goes on as `boundary` says: periodically, as 0 one
 * cell further (dirichlet), or as the last value (neumann). Derivatives with respect to both; on grid points the slope is
 * the mean of those to both sides.
 *
 * Throws ShapeError where places have no coordinate for each axis, OptionError for an unknown boundary.
 */
export const sampleLinear = (field: Tensor, places: Tensor, options: SampleOptions = {}): Tensor =>
  sample('sampleLinear', field, places, settings('sampleLinear', options, 1))

/**
 * A field moved: y(j) = x(j + s(j)) at every grid point j, field [..., n1 … nd], displacement s [..., d, n1 … nd] in cells,
 * → [..., n1 … nd]. Otherwise as `sampleLinear`.
 */
export const warp = (field: Tensor, displacement: Tensor, options: SampleOptions = {}): Tensor =>
  sample('warp', field, displacement, settings('warp', options, undefined))
