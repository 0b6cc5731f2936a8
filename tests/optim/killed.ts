import { random, type Tensor } from '../../core/index.js'
import { l2, mlp, sin } from '../../ops/index.js'
import { checkpointFile } from '../../optim/files.js'
import { adam, cosineDecay, type TrainOptions } from '../../optim/index.js'
import { train } from '../../optim/train.js'

/** A training run that draws its data from a stream and its masks from nowhere else: all it depends on is in a checkpoint. */
const net = mlp([4, 48, 48, 2])

export const run = (steps: number): TrainOptions<{ x: Tensor; y: Tensor }, any, any> => ({
  theta: net.init(random(1).split('net')),
  method: adam({ lr: cosineDecay({ lr: 1e-2, steps }), clipNorm: 1 }),
  streams: { data: random(1).split('data'), noise: random(1).split('noise') },
  data: (_, { data, noise }) => ({ x: data.normal([32, 4]), y: noise.uniform([32, 2]) }),
  model: (theta, { x, y }) => l2(sin(net(theta, x)), y),
  steps
})

// node killed.js <file> <steps>: goes on where the file says, and writes a checkpoint after every step until it is killed.
if (process.argv[2]) {
  const file = checkpointFile(process.argv[2])
  await train({ ...run(Number(process.argv[3])), checkpoint: { every: 1, save: file.save }, resume: file.load() })
}
