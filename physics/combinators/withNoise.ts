import { carryAligned, defineOp, type Op } from '../../core/op.js'
import { checkNumbers, checkOptions } from '../../core/options.js'
import { random } from '../../core/random.js'
import { mapData, type Tensor, tensor } from '../../core/tensor.js'
import { checkSimulator, type Simulator, simulator } from '../simulator.js'
import { type ComposeAttrs, compose } from './compose.js'

export interface NoiseAttrs {
  /** Standard deviation. */
  readonly deviation: number
  readonly seed: number
}

const drawn = (t: Tensor, { deviation, seed }: NoiseAttrs) =>
  random(seed).split('noise').normal(t.shape, 0, deviation).data

export const noiseOp: Op<NoiseAttrs> = defineOp<NoiseAttrs>({
  name: 'noise',
  doc: `y = x + σ n, n normal numbers that follow from a seed and the shape of x: the same for every call
  tangent  dy = dx
  adjoint  ct
  inverse  exact: x̃ = ỹ - σ n. Trust it for nothing but bookkeeping: who measures does not know n, and inverts without it
  cost     a normal number for every entry
  domain   everywhere`,
  tex: {
    y: String.raw`y = x + \sigma n`,
    tangent: 'dy = dx',
    adjoint: String.raw`\bar x = \bar y`,
    inverse: String.raw`\tilde x = \tilde y - \sigma n`
  },
  outShape: ([s]) => s,
  forward: ([x], attrs) => {
    const noise = drawn(x, attrs)
    return mapData(x, (v, i) => v + noise[i])
  },
  jvp: ([dx]) => dx,
  vjp: ct => [ct],
  carry: carryAligned,
  inverse: {
    kind: 'exact',
    apply: ({ inputs: [x], out, attrs }, { value, weight }) => {
      const noise = drawn(x, attrs)
      const same = (i: number) => value.data[i] === out.data[i] || weight?.data[i] === 0
      return [{ value: mapData(value, (v, i) => (same(i) ? x.data[i] : v - noise[i])), weight }]
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 3])], attrs: { deviation: 0.1, seed: 0 } },
    { inputs: [r.normal([2, 1])], attrs: { deviation: 0, seed: 1 }, note: 'none, size-1 axis' },
    { inputs: [r.normal([0, 3])], attrs: { deviation: 1, seed: 1 }, note: 'empty axis' },
    { inputs: [tensor([1e300, -1e-300])], attrs: { deviation: 1e-3, seed: 2 }, extreme: true }
  ]
})

/**
 * A simulator whose output is measured with noise: P(x) + σ n, n from a seed, so that the same call gives the same numbers.
 * For data: what an inverse makes of it is asked of P.
 *
 *     const y = withNoise(P, { deviation: 1e-3, seed: 1 })(x)
 *     localInverse(P)(y, guess)
 */
export function withNoise(P: Simulator, options: { deviation: number; seed?: number }): Simulator<ComposeAttrs> {
  checkSimulator(P, 'withNoise')
  checkOptions('withNoise', options, ['deviation', 'seed'])
  const { deviation, seed = 0 } = options
  checkNumbers('withNoise', 'notNegative', { deviation })
  checkNumbers('withNoise', 'whole', { seed })
  return compose(P, simulator(noiseOp, { deviation, seed }))
}
