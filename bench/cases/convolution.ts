import type { ConvGeometry } from '../../core/backends/convolutionPlan.js'
import { conv, convInput, convProducts, convWeight } from '../../core/backends/kernels.js'
import type { Data } from '../../core/backends/plain/data.js'
import { Tensor } from '../../core/index.js'
import { type Cases, numbers, resident } from '../case.js'
import { jaxRun, tfjsRun } from '../peers.js'

const [CHANNELS, SIDE, FILTERS] = [16, 64, 16]

/** A 3×3 convolution of 16 channels to 16 that keeps the size, and both adjoints. */
export const convolutionCases: Cases = (extent, { tfjs, jax }) => {
  const batch = extent === 'quick' ? 16 : 128
  const g: ConvGeometry = {
    batch,
    inChannels: CHANNELS,
    outChannels: FILTERS,
    groups: 1,
    size: [SIDE, SIDE],
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding: [1, 1]
  }
  const plane = SIDE * SIDE
  const flops = 2 * convProducts(g)
  return (['f32', 'f64'] as const).flatMap(dtype => {
    const data = (): { x: Data; w: Data; y: Data } => {
      const sizes = [batch * CHANNELS * plane, FILTERS * CHANNELS * 9, batch * FILTERS * plane]
      const [x, w, y] = resident(...sizes.map(n => new Tensor([n], numbers(n, dtype)))).map(t => t.data)
      return { x, w, y }
    }
    const name = `conv ${dtype} [${batch},${CHANNELS},${SIDE},${SIDE}]→${FILTERS}`
    const channelsLast = [
      [batch, SIDE, SIDE, CHANNELS],
      [3, 3, CHANNELS, FILTERS]
    ]
    const channelsFirst = [
      [batch, CHANNELS, SIDE, SIDE],
      [FILTERS, CHANNELS, 3, 3]
    ]
    return [
      {
        name: `${name} forward`,
        flops,
        setup: () => {
          const { x, w, y } = data()
          return () => conv(x, w, y, g)
        },
        peers:
          dtype === 'f64'
            ? {}
            : {
                tfjs: tfjsRun(tfjs, channelsLast, (x, w) => tfjs.conv2d(x, w, 1, 'same')),
                // A hundredth of the others' speed: at this size it takes seconds.
                jax:
                  extent === 'quick'
                    ? jaxRun(jax, channelsFirst, (x, w) => jax.lax.convGeneralDilated(x, w, [1, 1], 'SAME'))
                    : 'left out'
              },
        python: { script: 'torch' as const, key: `conv ${dtype} ${batch} forward` }
      },
      {
        name: `${name} input adjoint`,
        flops,
        setup: () => {
          const { x, w, y } = data()
          return () => convInput(y, w, x, g)
        },
        python: { script: 'torch' as const, key: `conv ${dtype} ${batch} input` }
      },
      {
        name: `${name} weight adjoint`,
        flops,
        setup: () => {
          const { x, w, y } = data()
          return () => convWeight(x, y, w, g)
        },
        python: { script: 'torch' as const, key: `conv ${dtype} ${batch} weight` }
      }
    ]
  })
}
