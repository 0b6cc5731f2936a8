import { ShapeError } from '../../core/errors.js'
import { checkNumbers } from '../../core/options.js'
import { show } from '../../core/shape.js'
import { add } from '../../core/structural/add.js'
import { matmul } from '../linear/matmul.js'
import { constant, glorot, type Initialiser } from './initialisers.js'
import { type Network, network } from './network.js'

export interface DenseOptions {
  /** Default true. It starts at zero. */
  bias?: boolean
  /** Of the weight. Default Glorot uniform. */
  init?: Initialiser
}

/**
 * y = x W + b: x [..., in] → [..., out], W `weight` [in, out], b `bias` [out].
 *
 * Throws OptionError for sizes that are no counts, ShapeError for an input of another width.
 */
export function dense(inputs: number, outputs: number, { bias = true, init = glorot }: DenseOptions = {}): Network {
  checkNumbers('dense', 'count', { inputs, outputs })
  const weight = { shape: [inputs, outputs], init, fan: { in: inputs, out: outputs } }
  return network({ weight, ...(bias && { bias: { shape: [outputs], init: constant(0) } }) }, (scope, x) => {
    if (x.rank === 0 || x.shape[x.rank - 1] !== inputs)
      throw new ShapeError(
        `dense layer ${scope.path && `'${scope.path}' `}of ${inputs} inputs`,
        `an input of shape ${show(x.shape)}`,
        `Give [..., ${inputs}]`
      )
    const y = matmul(x, scope.read('weight'))
    return bias ? add(y, scope.read('bias')) : y
  })
}
