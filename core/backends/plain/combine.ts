import type { Data } from './data.js'

/** Entries that are combined at a time: they stay in the processor's cache while one operand after the other is added. */
const PART = 1 << 11

/** y = c_1 x_1 + c_2 x_2 + …, added up in this order: one pass over memory, however many operands. */
export function combine(xs: readonly Data[], c: readonly number[], y: Data): void {
  for (let from = 0; from < y.length; from += PART) {
    const to = Math.min(y.length, from + PART)
    scale(xs[0], c[0], y, from, to)
    for (let k = 1; k < xs.length; k++) addScaled(xs[k], c[k], y, from, to)
  }
}

function scale(x: Data, c: number, y: Data, from: number, to: number): void {
  for (let i = from; i < to; i++) y[i] = c * x[i]
}

function addScaled(x: Data, c: number, y: Data, from: number, to: number): void {
  for (let i = from; i < to; i++) y[i] += c * x[i]
}
