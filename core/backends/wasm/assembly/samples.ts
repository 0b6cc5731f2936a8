// The convolutions over runs of samples, one image at a time. A plan is a list of integers:
//
//     bytes of an image, bytes of a row of a sample, starts of its rows in the image, rows, products; then for each product
//     panels of weights, rows, k, offsets, runs, how many, its place in a sample's result (in bytes), rowStep
//
// A thread's room holds its image, whose border is zero already, and what a product needs behind that.

import { loadImage } from './image'
import { tapAdjoint } from './tapAdjoint'
import { tapProduct } from './tapProduct'

// @ts-ignore: decorator
@inline function field(plan: usize, i: i32): i32 {
  return load<i32>(plan + (<usize>i << 2))
}

// @ts-ignore: decorator
@inline function fill(plan: usize, x: usize, image: usize): void {
  loadImage(x, field(plan, 1), <usize>field(plan, 2), field(plan, 3), image)
}

/** y of `count` samples, which lie xStep and yStep bytes apart. */
// @ts-ignore: decorator
@inline function samplesProduct<T>(x: usize, xStep: usize, y: usize, yStep: usize, count: i32, plan: usize, room: usize): void {
  const work = room + <usize>field(plan, 0)
  for (let b = 0; b < count; b++) {
    fill(plan, x, room)
    let p = plan + 20
    for (let i = field(plan, 4); i > 0; i--) {
      tapProduct<T>(<usize>field(p, 0), field(p, 1), field(p, 2), room, <usize>field(p, 3), <usize>field(p, 4), field(p, 5), y + <usize>field(p, 6), field(p, 7), work)
      p += 32
    }
    x += xStep
    y += yStep
  }
}
export function samplesProduct32(x: usize, xStep: usize, y: usize, yStep: usize, count: i32, plan: usize, room: usize): void {
  samplesProduct<f32>(x, xStep, y, yStep, count, plan, room)
}
export function samplesProduct64(x: usize, xStep: usize, y: usize, yStep: usize, count: i32, plan: usize, room: usize): void {
  samplesProduct<f64>(x, xStep, y, yStep, count, plan, room)
}

/** Adds the adjoint of the loaded image in the weights, all products after each other, to f64 totals. */
function addAdjoint<T>(ct: usize, plan: usize, image: usize, total: usize): void {
  let p = plan + 20
  for (let i = field(plan, 4); i > 0; i--) {
    tapAdjoint<T>(ct + <usize>field(p, 6), field(p, 7), field(p, 1), image, <usize>field(p, 3), field(p, 2), <usize>field(p, 4), field(p, 5), total)
    total += <usize>(field(p, 1) * field(p, 2)) << 3
    p += 32
  }
}

/** total += the adjoints of `count` samples, which lie xStep and ctStep bytes apart. */
// @ts-ignore: decorator
@inline function samplesAdjoint<T>(x: usize, xStep: usize, ct: usize, ctStep: usize, count: i32, total: usize, plan: usize, room: usize): void {
  for (let b = 0; b < count; b++) {
    fill(plan, x, room)
    addAdjoint<T>(ct, plan, room, total)
    x += xStep
    ct += ctStep
  }
}
export function samplesAdjoint32(x: usize, xStep: usize, ct: usize, ctStep: usize, count: i32, total: usize, plan: usize, room: usize): void {
  samplesAdjoint<f32>(x, xStep, ct, ctStep, count, total, plan, room)
}
export function samplesAdjoint64(x: usize, xStep: usize, ct: usize, ctStep: usize, count: i32, total: usize, plan: usize, room: usize): void {
  samplesAdjoint<f64>(x, xStep, ct, ctStep, count, total, plan, room)
}

/**
 * The adjoint of each sample by itself, for each of `cotangents` (ctLead bytes apart): `own` entries of out, samples next to
 * each other, cotangents outLead bytes apart.
 */
// @ts-ignore: decorator
@inline function sampleAdjoints<T>(x: usize, xStep: usize, ct: usize, ctStep: usize, ctLead: usize, count: i32, cotangents: i32, out: usize, outLead: usize, own: i32, plan: usize, room: usize): void {
  const total = room + <usize>field(plan, 0)
  const unit = <usize>sizeof<T>()
  for (let b = 0; b < count; b++) {
    fill(plan, x, room)
    for (let r = 0; r < cotangents; r++) {
      memory.fill(total, 0, <usize>own << 3)
      addAdjoint<T>(ct + <usize>r * ctLead, plan, room, total)
      const to = out + <usize>r * outLead
      for (let i: usize = 0; i < <usize>own; i++) store<T>(to + i * unit, <T>load<f64>(total + (i << 3)))
    }
    x += xStep
    ct += ctStep
    out += <usize>own * unit
  }
}
export function sampleAdjoints32(x: usize, xStep: usize, ct: usize, ctStep: usize, ctLead: usize, count: i32, cotangents: i32, out: usize, outLead: usize, own: i32, plan: usize, room: usize): void {
  sampleAdjoints<f32>(x, xStep, ct, ctStep, ctLead, count, cotangents, out, outLead, own, plan, room)
}
export function sampleAdjoints64(x: usize, xStep: usize, ct: usize, ctStep: usize, ctLead: usize, count: i32, cotangents: i32, out: usize, outLead: usize, own: i32, plan: usize, room: usize): void {
  sampleAdjoints<f64>(x, xStep, ct, ctStep, ctLead, count, cotangents, out, outLead, own, plan, room)
}
