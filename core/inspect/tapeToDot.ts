import { show } from '../shape.js'
import type { Tape } from '../tape.js'
import type { Targets } from '../targets/targetSweep.js'
import { type InspectOptions, type Ref, type TapeRows, tapeToJSON } from './tapeToJSON.js'

export interface DotOptions extends InspectOptions {
  /** What a target sweep over this tape returned: each site is painted and labelled with the rung that answered for it. */
  targets?: Pick<Targets, 'report' | 'covered'>
}

/** Pale, so that the writing stays readable; the rung's name stands in the box as well. Solvers of one's own are yellow. */
const colours: Record<string, string> = {
  structural: '#eeeeee',
  exact: '#cfe8cf',
  local: '#dcedc1',
  regularised: '#cfe3f5',
  approximate: '#d9d2ec',
  'smallest change': '#e5dccb',
  newton: '#ffdcb0',
  adjoint: '#f6c9c9'
}
const OTHER = '#fff2b3'

/**
 * A tape as a graph in Graphviz's language: `dot -Tsvg`. Ellipses are watched tensors, boxes are sites, notes are
 * constants; the first site that made NaN or an infinity is red. An expanded block is a frame around its inside: dotted
 * arrows lead from its inputs in, and from its result out to the site itself. With `targets` the sites are painted by rung, and
 * a dashed frame holds what was solved as one block.
 */
export function tapeToDot(tape: Tape, { targets, ...options }: DotOptions = {}): string {
  const lines = graph(tapeToJSON(tape, options), '', '  ')
  if (targets) lines.push(...paint(tape, targets))
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
const type = (r: Pick<Ref, 'dtype' | 'shape'>): string => `${r.dtype} ${show(r.shape)}`

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

/** The last answer for a site counts: what was dropped for a larger block is painted over. */
function paint(tape: Tape, { report, covered }: Pick<Targets, 'report' | 'covered'>): string[] {
  const index = new Map(tape.sites.map((s, i) => [s, i] as const))
  return report.rungs.flatMap(({ rung, dropped }, k) => {
    if (dropped) return []
    const nodes = covered[k].map(site => {
      const i = index.get(site)!
      const label = quote(`%${i} ${site.op.name}\n${type(site.out)}\n${rung}`)
      return `"%${i}" [label=${label}, style="rounded,filled", fillcolor="${colours[rung] ?? OTHER}"]`
    })
    if (nodes.length === 1) return `  ${nodes[0]}`
    const frame = `  subgraph "cluster_rung${k}" { label="one block"; labeljust=l; fontsize=11; style=dashed`
    return [frame, ...nodes.map(n => `    ${n}`), '  }']
  })
}
