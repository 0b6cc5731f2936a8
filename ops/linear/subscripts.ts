import { OptionError, ShapeError } from '../../core/errors.js'
import { describe } from '../../core/options.js'
import { type Shape, show } from '../../core/shape.js'

/** A letter, or an axis of the ellipsis counted from its right end: '.1' is its last one. */
export type Label = string

export interface Subscripts {
  readonly terms: readonly (readonly Label[])[]
  readonly output: readonly Label[]
}

const ELLIPSIS = '...'

/** Reads 'ij,jk->ik': one label per axis of each operand, and of the output. Errors name the letter. */
export function readSubscripts(text: string, shapes: readonly Shape[]): Subscripts {
  const asked = `einsum ${typeof text === 'string' ? `'${text}'` : `with ${describe(text)} for its subscripts`} of ${shapes.map(show).join(', ')}`
  const form = typeof text === 'string' && /^([A-Za-z.,]*)(->([A-Za-z.]*))?$/.exec(text.replaceAll(' ', ''))
  if (!form)
    throw new OptionError(asked, 'subscripts that cannot be read', "Write letters, commas and an arrow: 'ij,jk->ik'")
  const parts = form[1].split(',')
  if (parts.length !== shapes.length)
    throw new ShapeError(
      asked,
      `${parts.length} groups of letters for ${shapes.length} operands`,
      'Separate one group of letters for each operand by commas'
    )
  const terms = parts.map((part, k) => {
    const letters = lettersOf(part, asked)
    const own = letters.length - (letters.includes(ELLIPSIS) ? 1 : 0)
    const rest = shapes[k].length - own
    if (rest < 0 || (rest > 0 && !letters.includes(ELLIPSIS)))
      throw new ShapeError(
        asked,
        `'${part}' has ${own} letters, operand ${k} has rank ${shapes[k].length}`,
        'Give a letter for each axis, or ... for those in between'
      )
    return letters.flatMap(l => (l === ELLIPSIS ? hidden(rest) : [l]))
  })
  const rank = Math.max(0, ...terms.map(t => t.filter(isHidden).length))
  const output = form[2] === undefined ? implicit(terms, rank) : explicit(form[3], terms, rank, asked)
  checkLengths(terms, shapes, asked)
  return { terms, output }
}

const isHidden = (l: Label): boolean => l.startsWith('.')
const nameOf = (l: Label): string => (isHidden(l) ? `axis -${l.slice(1)} of the ellipsis` : `letter '${l}'`)
const hidden = (n: number): Label[] => Array.from({ length: n }, (_, i) => `.${n - i}`)

function lettersOf(part: string, asked: string): string[] {
  const letters: string[] = part.match(/\.\.\.|./g) ?? []
  if (letters.includes('.') || letters.filter(l => l === ELLIPSIS).length > 1)
    throw new OptionError(asked, `'${part}' with stray dots`, 'An ellipsis is three dots, once in a group')
  return letters
}

/** NumPy's rule without an arrow: the ellipsis, then the letters that occur once, in alphabetical order. */
function implicit(terms: readonly (readonly Label[])[], rank: number): Label[] {
  const all = terms.flat().filter(l => !isHidden(l))
  return [...hidden(rank), ...all.filter(l => all.indexOf(l) === all.lastIndexOf(l)).sort()]
}

function explicit(text: string, terms: readonly (readonly Label[])[], rank: number, asked: string): Label[] {
  const letters = lettersOf(text, asked)
  const known = new Set(terms.flat())
  letters.forEach((l, i) => {
    if (l !== ELLIPSIS && !known.has(l))
      throw new ShapeError(asked, `letter '${l}' of the output is in no operand`, 'Use letters of the operands')
    if (letters.indexOf(l) !== i)
      throw new ShapeError(asked, `letter '${l}' stands twice in the output`, 'Name each axis of the output once')
  })
  if (rank > 0 && !letters.includes(ELLIPSIS))
    throw new ShapeError(asked, 'the ellipsis is missing in the output', 'Write ... behind the arrow too')
  return letters.flatMap(l => (l === ELLIPSIS ? hidden(rank) : [l]))
}

function checkLengths(terms: readonly (readonly Label[])[], shapes: readonly Shape[], asked: string): void {
  const lengths = new Map<Label, readonly [number, number]>()
  terms.forEach((term, k) => {
    term.forEach((l, axis) => {
      const length = shapes[k][axis]
      if (isHidden(l) && length === 1) return
      const [before, where] = lengths.get(l) ?? [length, k]
      if (before !== length)
        throw new ShapeError(
          asked,
          `${nameOf(l)} is ${before} in operand ${where} and ${length} in operand ${k}`,
          'A letter has one length everywhere; only axes of the ellipsis are stretched from 1'
        )
      lengths.set(l, [before, where])
    })
  })
}
