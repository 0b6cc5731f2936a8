import * as kernels from '../../core/backends/plain/conv2d.js'
import type { Data } from '../../core/memory.js'
import { type Shape, size } from '../../core/shape.js'
import type { Tensor } from '../../core/tensor.js'

/**
 * Convolution (cross-correlation), conv2d(x, w) = y, is bilinear, and so are its two adjoints; with
 *
 *     ⟨ct, conv2d(x, w)⟩ = ⟨conv2dInput(ct, w), x⟩ = ⟨conv2dWeight(x, ct), w⟩
 *
 * each derivative of one of the three is another of the three. All act on the last axes (x [..., C, H, W],
 * w [..., O, C, h, w], y [..., O, H', W']) and broadcast their leading axes, the weights' too: a weight per sample is what
 * second derivatives and rows need. `v.fold` sums over the samples where a weight is shared.
 */
export interface ConvAttrs {
  /** [rows, columns] */
  stride: readonly [number, number]
  padding: readonly [number, number]
  /** Height and width of x: what the adjoint cannot see in its inputs. */
  size: readonly [number, number]
  /** Height and width of w. */
  kernel: readonly [number, number]
}

/** The leading axes of t, in front of its `own` last ones. */
export const leads = (t: { shape: Shape }, own: number): Shape => t.shape.slice(0, -own)
/** Its `own` last axes. */
export const lastOf = (t: Tensor, own: number): Shape => t.shape.slice(-own)

/** The same for the kernels. */
export function geometry(a: ConvAttrs, batch: number, inChannels: number, outChannels: number): kernels.Conv2dGeometry {
  return {
    batch,
    inChannels,
    height: a.size[0],
    width: a.size[1],
    outChannels,
    kernelHeight: a.kernel[0],
    kernelWidth: a.kernel[1],
    strideH: a.stride[0],
    strideW: a.stride[1],
    padH: a.padding[0],
    padW: a.padding[1]
  }
}

/** [H', W'] of y. */
export const outSize = (a: ConvAttrs): [number, number] => kernels.conv2dOutputSize(geometry(a, 1, 1, 1))

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

/** The i-th piece of n entries, as a view. */
export const part = (data: Data, i: number, n: number): Data => data.subarray(i * n, (i + 1) * n)

/** The same stride and padding in both directions. */
export function evenly(
  stride: number,
  padding: number,
  size: readonly [number, number],
  kernel: readonly [number, number]
): ConvAttrs {
  return { stride: [stride, stride], padding: [padding, padding], size, kernel }
}
