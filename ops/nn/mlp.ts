import { OptionError, ShapeError } from '../../core/errors.js'
import { describe } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import type { Tensor } from '../../core/tensor.js'
import { tanh } from '../elementwise/tanh.js'
import { matmul } from '../linear/matmul.js'
import { constant, glorot, type Initialiser, type Network, network, Parameters } from './parameters.js'

export interface MlpOptions {
  /** Between the layers; none after the last. Default tanh. */
  activation?: (x: Tensor) => Tensor
  /** Of the weights; biases start at zero. Default Glorot uniform. */
  init?: Initialiser
}

/**
 * A multilayer perceptron: x [B, n_0] → [B, n_last], layer i maps x ↦ activation(x W_i + b_i), W_i [n_i, n_{i+1}].
 *
 *     const net = mlp([4, 20, 20, 20, 24])        // 1,444 parameters
 *     const theta = net.init(random(0))
 *     net(theta, x)
 */
export function mlp(widths: readonly number[], { activation = tanh, init = glorot }: MlpOptions = {}): Network {
  if (!Array.isArray(widths) || widths.length < 2 || widths.some(n => !Number.isInteger(n) || n < 1))
    throw new ShapeError(
      `mlp of widths ${Array.isArray(widths) ? show(widths) : describe(widths)}`,
      'fewer than two, or not whole and positive',
      'Give [in, ..., out]'
    )
  if (typeof activation !== 'function')
    throw new OptionError(
      'mlp',
      `${describe(activation)} as its activation`,
      'Give a function of a tensor such as tanh'
    )
  const layers = widths.slice(1).map((out, i) => ({ in: widths[i], out, w: `dense${i}.weight`, b: `dense${i}.bias` }))
  const parameters = new Parameters(
    layers.flatMap(l => [
      { name: l.w, shape: [l.in, l.out], init, fan: { in: l.in, out: l.out } },
      { name: l.b, shape: [l.out], init: constant(0) }
    ])
  )
  return network(parameters, (theta, x) => {
    if (x.shape[x.rank - 1] !== widths[0])
      throw new ShapeError(
        `mlp of widths ${show(widths)}`,
        `an input of shape ${show(x.shape)}`,
        `Give [B, ${widths[0]}]`
      )
    return layers.reduce((h, l, i) => {
      const z = add(matmul(h, parameters.read(theta, l.w)), parameters.read(theta, l.b))
      return i < layers.length - 1 ? activation(z) : z
    }, x)
  })
}
