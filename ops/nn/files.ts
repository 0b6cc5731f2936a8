import { readFileSync } from 'node:fs'
import { OptionError } from '../../core/errors.js'
import type { DType, Tensor } from '../../core/tensor.js'
import type { Network } from './network.js'
import { decodeJSON, encodeJSON } from './parametersJSON.js'
import { decodeSafetensors, encodeSafetensors, type Metadata } from './safetensors.js'
import { writeAtomically } from './writeAtomically.js'

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
