import { apply, mapData, type Op, type Random, random } from '../../core/index.js'
import { findOperators, nearest } from '../operators/catalogue.js'
import { UnknownOperator } from '../operators/unknown.js'
import type { InverseCase } from './case.js'
import { fieldCases } from './fields.js'
import { stateCases } from './states.js'

/** Every simulator with a point, in the order in which `physgrad inverse` lists them. */
export const inverseCases: Readonly<Record<string, InverseCase>> = { ...fieldCases, ...stateCases }

/** The case of this name, whatever its capitals. */
export const caseNamed = (name: string): string | undefined =>
  Object.keys(inverseCases).find(other => other.toLowerCase() === name.toLowerCase())

/**
 * What a name means: a case with its settings; any other operator, or the first one of a module (a path), at its first
 * example. Throws UnknownOperator with the list.
 */
export async function findCase(name: string): Promise<{ name: string; found: InverseCase }> {
  const known = caseNamed(name)
  if (known) return { name: known, found: inverseCases[known] }
  try {
    const [{ op }] = await findOperators([name])
    return { name: op.name, found: exampleCase(op) }
  } catch (error) {
    if (!(error instanceof UnknownOperator) || /[/\\.]/.test(name)) throw error
    const names = Object.keys(inverseCases)
    throw new UnknownOperator(
      `Unknown physics '${name}'. Nearest: ${nearest(name, names, 3).join(', ')}. There are: ${names.join(', ')}; any operator ('physgrad ops'), and a module of yours (a path).`
    )
  }
}

/** An operator at the first of its examples that has entries: inverted in its first input that is not constant. */
function exampleCase(op: Op): InverseCase {
  const pick = (r: Random) =>
    op.examples(r).find(e => !e.extreme && e.smooth !== false && e.inputs.every(t => t.size > 0))
  const wrt = pick(random(0))?.inputs.findIndex((_, i) => !op.constant?.includes(i)) ?? -1
  if (wrt < 0)
    throw new UnknownOperator(`${op.name} has no example with entries at which its inverse could be looked at.`)
  return {
    about: op.doc.split('\n')[0],
    settings: {},
    at: (_, r) => {
      const { inputs, attrs } = pick(r.split('example'))!
      const x = inputs[wrt]
      const change = r.split('toward').normal(x.shape)
      return {
        P: u => apply(op, [...inputs.slice(0, wrt), u, ...inputs.slice(wrt + 1)], ...([attrs] as never)),
        x,
        toward: mapData(x, (v, i) => v * (1 + 0.1 * change.data[i]))
      }
    }
  }
}
