import type { Shape } from '../../shape.js'
import type { Tensor } from '../../tensor.js'
import { type ConvGeometry, convOutputSize } from '../convolutionPlan.js'
import { address, divide, merged, stepsOf } from './code.js'
import { fold } from './kernels.js'
import { shaped } from './launch.js'

/**
 * Convolution and its adjoints (see convolutionPlan.ts) as loops over the products of one entry. Leading axes broadcast,
 * those of the weight too. GPU.js gives no memory that neighbouring entries share, so each reads its window anew.
 */
type Geometry = Omit<ConvGeometry, 'batch' | 'inChannels' | 'outChannels'>

/** Leading axes of the result, merged, and the steps of both operands over them. */
const front = (shape: Shape, a: Tensor, b: Tensor, ownOfResult: number, own: readonly [number, number]) => {
  const leads = shape.slice(0, shape.length - ownOfResult)
  const steps = (t: Tensor, n: number) => {
    const all = stepsOf(t.shape)
    const mine = all.slice(0, t.rank - n)
    return [...Array<number>(leads.length - mine.length).fill(0), ...mine]
  }
  return merged(leads, [steps(a, own[0]), steps(b, own[1])])
}

/** Names n0, n1, … */
const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, d) => `${prefix}${d}`)

/** The group of a channel, and its number in it, where there are several of both. */
function grouped(channel: string, perGroup: number, groups: number): { code: string; group: string; within: string } {
  if (groups === 1) return { code: '', group: '0', within: channel }
  if (perGroup === 1) return { code: '', group: channel, within: '0' }
  return { code: divide(channel, perGroup, 'group', 'within'), group: 'group', within: 'within' }
}

/** `statement`, where all of these places are inside of an image; places that always are need no question. */
const inside = (places: readonly string[], sizes: Shape, always: readonly boolean[], statement: string): string =>
  places.reduceRight(
    (inner, place, d) => (always[d] ? inner : `if (${place} >= 0) { if (${place} < ${sizes[d]}) { ${inner} } }`),
    statement
  )

/** Row-major steps, also along axes of length 1, which so keep their own. */
function rowMajor(shape: Shape): number[] {
  const out = new Array<number>(shape.length)
  let step = 1
  for (let k = shape.length - 1; k >= 0; k--) {
    out[k] = step
    step *= shape[k]
  }
  return out
}

/** Where tap t of output q reads x: q stride + t dilation - padding, per axis. */
const places = (g: Geometry, q: readonly string[], t: readonly string[]): string[] =>
  q.map((name, d) => address([name, t[d]], [g.stride[d], g.dilation[d]], -g.padding[d]))

/** y from x [..., C, ...size] and w [..., O, C/groups, ...kernel]. */
export function conv(x: Tensor, w: Tensor, g: Geometry, shape: Shape): Tensor {
  const n = g.size.length
  const [O, C] = w.shape.slice(-n - 2)
  const over = front(shape, x, w, n + 1, [n + 1, n + 2])
  const r = names('r', n)
  const lead = over.shape.length
  const perGroup = O / g.groups
  const y = fold({
    shape: [...over.shape, O, ...convOutputSize({ ...g, batch: 1, inChannels: 1, outChannels: 1 })],
    args: [x, w],
    parameters: ['xs', 'ws'],
    before: at => grouped(at[lead], perGroup, g.groups).code,
    lengths: [C, ...g.kernel],
    start: () => '0',
    step: (at, [c, ...t]) => {
      const [front, o, q] = [at.slice(0, lead), at[lead], at.slice(lead + 1)]
      const { group } = grouped(o, perGroup, g.groups)
      const where = places(g, q, t)
      const [xSteps, wSteps] = [rowMajor(x.shape).slice(-n - 1), rowMajor(w.shape).slice(-n - 2)]
      const readX = address([...front, group, c, ...r], [...over.steps[0], C * xSteps[0], ...xSteps])
      const readW = address([...front, o, c, ...t], [...over.steps[1], ...wSteps])
      return `${where.map((p, d) => `const ${r[d]} = ${p};`).join(' ')}
${inside(
  r,
  g.size,
  g.padding.map(p => p === 0),
  `sum += xs[${readX}] * ws[${readW}];`
)}`
    }
  })
  return shaped(y, shape)
}

/** dx from ct [..., O, ...out] and w: gathered, since GPU.js cannot add where others add too. */
export function convInput(ct: Tensor, w: Tensor, g: Geometry, shape: Shape): Tensor {
  const n = g.size.length
  const [O, C] = w.shape.slice(-n - 2)
  const out = ct.shape.slice(-n)
  const over = front(shape, ct, w, n + 1, [n + 1, n + 2])
  const [r, q] = [names('r', n), names('q', n)]
  const lead = over.shape.length
  const perGroup = O / g.groups
  const y = fold({
    shape: [...over.shape, C * g.groups, ...g.size],
    args: [ct, w],
    parameters: ['cts', 'ws'],
    before: at => grouped(at[lead], C, g.groups).code,
    lengths: [perGroup, ...g.kernel],
    start: () => '0',
    step: (at, [o, ...t]) => {
      const [front, c, p] = [at.slice(0, lead), at[lead], at.slice(lead + 1)]
      const { group, within } = grouped(c, C, g.groups)
      const [ctSteps, wSteps] = [rowMajor(ct.shape).slice(-n - 1), rowMajor(w.shape).slice(-n - 2)]
      const readCt = address([...front, group, o, ...q], [...over.steps[0], perGroup * ctSteps[0], ...ctSteps])
      const readW = address([...front, group, o, within, ...t], [...over.steps[1], perGroup * wSteps[0], ...wSteps])
      let inner = `sum += cts[${readCt}] * ws[${readW}];`
      for (let d = n - 1; d >= 0; d--) {
        const [s, place] = [g.stride[d], address([p[d], t[d]], [1, -g.dilation[d]], g.padding[d])]
        inner =
          s === 1
            ? `const q${d} = ${place};\nif (q${d} >= 0) { if (q${d} < ${out[d]}) { ${inner} } }`
            : `const n${d} = ${place};
if (n${d} >= 0) {
  ${divide(`n${d}`, s, q[d], r[d])}
  if (r${d} === 0) { if (q${d} < ${out[d]}) { ${inner} } }
}`
      }
      return inner
    }
  })
  return shaped(y, shape)
}

/** dw [..., O, C/groups, ...kernel] from x and ct; `total`: summed over all leading axes. */
export function convWeight(x: Tensor, ct: Tensor, g: Geometry, total: boolean, shape: Shape): Tensor {
  const n = g.size.length
  const C = x.shape[x.rank - n - 1] / g.groups
  const O = ct.shape[ct.rank - n - 1]
  const out = ct.shape.slice(-n)
  const leads = total ? [...x.shape.slice(0, -n - 1), ...shape] : shape
  const over = front(leads, x, ct, n + 2, [n + 1, n + 1])
  const r = names('r', n)
  const lead = total ? 0 : over.shape.length
  const perGroup = O / g.groups
  const y = fold({
    shape: [...(total ? [] : over.shape), O, C, ...g.kernel],
    args: [x, ct],
    parameters: ['xs', 'cts'],
    before: at => grouped(at[lead], perGroup, g.groups).code,
    lengths: [...(total ? over.shape : []), ...out],
    start: () => '0',
    step: (at, counters) => {
      const [o, c, t] = [at[lead], at[lead + 1], at.slice(lead + 2)]
      const front = total ? counters.slice(0, over.shape.length) : at.slice(0, lead)
      const q = total ? counters.slice(over.shape.length) : counters
      const { group } = grouped(o, perGroup, g.groups)
      const [xSteps, ctSteps] = [rowMajor(x.shape).slice(-n - 1), rowMajor(ct.shape).slice(-n - 1)]
      const readX = address([...front, group, c, ...r], [...over.steps[0], C * xSteps[0], ...xSteps])
      const readCt = address([...front, o, ...q], [...over.steps[1], ...ctSteps])
      return `${places(g, q, t)
        .map((p, d) => `const ${r[d]} = ${p};`)
        .join(' ')}
${inside(
  r,
  g.size,
  g.padding.map(p => p === 0),
  `sum += xs[${readX}] * cts[${readCt}];`
)}`
    }
  })
  return shaped(y, shape)
}
