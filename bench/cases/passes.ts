import { scoped } from '../../core/index.js'
import { exp, softmax, sum, tanh } from '../../ops/index.js'
import { type Cases, numbers, resident, uniform } from '../case.js'
import { jaxRun, tfjsRun } from '../peers.js'

const N = 1e6
const [ROWS, COLUMNS] = [1000, 1000]
const functions = { tanh, exp }

/** One pass over a million entries: functions, and sums and softmax beside a plain copy loop. */
export const passCases: Cases = (_, { tfjs, jax }) =>
  (['f32', 'f64'] as const).flatMap(dtype => {
    const unit = dtype === 'f64' ? 8 : 4
    const wide = dtype === 'f64'
    const copy = () => {
      const [x, y] = [numbers(N, dtype), numbers(N, dtype)]
      return () => {
        for (let i = 0; i < x.length; i++) y[i] = x[i]
      }
    }
    return [
      ...(['tanh', 'exp'] as const).map(name => ({
        name: `${name} ${dtype} 1e6`,
        bytes: 2 * N * unit,
        setup: () => {
          const [x] = resident(uniform([N], dtype))
          return () => scoped(() => void functions[name](x))
        },
        peers: wide
          ? {}
          : {
              tfjs: tfjsRun(tfjs, [[N]], x => tfjs[name](x)),
              jax: jaxRun(jax, [[N]], x => jax.numpy[name](x))
            },
        python: { script: 'numpy' as const, key: `elementwise ${name} ${dtype} ${N}` }
      })),
      {
        name: `sum ${dtype} 1e6`,
        bytes: N * unit,
        setup: () => {
          const [x] = resident(uniform([N], dtype))
          return () => scoped(() => void sum(x))
        },
        peers: {
          'copy loop': copy,
          ...(wide
            ? {}
            : { tfjs: tfjsRun(tfjs, [[N]], x => tfjs.sum(x)), jax: jaxRun(jax, [[N]], x => jax.numpy.sum(x)) })
        },
        python: { script: 'numpy' as const, key: `total ${dtype} ${N}` }
      },
      {
        name: `softmax ${dtype} [${ROWS},${COLUMNS}]`,
        bytes: 2 * N * unit,
        setup: () => {
          const [x] = resident(uniform([ROWS, COLUMNS], dtype))
          return () => scoped(() => void softmax(x, -1))
        },
        peers: {
          'copy loop': copy,
          ...(wide
            ? {}
            : {
                tfjs: tfjsRun(tfjs, [[ROWS, COLUMNS]], x => tfjs.softmax(x)),
                jax: jaxRun(jax, [[ROWS, COLUMNS]], x => jax.nn.softmax(x, -1))
              })
        },
        python: { script: 'numpy' as const, key: `softmax ${dtype} ${ROWS} ${COLUMNS}` }
      }
    ]
  })
