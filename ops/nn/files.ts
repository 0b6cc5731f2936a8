import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { OptionError } from '../../core/errors.js'
import type { DType, Tensor } from '../../core/tensor.js'
import type { Network } from './network.js'
import { decodeJSON, encodeJSON } from './parametersJSON.js'
import { decodeSafetensors, encodeSafetensors, type Metadata } from './safetensors.js'

/** Files of parameters, in Node; what is in the bytes is said at encodeSafetensors and encodeJSON, which run anywhere. */
type Format = 'safetensors' | 'json'

/**
 * Saves θ [P] of a network; the ending of the path, `.safetensors` or `.json`, is the format. Atomic: whatever happens on
 * the way, the path holds the whole old file or the whole new one. Throws OptionError for another ending.
 *
 *     saveParameters('net.safetensors', net, theta, { step: '1000' })
 */
export function saveParameters(path: string, net: Network, theta: Tensor, metadata?: Metadata): void {
  const format = formatOf(path, 'saveParameters')
  writeAtomically(path, format === 'json' ? encodeJSON(net, theta, metadata) : encodeSafetensors(net, theta, metadata))
}

/**
 * θ [P] of a network from a file, in the dtype that it holds.
 *
 * Throws FormatError for a file that is cut off or no such file, ShapeError for that of another model, DTypeError for
 * another dtype than `dtype` asks, OptionError for a path with another ending.
 */
export function loadParameters(path: string, net: Network, { dtype }: { dtype?: DType } = {}): Tensor {
  const from = `loadParameters of ${path}`
  return formatOf(path, 'loadParameters') === 'json'
    ? decodeJSON(readFileSync(path, 'utf8'), net, { dtype, from })
    : decodeSafetensors(readFileSync(path), net, { dtype, from })
}

function formatOf(path: string, asked: string): Format {
  const ending = /\.(safetensors|json)$/.exec(String(path))?.[1]
  if (!ending) throw new OptionError(asked, `the path ${path}`, 'Give one that ends in .safetensors or .json')
  return ending as Format
}

/**
 * Written beside the path under a name of its own, brought to the disk, then renamed, which the file system does at once
 * or not at all. After an error nothing is left; after a crash at most the file beside it.
 */
function writeAtomically(path: string, content: Uint8Array | string): void {
  const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
  try {
    const file = openSync(beside, 'wx')
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}
