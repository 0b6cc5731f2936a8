import type { Products } from '../../core/linalg/products.js'
import { norm2 } from '../../core/linalg/scaling.js'
import { unseen } from '../../core/tape.js'
import { ofValues } from '../../core/targets/isolate.js'
import { newton } from '../../core/targets/newton.js'
import type { Policy } from '../../core/targets/policy.js'
import { approximate, exact, local } from '../../core/targets/rung.js'
import { targetSweep } from '../../core/targets/targetSweep.js'
import { Tensor } from '../../core/tensor.js'
import { trace } from '../../core/verbs/trace.js'
import { filtered } from '../spectral/modes.js'
import { stabilisedChange } from '../spectral/stabilisedInverse.js'
import { mostLikely } from './mostLikely.js'
import type { PointOf } from './point.js'

/** Three ways to answer which x̃ gives ỹ; each undefined where there is no answer. */
export interface Answers {
  /** What the target sweep does by the policy. */
  planned(target: Float64Array): Float64Array | undefined
  /** The same refined until the target is met: approximate rules only begin. */
  refined(target: Float64Array): Float64Array | undefined
  /** Without regularisation: ỹ is believed to the last digit. */
  exact(target: Float64Array): Float64Array | undefined
  /** Told that entries of ỹ have noise of deviation `sigma`, and that entries of x are off by about `signal`. */
  regularised(target: Float64Array, sigma: number, signal: number): Float64Array | undefined
}

const UNREGULARISED: Partial<Policy> = {
  ladder: [exact, local, approximate, newton({ maxIterations: 20 })],
  refine: true
}

export function answersOf(point: PointOf, policy: Partial<Policy>): Answers {
  const { P, x, y, yShape, factors } = point
  const now = Float64Array.from(x.data)
  // One recording for all targets.
  const { tape, watched, y: recorded } = unseen(() => trace('inverseQuality', P, [x], [0]))
  // A single site is the whole.
  const whole = tape.sites.length > 1 ? 'missed' : 'never'
  const attempt = (f: () => Float64Array): Float64Array | undefined => {
    try {
      const found = unseen(f)
      return found.every(Number.isFinite) ? found : undefined
    } catch (e) {
      if (!ofValues(e)) throw e
      return undefined
    }
  }
  const sweep = (target: Float64Array, settings: Partial<Policy>) =>
    attempt(() => {
      const asked = new Tensor(yShape, recorded.dtype === 'f64' ? target : Float32Array.from(target))
      return Float64Array.from(targetSweep(tape, [[recorded, asked]], watched, settings).targets[0].value.data)
    })
  const changed = (change: Float64Array): Float64Array => now.map((v, i) => v + change[i])
  let J: Products | undefined
  return {
    planned: target => sweep(target, policy),
    refined: target => sweep(target, { ...policy, refine: true, whole }),
    exact: target => {
      if (!factors) return sweep(target, { ...UNREGULARISED, whole })
      const dx = new Float64Array(now.length)
      // A mode that is gone stays.
      const undo = factors.transfer.map(t => (Number.isFinite(1 / t) ? 1 / t : 0))
      filtered(
        target.map((v, i) => v - y[i]),
        factors.modes,
        undo,
        dx
      )
      return changed(dx)
    },
    regularised: (target, sigma, signal) =>
      attempt(() => {
        if (!factors) {
          J ??= point.jacobian(now)
          return changed(mostLikely(point, J, target, sigma / signal))
        }
        const dy = target.map((v, i) => v - y[i])
        const { transfer, modes } = factors
        return changed(stabilisedChange(dy, f => sigma * Math.sqrt(f.length), transfer, modes, signal))
      })
  }
}

/** ‖P(x̃) - ỹ‖, NaN where P has no value at x̃. */
export function missed(point: PointOf, found: Float64Array, target: Float64Array): number {
  const reached = point.run(found)
  return norm2(reached.map((v, i) => v - target[i]))
}
