import { existsSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defaultPolicy, type Op } from '../../core/index.js'
import * as library from '../../ops/index.js'
import { allPhysics } from '../../physics/index.js'
import { UnknownOperator } from './unknown.js'

/** An operator and the folder that it lives in; of a module of the user's, its path. */
export interface Listed {
  readonly folder: string
  readonly op: Op
}

/** The folders of ops/, each with the lists that its index exports: `elementwiseOps` and so on. */
async function folders(): Promise<Listed[]> {
  const root = new URL('../../ops/', import.meta.url)
  const names = readdirSync(root, { withFileTypes: true }).filter(entry => entry.isDirectory())
  const indices = await Promise.all(names.map(({ name }) => import(new URL(`${name}/index.js`, root).href)))
  return indices.flatMap((index: object, i) =>
    Object.entries(index)
      .filter(([key, list]) => key.endsWith('Ops') && Array.isArray(list))
      .flatMap(([, list]) => (list as Op[]).map(op => ({ folder: `ops/${names[i].name}`, op })))
  )
}

/** Every operator of the library: those of `allOps` and of `allPhysics`, with their folders. */
export const catalogue: readonly Listed[] = [
  ...(await folders()),
  ...allPhysics.map(op => ({ folder: 'physics', op }))
].filter(({ op }, i, all) => all.findIndex(other => other.op === op) === i)

/** Operators by name, or those that a module exports (a path). Throws UnknownOperator, with the nearest names. */
export async function findOperators(names: readonly string[]): Promise<Listed[]> {
  const found: Listed[] = []
  for (const name of names) found.push(...(isPath(name) ? await operatorsOf(name) : [named(name)]))
  return found
}

const isPath = (name: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(name)

function named(name: string): Listed {
  const listed =
    catalogue.find(({ op }) => op.name === name) ??
    catalogue.find(({ op }) => op.name.toLowerCase() === name.toLowerCase())
  if (listed) return listed
  const near = nearest(
    name,
    catalogue.map(({ op }) => op.name)
  )
  const composed = Object.entries(library).some(([key, value]) => key === name && typeof value === 'function')
  throw new UnknownOperator(
    composed
      ? `'${name}' is a function composed of operators: it has no rules of its own. Near it: ${near.join(', ')}.`
      : `Unknown operator '${name}'. Nearest: ${near.join(', ')}. 'physgrad ops' lists all of them.`
  )
}

/** The five names that need the fewest letters changed, those that contain the word first. */
export function nearest(name: string, names: readonly string[], count = 5): string[] {
  const wanted = name.toLowerCase()
  const distance = (other: string): number =>
    other.toLowerCase().includes(wanted) ? 0 : letters(wanted, other.toLowerCase())
  return [...names].sort((a, b) => distance(a) - distance(b) || a.length - b.length).slice(0, count)
}

/** How many letters must be put in, left out or changed to make b of a (Levenshtein). */
function letters(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    row = next
  }
  return row[b.length]
}

/** Every operator that a module exports. */
async function operatorsOf(path: string): Promise<Listed[]> {
  const file = resolve(path)
  if (!existsSync(file)) throw new UnknownOperator(`There is no file ${path}.`)
  let module: Record<string, unknown>
  try {
    module = await import(pathToFileURL(file).href)
  } catch (error) {
    const advice = /\.[cm]?ts$/.test(path) ? ' Compile it to JavaScript first, or use a Node that runs TypeScript.' : ''
    throw new UnknownOperator(`${path} cannot be imported: ${(error as Error).message}${advice}`)
  }
  const ops = [...new Set(Object.values(module).filter(isOperator))]
  if (ops.length === 0)
    throw new UnknownOperator(`${path} exports no operator: export what defineOp or defineBlock returns.`)
  return ops.map(op => ({ folder: path, op }))
}

const isOperator = (value: unknown): value is Op =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Op).name === 'string' &&
  (['forward', 'jvp', 'vjp', 'carry', 'examples'] as const).every(rule => typeof (value as Op)[rule] === 'function')

/** What the ladder of the target sweep has for an operator: its own rule first, then the solvers. */
export function rungsOf({ inverse }: Op): string[] {
  if (inverse?.kind === 'structural') return ['structural']
  return defaultPolicy.ladder.filter(rung => rung.solve || rung.name === inverse?.kind).map(rung => rung.name)
}
