import { apply } from '../../core/apply.js'
import { size } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { permute } from '../../core/structural/permute.js'
import { reshape } from '../../core/structural/reshape.js'
import { sum } from '../../core/structural/sum.js'
import { checkTensor, type Tensor } from '../../core/tensor.js'
import { diagonal } from './diag.js'
import { matmulOp } from './matmul.js'
import { type Label, readSubscripts } from './subscripts.js'

/** A tensor with a label per axis, each once. */
interface Named {
  readonly t: Tensor
  readonly labels: readonly Label[]
}

/**
 * Einstein's sum: einsum('ij,jk->ik', A, B) is Σ_j a_ij b_jk. A letter names an axis; letters that are not in the output
 * are summed, a letter twice in one group takes a diagonal ('ii->i', 'ii' is the trace), '...' stands for further axes,
 * which broadcast. Without an arrow the output has the letters that occur once, in alphabetical order.
 *
 * Composed of diagonal, sum, permute, matmul and mul, pair by pair from left to right: derivatives and inverses are
 * theirs. The output's first axis stays in front all the way, so that samples there stay apart. Throws ShapeError naming
 * the letter, OptionError for what cannot be read.
 */
export function einsum(subscripts: string, ...operands: readonly Tensor[]): Tensor {
  operands.forEach((t, k) => {
    checkTensor(t, 'einsum', `operand ${k}`)
  })
  const { terms, output } = readSubscripts(
    subscripts,
    operands.map(t => t.shape)
  )
  const stretched = new Set(terms.flatMap((term, k) => term.filter((_, axis) => operands[k].shape[axis] !== 1)))
  const parts = operands.map((t, k) => diagonals(squeeze({ t, labels: terms[k] }, stretched)))
  const needed = (k: number): Set<Label> => new Set([...output, ...parts.slice(k + 1).flatMap(p => p.labels)])
  let done = parts[0]
  for (let k = 1; k < parts.length; k++) done = contract(done, parts[k], needed(k), output[0])
  return arrange(summed(done, new Set(output)), output)
}

/** Axes of the ellipsis that have length 1 here and another elsewhere are left out: products stretch over them. */
function squeeze({ t, labels }: Named, stretched: ReadonlySet<Label>): Named {
  const keep = labels.map((l, axis) => !(l.startsWith('.') && t.shape[axis] === 1 && stretched.has(l)))
  return {
    t: reshape(
      t,
      t.shape.filter((_, axis) => keep[axis])
    ),
    labels: labels.filter((_, axis) => keep[axis])
  }
}

/** A label that stands twice: both axes go to the end, and their diagonal is taken. */
function diagonals({ t, labels }: Named): Named {
  const first = labels.findIndex((l, i) => labels.indexOf(l, i + 1) >= 0)
  if (first < 0) return { t, labels }
  const second = labels.indexOf(labels[first], first + 1)
  const others = labels.map((_, i) => i).filter(i => i !== first && i !== second)
  return diagonals({
    t: diagonal(permute(t, [...others, first, second])),
    labels: [...others.map(i => labels[i]), labels[first]]
  })
}

/** Sums over all axes but the needed ones. */
function summed({ t, labels }: Named, needed: ReadonlySet<Label>): Named {
  const axes = labels.map((_, i) => i).filter(i => !needed.has(labels[i]))
  return axes.length === 0 ? { t, labels } : { t: sum(t, axes), labels: labels.filter(l => needed.has(l)) }
}

/**
 * The product of two tensors, summed over the labels that both have and nobody needs any more: a matrix product of
 * [front, shared, left, summed] and [front, shared, summed, right]. `front`, the output's first label, leads where only
 * the left one has it, too; of two that differ in that the one that has it is the left one.
 */
function contract(a: Named, b: Named, needed: ReadonlySet<Label>, front: Label | undefined): Named {
  if (front !== undefined && b.labels.includes(front) && !a.labels.includes(front)) return contract(b, a, needed, front)
  a = summed(a, new Set([...needed, ...b.labels]))
  b = summed(b, new Set([...needed, ...a.labels]))
  const both = a.labels.filter(l => b.labels.includes(l))
  const over = both.filter(l => !needed.has(l))
  const shared = both.filter(l => needed.has(l))
  const lead = front !== undefined && a.labels.includes(front) ? [front, ...shared.filter(l => l !== front)] : shared
  const left = a.labels.filter(l => !both.includes(l) && !lead.includes(l))
  const right = b.labels.filter(l => !both.includes(l))
  const lengths = new Map([a, b].flatMap(({ t, labels }) => labels.map((l, i) => [l, t.shape[i]] as const)))
  const length = (labels: readonly Label[]): number[] => labels.map(l => lengths.get(l)!)
  const leadB = lead.filter(l => shared.includes(l))
  // A single axis of A beside one matrix B: its rows, [i, k] times [k, j].
  const [heads, rows] = shared.length === 0 && left.length === 0 ? [[], lead] : [lead, left]
  const product = over.length === 0 ? entrywise() : matrixProduct()
  const labels = [...lead, ...left, ...right]
  return { t: reshape(product, length(labels)), labels }

  function entrywise(): Tensor {
    const p = reshape(arrange(a, [...lead, ...left]), [...length(lead), ...length(left), ...right.map(() => 1)])
    return mul(p, reshape(arrange(b, [...leadB, ...right]), [...length(leadB), ...left.map(() => 1), ...length(right)]))
  }

  function matrixProduct(): Tensor {
    const [p, ta] = matrices(a, heads, rows, over)
    const [q, tb] = matrices(b, leadB, over, right)
    return apply(matmulOp, [p, q], { ta, tb })
  }

  /** x as matrices [front, p, q]. One whose axes stand as [front, q, p] is left so: the product transposes it without a copy. */
  function matrices(x: Named, front: readonly Label[], p: readonly Label[], q: readonly Label[]): [Tensor, boolean] {
    const turned = p.length * q.length > 0 && sameOrder(x.labels, [...front, ...q, ...p])
    const [r, c] = turned ? [q, p] : [p, q]
    return [reshape(arrange(x, [...front, ...r, ...c]), [...length(front), size(length(r)), size(length(c))]), turned]
  }
}

const sameOrder = (a: readonly Label[], b: readonly Label[]): boolean =>
  a.length === b.length && a.every((l, i) => l === b[i])

const arrange = ({ t, labels }: Named, order: readonly Label[]): Tensor =>
  sameOrder(labels, order)
    ? t
    : permute(
        t,
        order.map(l => labels.indexOf(l))
      )
