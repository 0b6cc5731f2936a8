import { allocUnset } from '../../core/memory.js'
import { checkNumbers } from '../../core/options.js'
import type { Random } from '../../core/random.js'
import { mul } from '../../core/structural/mul.js'
import { Tensor } from '../../core/tensor.js'
import { type Network, network } from './network.js'

/**
 * y = x m/(1 - p), where every entry of the mask m [x's shape] is 0 with probability p, else 1: the expectation is x.
 * Without `random` in the context y = x. The mask comes from the stream of the layer's path, entry by entry, so the same
 * stream gives the same mask, in f32 as in f64, and sample b's does not depend on how many samples follow it.
 *
 *     net(theta, x, { random: stream.split(`step ${k}`) })   // training
 *     net(theta, x)                                          // use
 *
 * Throws OptionError unless 0 ≤ p < 1. Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov 2014.
 */
export function dropout(p = 0.5): Network {
  checkNumbers('dropout', 'fraction', { p })
  return network({}, ({ path, context: { random } }, x) =>
    random && p > 0 ? mul(x, mask(random.split(path), x, p)) : x
  )
}

/** Zeros with probability p, otherwise 1/(1 - p), like x. */
function mask(stream: Random, x: Tensor, p: number): Tensor {
  const m = allocUnset(x.size, x.dtype)
  for (let i = 0; i < m.length; i++) m[i] = stream.next() < p ? 0 : 1 / (1 - p)
  return new Tensor(x.shape, m)
}
