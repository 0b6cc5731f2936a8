import { type DocLine, type Nested, operatorDoc, type Shape, type Tensor } from '../../core/index.js'
import { type Listed, rungsOf } from './catalogue.js'
import { type WorkedExample, workedExample } from './example.js'
import { columns, pad, wrap } from './lines.js'

const LABEL = 10

/** Everything that an operator says of itself, and an example with numbers, in lines of at most `width` columns. */
export function explain({ folder, op }: Listed, width: number): string {
  const { formula, lines } = operatorDoc(op)
  const room = Math.max(30, width)
  const text = (label: string, words: string): string[] =>
    wrap(words, room - LABEL - 2).map((line, i) => `  ${pad(i === 0 ? label : '', LABEL)}${line}`)
  return [
    `${op.name}${folder.padStart(Math.max(columns(folder) + 2, Math.min(room, 100) - columns(op.name)))}`,
    '',
    ...wrap(formula, room - 2).map(line => `  ${line}`),
    '',
    ...lines.flatMap(({ word, text: words }) => [
      ...text(word, words),
      ...(word === 'inverse' ? text('rungs', rungsOf(op).join(', ')) : [])
    ]),
    ...exampleLines(workedExample(op), text)
  ].join('\n')
}

function exampleLines(example: WorkedExample | undefined, text: (label: string, words: string) => string[]): string[] {
  if (!example) return []
  return [
    '',
    ...text('example', [example.label, example.attrs].filter(Boolean).join('; ')),
    ...namedTensors(example).flatMap(([label, t]) =>
      String(t)
        .split('\n')
        .map((line, i) => `  ${pad(i === 0 ? label : '', LABEL)}${line}`.trimEnd())
    ),
    ...(example.target ? text('', targetNote(example.target)) : [])
  ]
}

/** One operator, as `explain --json` prints it. */
export interface Explanation {
  name: string
  folder: string
  formula: string
  /** Tangent, adjoint, inverse, rows, domain, cost, caveats, source: those that it has, in this order. */
  lines: readonly DocLine[]
  rungs: string[]
  /** Null where it has no example. */
  example: {
    label: string
    attrs: string
    /** By their letters, in the order of the text. What is not finite becomes null in JSON. */
    tensors: { name: string; dtype: string; shape: Shape; values: Nested }[]
    /** How the answer to the target was found, and its largest |P(x̃) - ỹ|; null where the example has none. */
    target: { by: string; missed: number } | null
  } | null
}

/** The same as data. */
export function explanation({ folder, op }: Listed): Explanation {
  const { formula, lines } = operatorDoc(op)
  const example = workedExample(op)
  return {
    name: op.name,
    folder,
    formula,
    lines,
    rungs: rungsOf(op),
    example: example
      ? {
          label: example.label,
          attrs: example.attrs,
          tensors: namedTensors(example).map(([name, t]) => {
            return { name, dtype: t.dtype, shape: t.shape, values: t.toArray() }
          }),
          target: example.target ? { by: example.target.by, missed: example.target.missed } : null
        }
      : null
  }
}

/** Inputs and output, a tangent, a cotangent, a target: each with its letter. */
export function namedTensors({ x, y, moving, dx, dy, ct, xBar, target }: WorkedExample): [string, Tensor][] {
  const of = (letter: string, i: number) => (x.length === 1 ? letter : `${letter}${i}`)
  return [
    ...x.map((t, i): [string, Tensor] => [of('x', i), t]),
    ['y', y],
    ...moving.map((i, k): [string, Tensor] => [of('dx', i), dx[k]]),
    ['dy', dy],
    ['ct', ct],
    ...moving.map((i, k): [string, Tensor] => [of('x̄', i), xBar[k]]),
    ...(target
      ? ([
          ['target', target.value],
          [of('x̃', target.input), target.answer]
        ] as [string, Tensor][])
      : [])
  ]
}

export const targetNote = ({ by, missed }: { by: string; missed: number }): string =>
  `by ${by === 'the ladder' ? by : `its ${by} rule`}; |P(x̃) - ỹ| ${missed === 0 ? '= 0' : missed < 1e-12 ? '< 1e-12' : `≤ ${(missed * 1.001).toExponential(1)}`}`
