import * as kernels from '../../core/backends/plain/convolution.js'
import { ShapeError } from '../../core/errors.js'
import type { Data } from '../../core/memory.js'
import { describe } from '../../core/options.js'
import { type Shape, show, size } from '../../core/shape.js'
import type { Tensor } from '../../core/tensor.js'

/** What a convolution knows beside its tensors: one number per spatial axis, and the number of groups of channels. */
export interface ConvAttrs {
  readonly stride: Shape
  readonly padding: Shape
  readonly dilation: Shape
  readonly groups: number
  /** Spatial axes of x: what the adjoint cannot see in its inputs. */
  readonly size: Shape
  /** Spatial axes of w. */
  readonly kernel: Shape
}

/** The same for the kernels. */
export const geometry = (
  a: ConvAttrs,
  batch: number,
  inChannels: number,
  outChannels: number
): kernels.ConvGeometry => ({
  ...a,
  batch,
  inChannels,
  outChannels
})

/** The spatial axes of y. */
export const outSize = (a: ConvAttrs): number[] => kernels.convOutputSize(geometry(a, 1, 1, 1))

/** The leading axes of t, in front of its `own` last ones. */
export const leads = (t: { shape: Shape }, own: number): Shape => t.shape.slice(0, -own)

/** Number of entries of the `own` last axes. */
export const sizeOfLast = (t: Tensor, own: number): number => size(t.shape.slice(-own))

/** Runs `f` for every position of broadcast leading axes: offsets into two inputs and the output, in their own units. */
export function each(la: Shape, lb: Shape, out: Shape, f: (a: number, b: number, y: number) => void): void {
  const n = size(out)
  for (let p = 0; p < n; p++) f(position(p, out, la), position(p, out, lb), p)
}

function position(p: number, out: Shape, own: Shape): number {
  let at = 0
  let step = 1
  for (let d = 1; d <= out.length; d++) {
    const i = p % out[out.length - d]
    p = (p - i) / out[out.length - d]
    if (d > own.length) continue
    if (own[own.length - d] !== 1) at += i * step
    step *= own[own.length - d]
  }
  return at
}

/** A window of typed array number i of size n. */
export const part = (data: Data, i: number, n: number): Data => data.subarray(i * n, (i + 1) * n)

/** The last n axes, from the end. */
export const lastAxes = (n: number): number[] => Array.from({ length: n }, (_, d) => d - n)

/** A setting for n spatial axes: one number for all, or one for each. */
export type PerAxis = number | readonly number[]

/** Such a setting as n whole numbers from `least` on. */
export function perAxis(asked: string, name: string, value: PerAxis, n: number, least: number): readonly number[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : Array<unknown>(n).fill(value)
  if (list.length !== n || !list.every(v => Number.isSafeInteger(v) && (v as number) >= least))
    throw new ShapeError(
      asked,
      `${name} is ${Array.isArray(value) ? show(value) : typeof value === 'number' ? value : describe(value)}`,
      `Give ${name} as a whole number, ${least} or more${n > 1 ? `, or as ${n} of them` : ''}`
    )
  return list as readonly number[]
}
