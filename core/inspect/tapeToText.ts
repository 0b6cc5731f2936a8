import { show } from '../shape.js'
import type { Tape } from '../tape.js'
import { type InspectOptions, type Ref, type TapeRows, tapeToJSON } from './tapeToJSON.js'

/**
 * A tape as a table: a line per watched tensor, then a line per site in the order in which they happened.
 *
 *     site  op      inputs  output      bytes
 *     x0    watched         f64 [2, 3]
 *     %0    square  x0      f64 [2, 3]     48
 *     %1    sum     %0      f64 []          8
 *           2 sites                        56
 */
export function tapeToText(tape: Tape, options: InspectOptions = {}): string {
  const all = tapeToJSON(tape, options)
  const n = all.sites.length
  const lines = [
    ['site', 'op', 'inputs', 'output', 'bytes', ''],
    ...table(all, '', ''),
    ['', n === 1 ? '1 site' : `${n} sites`, '', '', grouped(all.bytes), '']
  ]
  const widths = lines[0].map((_, c) => Math.max(...lines.map(l => l[c].length)))
  return lines
    .map(l =>
      l
        .map((cell, c) => (c === 4 ? cell.padStart(widths[c]) : cell.padEnd(widths[c])))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

/** The inside of a block stands below its line, indented; site 2 inside of site 5 is %5.2. */
function table({ watched, sites }: TapeRows, within: string, indent: string): string[][] {
  const name = (r: Ref): string => (r.ref === 'c' ? `c${show(r.shape)}` : inside(r.ref, within))
  const output = (r: Ref): string => `${r.dtype} ${show(r.shape)}`
  return [
    ...watched.map(r => [`${indent}${inside(r.ref, within)}`, 'watched', '', output(r), '', '']),
    ...sites.flatMap(s => [
      [
        `${indent}${name(s.output)}`,
        s.op,
        s.inputs.map(name).join(', '),
        output(s.output),
        grouped(s.bytes),
        s.firstNonFinite ? '← first NaN or infinity' : ''
      ],
      ...(s.inside ? table(s.inside, `${within}${s.index}.`, `${indent}  `) : [])
    ])
  ]
}

const inside = (ref: string, within: string): string => `${ref[0]}${within}${ref.slice(1)}`

/** 1234567 as 1,234,567, whatever the locale. */
const grouped = (bytes: number): string => String(bytes).replace(/\B(?=(\d{3})+$)/g, ',')
