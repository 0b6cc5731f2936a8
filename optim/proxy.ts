import type { Claim } from '../core/op.js'
import { checkChoice, checkNumbers } from '../core/options.js'
import { mapData, type Tensor } from '../core/tensor.js'

/** The loss in x that connects an inverse of the physics with a network: what pulls x to x̃, a constant. */
export interface ProxyLoss {
  /**
   * 'l2', ½|x - x̃|², cotangent x - x̃; 'l1', |x - x̃|₁, its sign: all samples pull alike, however far they are; 'huber', l2
   * up to a distance of delta and l1 beyond, cotangent held to ±delta.
   */
  proxy?: 'l2' | 'l1' | 'huber'
  /** Of 'huber'. Default 1, in the units of x. */
  delta?: number
}

/** Throws OptionError for another proxy. */
export function checkProxy(asked: string, { proxy, delta }: Required<ProxyLoss>): void {
  checkChoice(asked, 'proxy', proxy, ['l2', 'l1', 'huber'])
  checkNumbers(asked, 'positive', { delta })
}

/** ∂/∂x of scale · proxy(x - x̃); 0 where nothing is claimed. */
export function proxyCotangent(
  x: Tensor,
  { value, weight }: Claim,
  { proxy = 'l2', delta = 1 }: ProxyLoss,
  scale: number
): Tensor {
  const slope = {
    l2: (d: number) => d,
    l1: Math.sign,
    huber: (d: number) => Math.max(-delta, Math.min(delta, d))
  }[proxy]
  const [to, weights] = [value.data, weight?.data]
  return mapData(x, (v, i) => (weights && weights[i] === 0 ? 0 : scale * slope(v - to[i])))
}
