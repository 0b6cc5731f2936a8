import { wanted } from '../../core/claim.js'
import { defineBlock } from '../../core/defineBlock.js'
import { ShapeError } from '../../core/errors.js'
import type { Claim, Op, Site } from '../../core/op.js'
import { checkChoice, checkNumbers, checkOptions } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { mul } from '../../core/structural/mul.js'
import { mapData, Tensor } from '../../core/tensor.js'
import { sin, sinOp } from '../../ops/elementwise/sin.js'
import { matmul } from '../../ops/linear/matmul.js'
import { at } from '../../ops/shape/at.js'
import { stack } from '../../ops/shape/concat.js'
import { constant } from '../ode/system.js'
import { type Simulator, simulator } from '../simulator.js'

export interface SineMapAttrs {
  /** Conditioning: 1 is the best. */
  readonly xi: number
  /** Angle of the rotation in degrees: coupling of the two inputs. */
  readonly phi: number
  /** On x. */
  readonly factor: number
  /** 'code': (sin(c/ξ x̂1), c ξ x̂2), which made the figures. 'text': (sin(c x̂1)/ξ, c ξ x̂2), which ends at |y1| = 1/ξ. */
  readonly form: 'code' | 'text'
}

export const turn = (phi: number) => [Math.cos((phi * Math.PI) / 180), Math.sin((phi * Math.PI) / 180)]

/** y = (height · sin(wave · x̂1), slope · x̂2) */
export const numbersOf = ({ xi, factor, form }: SineMapAttrs) =>
  form === 'code'
    ? { wave: factor / xi, height: 1, slope: factor * xi }
    : { wave: factor, height: 1 / xi, slope: factor * xi }

/** x̂ = R x, or back. */
export function turned([c, s]: readonly number[], [a, b]: readonly number[], back = false): [number, number] {
  return back ? [c * a + s * b, c * b - s * a] : [c * a - s * b, s * a + c * b]
}

/** The sine's own inverse, number by number. */
const arcsine = (target: number, x: number): number => {
  const one = (v: number) => new Tensor([1], Float64Array.of(v))
  const site = { op: sinOp, inputs: [one(x)], out: one(Math.sin(x)), attrs: undefined, saved: {} }
  const [answer] = sinOp.inverse!.apply(site, { value: one(target), weight: null }, [true]) as readonly Claim[]
  return answer.value.data[0]
}

export const sineMapOp: Op<SineMapAttrs> = defineBlock<SineMapAttrs>({
  name: 'sineMap',
  doc: `y = (sin(c/ξ x̂1), c ξ x̂2), or (sin(c x̂1)/ξ, c ξ x̂2), with x̂ = R_φ x: a sine beside a line, stretched apart by ξ
  tangent  dy = D R dx, D the diagonal of the slopes at x̂
  adjoint  Rᵀ D ct
  inverse  local: x̂1 by arcsine on the branch nearest to the current one, x̂2 by division; x̃ = Rᵀ x̂. Trust it up to the next
           crest of the sine: beyond, the nearest branch is another one. y1 out of reach counts as the crest
  domain   x [..., 2]; ξ ≠ 0, c ≠ 0
  cost     a sine and a rotation per sample
  caveats  on a crest the slope is 0, and the inverse not smooth
  source   the book's "Scale Invariant Physics Training"; the first form is its code's, with c = 10`,
  tex: {
    y: String.raw`y = \bigl(\sin(\tfrac{c}{\xi} \hat x_1),\ c\,\xi\,\hat x_2\bigr),\; \hat x = R_\varphi x`,
    tangent: String.raw`dy = D R\,dx`,
    adjoint: String.raw`\bar x = R^\top D\,\bar y`,
    inverse: String.raw`\tilde x = R^\top \bigl(\tfrac{\xi}{c}\arcsin \tilde y_1,\ \tilde y_2/(c\,\xi)\bigr)`
  },
  forward: ([x], attrs) => {
    if (x.shape[x.rank - 1] !== 2) throw new ShapeError('sineMap', `x of shape ${show(x.shape)}`, 'Give x [..., 2]')
    const [c, s] = turn(attrs.phi)
    const { wave, height, slope } = numbersOf(attrs)
    // Samples are row vectors: x Rᵀ.
    const hat = attrs.phi === 0 ? x : matmul(x, constant([2, 2], [c, s, -s, c])[x.dtype])
    const wavy = sin(mul(at(hat, 0), wave))
    return stack([height === 1 ? wavy : mul(wavy, height), mul(at(hat, 1), slope)])
  },
  inverse: {
    kind: 'local',
    apply: ({ inputs: [x], out, attrs }: Site<SineMapAttrs>, claimed) => {
      const [target, R, n] = [wanted(claimed, out).data, turn(attrs.phi), numbersOf(attrs)]
      const value = mapData(x, v => v)
      for (let i = 0; i < x.size; i += 2) {
        const [now, asked] = [0, 1].map(k => [x.data[i + k], target[i + k] - out.data[i + k]])
        if (now[1] === 0 && asked[1] === 0) continue
        const [a, b] = turned(R, [now[0], asked[0]])
        const sine = now[1] === 0 ? a : arcsine(target[i] / n.height, n.wave * a) / n.wave
        const line = asked[1] === 0 ? b : target[i + 1] / n.slope
        value.data.set(turned(R, [sine, line], true), i)
      }
      return [{ value, weight: null }]
    }
  },
  examples: r => {
    const form = 'code' as const
    return [
      { inputs: [r.uniform([3, 2], -0.1, 0.1)], attrs: { xi: 1, phi: 45, factor: 10, form } },
      { inputs: [r.uniform([3, 2], -1, 1)], attrs: { xi: 32, phi: 15, factor: 10, form }, note: 'ξ = 32' },
      { inputs: [r.uniform([3, 2], 2, 4)], attrs: { xi: 3, phi: 0, factor: 1, form: 'text' }, note: "the text's form" },
      { inputs: [r.uniform([1, 2], -0.1, 0.1)], attrs: { xi: 1, phi: 0, factor: 10, form }, note: 'one sample' },
      { inputs: [r.uniform([0, 2])], attrs: { xi: 1, phi: 45, factor: 10, form }, note: 'no samples' },
      { inputs: [r.uniform([2, 2], 1e-301, 2e-301)], attrs: { xi: 2, phi: 45, factor: 10, form }, extreme: true }
    ]
  }
})

/**
 * The two-dimensional map of the text on SIP training, with exact local inverse: [..., 2] → [..., 2].
 *
 *     sineMap({ xi: 32, phi: 45 })                              // (sin(10/ξ x̂1), 10 ξ x̂2), as in the figures
 *     sineMap({ xi: 32, phi: 45, form: 'text' })                // (sin(x̂1)/ξ, ξ x̂2), as printed
 *
 * `factor` is 10 for the code's form and 1 for the text's, where it is not given. Throws OptionError for ξ or factor 0.
 */
export function sineMap(options: Partial<SineMapAttrs> = {}): Simulator<SineMapAttrs> {
  checkOptions('sineMap', options, ['xi', 'phi', 'factor', 'form'])
  const { xi = 1, phi = 0, form = 'code' } = options
  const { factor = form === 'code' ? 10 : 1 } = options
  checkChoice('sineMap', 'form', form, ['code', 'text'])
  checkNumbers('sineMap', 'positive', { xi, factor })
  checkNumbers('sineMap', 'finite', { phi })
  return simulator(sineMapOp, { xi, phi, factor, form })
}
