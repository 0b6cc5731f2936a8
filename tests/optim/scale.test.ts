import t from 'tap'
import { scaleCheck } from '../../core/check/index.js'
import { family } from '../../experiments/scale.js'
import { adamW, firstStep, hig } from '../../optim/index.js'

t.test('how steps scale with the units of x and of y', async t => {
  const more = {
    'AdamW without decay': { method: adamW({ weightDecay: 0 }), p: 0, q: 0 },
    'κ = -0.7': { method: hig({ kappa: -0.7 }), p: 0.7, q: 0.3 }
  }
  for (const [name, { method, p, q }] of Object.entries({ ...family, ...more })) {
    const got = scaleCheck(firstStep(method))
    t.ok(
      Math.abs(got.p - p) < 1e-3 && Math.abs(got.q - q) < 1e-3,
      `${name}: (${got.p.toFixed(5)}, ${got.q.toFixed(5)})`
    )
  }
})
