import { collapsed } from '../plain/broadcast.js'
import type { Data } from '../plain/data.js'
import { nameFor } from './module.js'
import { ENTRY, parts } from './parts.js'
import { inTeam } from './pool.js'

/** The functions of assembly/binary.ts, in its order. */
const BINARY = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'keep', 'drop', 'first', 'complexMul'] as const
const UNARY = ['neg', 'abs', 'sqrt', 'square', 'reciprocal', 'relu'] as const

/** `keep`: b where a is not 0, and 0 elsewhere; `drop`: the other way round; `first`: a, stretched; `complexMul`: of pairs. */
export type BinaryName = (typeof BINARY)[number]
export type UnaryName = (typeof UNARY)[number]

/** Bytes for two constants, and of an index. */
const ROOM = 32
const INDEX = 4

/** y = f(a, b) under broadcasting, for `complexMul` of all axes but that of the pairs: bit for bit what the plain kernel makes with the row of that name. */
export function binary(
  name: BinaryName,
  a: Data,
  aShape: readonly number[],
  b: Data,
  bShape: readonly number[],
  y: Data,
  yShape: readonly number[]
): void {
  const f = BINARY.indexOf(name)
  const each = name === 'complexMul' ? 2 : 1
  const unit = each * y.BYTES_PER_ELEMENT
  const [row, ...outer] = collapsed(aShape, bShape, yShape)
  const [n, da, db] = row
  inTeam(y.length * ENTRY, [a, b, y], call => {
    const [A, B, Y] = [call.put(a), call.put(b), call.out(y)]
    const axes = outer.length > 0 ? call.putIntegers(outer.flat()) : 0
    const piece = ([from, to]: [number, number]): number[] =>
      outer.length > 0
        ? [f, A, da, B, db, Y, n, axes, outer.length, from, to - from]
        : [f, A + from * da * unit, da, B + from * db * unit, db, Y + from * unit, to - from, 0, 0, 0, 1]
    const pieces = outer.length > 0 ? parts(y.length / (each * n), each * n) : parts(n)
    call.run(nameFor('binary', y), pieces.map(piece), call.rooms(ROOM + INDEX * outer.length))
    call.done(y, Y)
  })
}

/** y = f(x), bit for bit as the plain kernel of that name. */
export function unary(name: UnaryName, x: Data, y: Data): void {
  const f = UNARY.indexOf(name)
  const unit = y.BYTES_PER_ELEMENT
  inTeam(y.length * ENTRY, [x, y], call => {
    const [X, Y] = [call.put(x), call.out(y)]
    const piece = ([from, to]: [number, number]) => [f, X + from * unit, Y + from * unit, to - from]
    call.run(nameFor('unary', y), parts(y.length).map(piece), call.rooms(0))
    call.done(y, Y)
  })
}
