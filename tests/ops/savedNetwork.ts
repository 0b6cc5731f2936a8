import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { type DType, random, type Tensor } from '../../core/index.js'
import { uNet } from '../../ops/index.js'
import { loadParameters, saveParameters } from '../../ops/nn/files.js'

/** A network of several kinds of layers for files.test.ts, here and in a process of its own. */
export const net = uNet({ levels: 2, filters: 4, norm: 'group' })
export const draw = (seed: number, dtype: DType): Tensor => net.init(random(seed), dtype)

/** The bits of what it gives, in hexadecimal. */
export function outputOf(theta: Tensor): string {
  const { data } = net(theta, random('input').normal([2, 1, 6, 4], 0, 1, { dtype: theta.dtype }))
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex')
}

/**
 *     node savedNetwork.js save PATH SEED DTYPE     prints the bits of the output
 *     node savedNetwork.js load PATH                the same, from the file
 *     node savedNetwork.js crash PATH SEED DTYPE    dies when all is written and nothing renamed
 */
if (import.meta.url === `file://${process.argv[1]}`) {
  const [task, path, seed, dtype] = process.argv.slice(2)
  if (task === 'crash') {
    fs.renameSync = () => process.kill(process.pid, 'SIGKILL')
    syncBuiltinESMExports()
  }
  const theta = task === 'load' ? loadParameters(path, net) : draw(Number(seed), dtype as DType)
  if (task !== 'load') saveParameters(path, net, theta)
  process.stdout.write(outputOf(theta))
}
