import { operatorDoc } from '../../core/index.js'
import { random } from '../../core/random.js'
import { catalogue, type Listed, rungsOf } from './catalogue.js'
import { cut, pad } from './lines.js'

/** One operator, as `ops --json` prints it. */
export interface OperatorRow {
  name: string
  folder: string
  formula: string
  /** How many inputs: `2`, or `1-3` where the examples differ. */
  inputs: string
  /** Kind of its inverse rule; null where it has none. */
  inverse: string | null
  rungs: string[]
}

export const operatorRows = (listed: readonly Listed[] = catalogue): OperatorRow[] =>
  listed.map(({ folder, op }) => {
    const counts = op.examples(random(0)).map(e => e.inputs.length)
    const [least, most] = [Math.min(...counts), Math.max(...counts)]
    return {
      name: op.name,
      folder,
      formula: operatorDoc(op).formula,
      inputs: least === most ? String(most) : `${least}-${most}`,
      inverse: op.inverse?.kind ?? null,
      rungs: rungsOf(op)
    }
  })

/** A line for each operator, folder by folder. */
export function listText(rows: readonly OperatorRow[], width: number): string {
  const name = Math.max(...rows.map(r => r.name.length))
  const rung = Math.max(...rows.map(r => r.rungs.join(', ').length))
  const formula = Math.max(16, width - name - rung - 14)
  return [...new Set(rows.map(r => r.folder))]
    .map(folder => {
      const own = rows.filter(r => r.folder === folder)
      return [
        `${folder} (${own.length})`,
        ...own.map(r =>
          `  ${pad(r.name, name)}  ${pad(r.inputs, 3)}  ${pad(cut(r.formula, formula), formula)}  ${r.rungs.join(', ')}`.trimEnd()
        )
      ].join('\n')
    })
    .join('\n\n')
}
