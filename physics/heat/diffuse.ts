import { apply } from '../../core/apply.js'
import { wanted } from '../../core/claim.js'
import { ShapeError } from '../../core/errors.js'
import { type Claim, carryInFront, defineOp, type Op } from '../../core/op.js'
import { checkNumbers } from '../../core/options.js'
import { show, size } from '../../core/shape.js'
import { type DType, Tensor, tensor } from '../../core/tensor.js'
import { heatExponent, spectralFilter } from './spectrum.js'
import { stabilisedInverse } from './stabilisedInverse.js'

/** The notebook's: noise of a millionth of what is asked. */
export const UNCERTAINTY = 1e-6

export interface DiffuseAttrs {
  /** ν t: diffusivity times time, in cells². */
  amount: number
  /** Standard deviation of the noise in ỹ - y relative to |ỹ - y|: what the inverse trusts. */
  uncertainty: number
}

const array = (values: Float64Array, dtype: DType) => (dtype === 'f64' ? values : Float32Array.from(values))

export const diffuseOp: Op<DiffuseAttrs> = defineOp<DiffuseAttrs>({
  name: 'diffuse',
  doc: `heat conduction ∂u/∂t = ν ∇²u over periodic unit cells, exact in Fourier space: ŷ = x̂ e^(-k² ν t), k = 2πf
  tangent  dy = diffuse(dx): the operator is linear
  adjoint  diffuse(ct): it is symmetric, so its gradient diffuses once more
  inverse  regularised: x̃ = x + stabilised inverse of ỹ - y. Every bin is amplified as far as it is more likely signal than
           noise; the exact inverse would amplify by up to e^(2π² ν t), 1e68 for ν t = 8
  domain   fields [..., H, W] with H, W ≥ 1; ν t ≥ 0
  cost     two FFTs per field, in each rule
  caveats  the inverse expects signals of the size of the notebook's temperatures (about 1): it takes larger ones for noise
  source   the book's "Learning to Invert Heat Conduction": PhiFlow's diffuse.fourier and the notebook's inv_diffuse`,
  tex: {
    y: String.raw`\hat y = e^{-k^2 \nu t}\,\hat x`,
    tangent: String.raw`d\hat y = e^{-k^2 \nu t}\,d\hat x`,
    adjoint: String.raw`\hat{\bar x} = e^{-k^2 \nu t}\,\hat{\bar y}`,
    inverse: String.raw`\tilde x = x + P^{-1}_{\text{stable}}(\tilde y - y)`
  },
  outShape: ([s], { amount, uncertainty }) => {
    checkNumbers('diffuse', 'notNegative', { amount, uncertainty })
    if (s.length < 2 || size(s.slice(-2)) === 0)
      throw new ShapeError(`diffuse of ${show(s)}`, 'no field', 'Give [..., H, W] with H, W ≥ 1')
    return s
  },
  forward: ([x], { amount }) => {
    const [h, w] = x.shape.slice(-2)
    const kernel = heatExponent(h, w, amount).map(e => Math.exp(-e))
    return new Tensor(x.shape, array(spectralFilter(x.data, kernel, h, w), x.dtype))
  },
  jvp: ([dx], v) => dx && apply(diffuseOp, [dx], v.attrs),
  vjp: (ct, v) => [apply(diffuseOp, [ct], v.attrs)],
  carry: carryInFront(2),
  inverse: {
    kind: 'regularised',
    apply: ({ inputs: [x], out, attrs }, claimed): Claim[] => {
      const [h, w] = x.shape.slice(-2)
      const n = h * w
      const exponent = heatExponent(h, w, attrs.amount)
      const target = wanted(claimed, out)
      const value = Float64Array.from(x.data)
      for (let at = 0; at < value.length; at += n) {
        const dy = Float64Array.from({ length: n }, (_, i) => target.data[at + i] - out.data[at + i])
        const { dx } = stabilisedInverse(
          dy,
          exponent,
          h,
          w,
          dy.map(d => attrs.uncertainty * Math.abs(d))
        )
        for (let i = 0; i < n; i++) value[at + i] += dx[i]
      }
      return [{ value: new Tensor(x.shape, array(value, x.dtype)), weight: null }]
    }
  },
  examples: r => [
    { inputs: [r.normal([2, 4, 6])], attrs: { amount: 0.5, uncertainty: 1e-6 } },
    { inputs: [r.normal([5, 3])], attrs: { amount: 0.2, uncertainty: 1e-6 }, note: 'odd sizes' },
    { inputs: [r.normal([2, 1, 4])], attrs: { amount: 0, uncertainty: 1e-6 }, note: 'no time' },
    { inputs: [r.normal([1, 8, 8])], attrs: { amount: 8, uncertainty: 1e-6 }, note: "the notebook's ν t = 8" },
    { inputs: [r.normal([0, 2, 3])], attrs: { amount: 0.5, uncertainty: 1e-6 }, note: 'no fields' },
    {
      inputs: [
        tensor([
          [
            [1e300, -2e300],
            [5e299, 1e300]
          ],
          [
            [1e-300, 2e-300],
            [-5e-301, 1e-300]
          ]
        ])
      ],
      attrs: { amount: 0.1, uncertainty: 1e-6 },
      extreme: true
    }
  ]
})

/** Heat conduction for ν t = `amount` over the last two axes, periodic unit cells. */
export const diffuse = (x: Tensor, amount: number, uncertainty = UNCERTAINTY): Tensor =>
  apply(diffuseOp, [x], { amount, uncertainty })
