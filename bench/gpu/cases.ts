import { random, type Tensor, valueAndGrad } from '../../core/index.js'
import { add, conv2d, exp, l2, matmul, mlp, mul, softmax, sub, sum, tanh } from '../../ops/index.js'

/** One line of the table. */
export interface GpuCase {
  readonly kernel: string
  readonly size: string
  /** Floating-point operations of a run, two per product; 0 where bytes say more. */
  readonly flops: number
  /** Bytes read and written. */
  readonly bytes?: number
  /** Prepares the data, in f32 and on the backend in use, and returns what is timed. */
  setup(): () => Tensor
}

/** Where the backend in use has it at once. */
const normal = (shape: readonly number[], seed = 1): Tensor =>
  mul(random(seed).normal(shape, 0, 1, { dtype: 'f32' }), 1)
const entries = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)

function product(shape: readonly number[]): GpuCase {
  const n = shape[shape.length - 1]
  const batch = shape.length > 2 ? shape[0] : 1
  return {
    kernel: 'matmul',
    size: batch > 1 ? `${batch} × [${n}³]` : `${n}³`,
    flops: 2 * batch * n ** 3,
    setup: () => {
      const [a, b] = [normal(shape), normal(shape, 2)]
      return () => matmul(a, b)
    }
  }
}

function convolutions(batch: number): GpuCase[] {
  const [x, w] = [
    [batch, 16, 64, 64],
    [16, 16, 3, 3]
  ]
  const flops = 2 * entries(x) * 16 * 9
  const size = `3×3 on [${x}] to 16`
  const f = (x: Tensor, w: Tensor) => conv2d(x, w, { padding: 1 })
  // A loss whose adjoint costs little beside the convolution's; each includes the forward pass.
  const loss = (x: Tensor, w: Tensor) => sum(f(x, w))
  return [
    {
      kernel: 'conv2d',
      size,
      flops,
      setup: () => {
        const [a, b] = [normal(x), normal(w, 2)]
        return () => f(a, b)
      }
    },
    ...([0, 1] as const).map(
      (wrt): GpuCase => ({
        kernel: `conv2d, and its adjoint in ${wrt === 0 ? 'x' : 'w'}`,
        size,
        flops: 2 * flops,
        setup: () => {
          const [a, b] = [normal(x), normal(w, 2)]
          return () => valueAndGrad(loss, { wrt })(a, b).grad
        }
      })
    )
  ]
}

function pass(kernel: string, f: (x: Tensor) => Tensor, shape: readonly number[], operands = 2): GpuCase {
  return {
    kernel,
    size: `[${shape}]`,
    flops: 0,
    bytes: 4 * operands * entries(shape),
    setup: () => {
      const x = normal(shape)
      return () => f(x)
    }
  }
}

function training(width: number, depth: number, batch: number): GpuCase {
  const net = mlp([width, ...Array<number>(depth).fill(width), width], { activation: tanh })
  return {
    kernel: 'training step',
    size: `tanh network ${depth} × ${width}, batch ${batch}`,
    flops: 6 * batch * net.size,
    setup: () => {
      const theta = mul(net.init(random(3), 'f32'), 1)
      const [x, y] = [normal([batch, width]), normal([batch, width], 2)]
      return () => {
        const { grad } = valueAndGrad((th: Tensor) => sum(l2(net(th, x), y)))(theta)
        return sub(theta, mul(grad, 1e-3))
      }
    }
  }
}

/** What `npm run bench` measures on the CPU, in f32; `small`: in sizes that software can do. */
export function gpuCases(small: boolean): GpuCase[] {
  const many = [small ? 1e4 : 1e6]
  return [
    ...(small ? [32, 64] : [256, 512, 1024]).map(n => product([n, n])),
    product(small ? [8, 16, 16] : [64, 64, 64]),
    ...convolutions(small ? 1 : 128),
    pass('tanh', tanh, many),
    pass('exp', exp, many),
    pass('add', x => add(x, x), many, 3),
    pass('sum', x => sum(x), many, 1),
    pass('softmax', x => softmax(x), small ? [50, 50] : [1000, 1000]),
    training(small ? 16 : 512, 3, small ? 16 : 256)
  ]
}
