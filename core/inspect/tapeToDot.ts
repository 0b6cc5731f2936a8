import { show } from '../shape.js'
import type { Tape } from '../tape.js'
import { type InspectOptions, type Ref, type TapeRows, tapeToJSON } from './tapeToJSON.js'

/**
 * A tape as a graph in Graphviz's language: `dot -Tsvg`. Ellipses are watched tensors, boxes are sites, notes are
 * constants; the first site that made NaN or an infinity is red. An expanded block is a frame around its inside: dotted
 * arrows lead from its inputs in, and from its result out to the site itself.
 */
export function tapeToDot(tape: Tape, options: InspectOptions = {}): string {
  const lines = graph(tapeToJSON(tape, options), '', '  ')
  return [
    'digraph tape {',
    '  rankdir=TB',
    '  node [fontname="Helvetica", fontsize=11, shape=box, style=rounded]',
    '  edge [fontname="Helvetica", fontsize=9]',
    ...lines,
    '}',
    ''
  ].join('\n')
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`
const type = (r: Ref): string => `${r.dtype} ${show(r.shape)}`

function graph({ watched, sites }: TapeRows, within: string, indent: string): string[] {
  const id = (ref: string): string => quote(`${within}${ref}`)
  const lines = watched.map(
    r => `${indent}${id(r.ref)} [label=${quote(`${r.ref}\n${type(r)}`)}, shape=ellipse, style=solid]`
  )
  for (const s of sites) {
    const me = id(s.output.ref)
    const colour = s.firstNonFinite ? ', color=red, fontcolor=red' : ''
    const prefix = `${within}${s.index}.`
    if (s.inside) {
      lines.push(
        `${indent}subgraph ${quote(`cluster_${within}${s.index}`)} {`,
        `${indent}  label=${quote(s.op)}`,
        ...graph(s.inside, prefix, `${indent}  `),
        `${indent}}`
      )
    }
    lines.push(`${indent}${me} [label=${quote(`${s.output.ref} ${s.op}\n${type(s.output)}`)}${colour}]`)
    s.inputs.forEach((r, i) => {
      let from = id(r.ref)
      if (r.ref === 'c') {
        from = quote(`${prefix}c${i}`)
        lines.push(`${indent}${from} [label=${quote(type(r))}, shape=note, style=solid]`)
      }
      lines.push(`${indent}${from} -> ${me}`)
      if (s.inside) lines.push(`${indent}${from} -> ${quote(`${prefix}x${i}`)} [style=dotted]`)
    })
    const result = s.inside?.result
    if (result && result.ref !== 'c') lines.push(`${indent}${quote(`${prefix}${result.ref}`)} -> ${me} [style=dotted]`)
  }
  return lines
}
