import { scoped, withThreads } from '../../core/index.js'
import { matmul } from '../../ops/index.js'
import { type Case, type Cases, resident, uniform } from '../case.js'
import { jaxRun, tfjsRun } from '../peers.js'

/** Products of square matrices, one by one and in a batch, tensors in and out; some on two threads too. */
export const matmulCases: Cases = (extent, { tfjs, jax }) => {
  const sides = extent === 'quick' ? [64, 256] : [64, 128, 256, 512, 1024]
  const shapes = [...sides.map(n => [n, n]), [64, 64, 64]]
  return (['f32', 'f64'] as const).flatMap(dtype =>
    shapes.flatMap((shape): Case[] => {
      const n = shape[shape.length - 1]
      const batch = shape.length > 2 ? shape[0] : 1
      const one: Case = {
        name: batch > 1 ? `matmul ${dtype} ${batch}×[${n}³]` : `matmul ${dtype} ${n}`,
        flops: 2 * batch * n ** 3,
        setup: () => {
          const [a, b] = resident(uniform(shape, dtype), uniform(shape, dtype))
          return () => scoped(() => void matmul(a, b))
        },
        peers:
          dtype === 'f64'
            ? {}
            : {
                tfjs: tfjsRun(tfjs, [shape, shape], (a, b) => tfjs.matMul(a, b)),
                jax: jaxRun(jax, [shape, shape], (a, b) => jax.numpy.matmul(a, b))
              },
        python: { script: 'numpy' as const, key: batch > 1 ? `batched ${dtype} ${batch} ${n}` : `matmul ${dtype} ${n}` }
      }
      const oneThread = () => {
        const run = one.setup()
        return () => withThreads(1, run)
      }
      const two = { ...one, name: `${one.name}, 2 threads`, threads: 2, peers: { 'one thread': oneThread } }
      return [256, 1024].includes(n) ? [one, two] : [one]
    })
  )
}
