import t from 'tap'
import { scaleCheck } from '../../core/check/index.js'
import { grad, jacobian, type Tensor } from '../../core/index.js'
import { mul, reshape, square, sub, sum } from '../../ops/index.js'
import {
  adadelta,
  adagrad,
  adaHessian,
  adam,
  adamW,
  amsgrad,
  dogleg,
  Evaluation,
  gaussNewton,
  hig,
  inverseGradient,
  levenbergMarquardt,
  newtonMethod,
  type Optimizer,
  rmsprop,
  saddleFreeNewton,
  sgd,
  sip,
  truncatedNewton
} from '../../optim/index.js'

/** The first step of a method for P(x) = target. θ is the one sample, so its Jacobian is made without a sample axis. */
const firstStep =
  (method: Optimizer<any, any>) =>
  (P: (x: Tensor) => Tensor, x: Tensor, target: Tensor): Tensor => {
    const model = (th: Tensor) => {
      const y = P(th)
      return { loss: mul(sum(square(sub(y, target))), 0.5), y, x: th }
    }
    const e = new OneSample(model, x)
    return method.step(x, method.needs === 'gradient' ? e.gradient : e, method.init(x)).delta
  }

class OneSample extends Evaluation {
  override get J(): Tensor {
    const { value, J } = jacobian((th: Tensor) => this.outputs(th))(this.theta)
    return reshape(J, [1, value.size, this.theta.size])
  }
  override get lossGradient(): Tensor {
    return reshape(grad((z: Tensor) => this.lossOf(z))(this.y), [1, this.y.size])
  }
  override at(theta: Tensor): Evaluation {
    return new OneSample(this.model, theta)
  }
}

t.test('how steps scale with the units of x and of y', async t => {
  const table: [string, Optimizer<any, any>, number, number][] = [
    ['GD', sgd({ lr: 0.1 }), -1, 2],
    ['Adam', adam(), 0, 0],
    ['HIG', hig(), 0.5, 0.5],
    ['Gauss-Newton', gaussNewton(), 1, 0],
    ['Newton', newtonMethod(), 1, 0],
    ['SIP', sip(sgd({ lr: 1 })), 1, 0],
    // The rest of the family.
    ['momentum', sgd({ lr: 0.1, momentum: 0.9, nesterov: true }), -1, 2],
    ['AdamW', adamW({ weightDecay: 0 }), 0, 0],
    ['AMSGrad', amsgrad({ epsilonHat: true, eps: 0 }), 0, 0],
    ['RMSprop', rmsprop(), 0, 0],
    ['Adagrad', adagrad(), 0, 0],
    ['Adadelta', adadelta({ eps: 1e-12 }), 0, 0],
    ['saddle-free Newton', saddleFreeNewton(), 1, 0],
    ['truncated Newton, to the end', truncatedNewton({ forcing: 0 }), 1, 0],
    ['AdaHessian', adaHessian({ eps: 0 }), 1, 0],
    ['Levenberg-Marquardt', levenbergMarquardt(), 1, 0],
    ['dogleg', dogleg(), 1, 0],
    ['inverse gradient', inverseGradient(), 1, 0]
  ]
  for (const [name, method, p, q] of table) {
    const got = scaleCheck(firstStep(method))
    t.ok(
      Math.abs(got.p - p) < 1e-3 && Math.abs(got.q - q) < 1e-3,
      `${name}: (${got.p.toFixed(5)}, ${got.q.toFixed(5)})`
    )
  }
})
