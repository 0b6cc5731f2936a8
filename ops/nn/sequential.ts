import { OptionError } from '../../core/errors.js'
import { describe } from '../../core/options.js'
import type { Tensor } from '../../core/tensor.js'
import { isNetwork, type Network, network, type Parametric } from './network.js'

/** A network, or a function of a tensor without parameters: an activation, a pooling, a reshape. */
export type Layer = ((x: Tensor) => Tensor) | Parametric

/**
 * One layer after the other: x ↦ layer_n(… layer_1(x)). Parameters are named by the position of their layer, functions
 * counted too ('0.weight', '2.weight'), or by names of one's own, in the order in which they are written.
 *
 *     sequential([dense(4, 20), tanh, dropout(0.1), dense(20, 24)])
 *     sequential({ lift: dense(3, 32), gelu, project: dense(32, 1) })
 *
 * Throws OptionError for a layer that is neither a network nor a function, and for a number as a name of one's own.
 */
export function sequential(layers: readonly Layer[] | Readonly<Record<string, Layer>>): Network {
  const steps = Object.entries(layers ?? {})
  const wrong = steps.find(([, layer]) => typeof layer !== 'function')
  if (typeof layers !== 'object' || layers === null || wrong)
    throw new OptionError(
      'sequential',
      wrong ? `${describe(wrong[1])} as layer '${wrong[0]}'` : describe(layers),
      'Give a list of layers and functions, or an object of them'
    )
  const numbered = !Array.isArray(layers) && steps.find(([name]) => /^\d+$/.test(name))
  if (numbered)
    throw new OptionError(
      'sequential',
      `a layer of the name '${numbered[0]}', which JavaScript puts in front of the others`,
      'Give names that are no numbers, or a list'
    )
  const parts = Object.fromEntries(steps.flatMap(([name, layer]) => (isNetwork(layer) ? [[name, layer]] : [])))
  return network(parts, (scope, x) =>
    steps.reduce(
      (h, [name, layer]) => (isNetwork(layer) ? layer(scope.in(name), h) : (layer as (x: Tensor) => Tensor)(h)),
      x
    )
  )
}
