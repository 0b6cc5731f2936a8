import { OptionError, ShapeError } from '../../core/errors.js'
import { describe } from '../../core/options.js'
import { show } from '../../core/shape.js'
import type { Tensor } from '../../core/tensor.js'
import { tanh } from '../elementwise/tanh.js'
import { dense } from './dense.js'
import { glorot, type Initialiser } from './initialisers.js'
import type { Network } from './network.js'
import { type Layer, sequential } from './sequential.js'

export interface MlpOptions {
  /** Between the layers; none after the last. Default tanh. */
  activation?: (x: Tensor) => Tensor
  /** Of the weights; biases start at zero. Default Glorot uniform. */
  init?: Initialiser
}

/**
 * A multilayer perceptron: x [..., n_0] → [..., n_last], layer i maps x ↦ activation(x W_i + b_i), W_i [n_i, n_{i+1}].
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
  checkActivation('mlp', activation)
  const layers: Record<string, Layer> = {}
  for (let i = 0; i < widths.length - 1; i++) {
    if (i > 0) layers[`activation${i}`] = activation
    layers[`dense${i}`] = dense(widths[i], widths[i + 1], { init })
  }
  return sequential(layers)
}

/** Throws OptionError unless an activation is a function. */
export function checkActivation(asked: string, activation: unknown): void {
  if (typeof activation !== 'function')
    throw new OptionError(
      asked,
      `${describe(activation)} as its activation`,
      'Give a function of a tensor such as tanh'
    )
}
