import { DTypeError, FormatError } from '../../core/errors.js'
import { alloc } from '../../core/memory.js'
import { describe } from '../../core/options.js'
import { show, size } from '../../core/shape.js'
import { type DType, Tensor } from '../../core/tensor.js'
import { type DecodeOptions, fromNamed } from './namedTensors.js'
import type { Network } from './network.js'
import { checkMetadata, type Metadata } from './safetensors.js'

const FORMAT = 'physgrad parameters'

/**
 * The parameters of a network as JSON, to be read by people and by any language:
 *
 *     { "format": "physgrad parameters", "dtype": "f64", "metadata": {},
 *       "parameters": { "dense0.weight": { "shape": [4, 20], "values": [0.1, …] }, … } }
 *
 * Bit-exact: a number is its shortest decimal that reads back as the same number, -0 too. What JSON has no numbers for,
 * a diverged network, stands there as the strings "NaN", "Infinity", "-Infinity". Pure.
 */
export function encodeJSON(net: Network, theta: Tensor, metadata: Metadata = {}): string {
  checkMetadata('encodeJSON', metadata)
  const parameters = Object.entries(net.views(theta)).map(
    ([name, t]) =>
      `    ${JSON.stringify(name)}: { "shape": [${t.shape.join(', ')}], "values": [${Array.from(t.data, text).join(', ')}] }`
  )
  return `{
  "format": "${FORMAT}",
  "dtype": "${theta.dtype}",
  "metadata": ${JSON.stringify(metadata)},
  "parameters": {
${parameters.join(',\n')}
  }
}
`
}

const text = (v: number): string => (Object.is(v, -0) ? '-0' : Number.isFinite(v) ? String(v) : `"${v}"`)

const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY
}

/**
 * θ [P] of a network from what encodeJSON wrote, in the dtype that it names. Pure.
 *
 * Throws FormatError for a text that is cut off or another JSON, ShapeError for that of another model, DTypeError for
 * another dtype than was asked.
 */
export function decodeJSON(json: string, net: Network, { from = 'decodeJSON', dtype }: DecodeOptions = {}): Tensor {
  const file = parse(json, from)
  if (file.dtype !== 'f64' && file.dtype !== 'f32')
    throw new DTypeError(from, `dtype ${JSON.stringify(file.dtype)}`, "The dtypes are 'f64' and 'f32'")
  const held = Object.entries((file.parameters ?? {}) as Record<string, Record<string, unknown>>)
  const tensors = held.map(([name, said]) => [name, tensorOf(name, said, file.dtype as DType, from)])
  return fromNamed(Object.fromEntries(tensors), net, { from, dtype })
}

function parse(json: string, from: string): Record<string, unknown> {
  const advice = 'Give what encodeJSON wrote'
  if (typeof json !== 'string') throw new FormatError(from, `${describe(json)} instead of a text`, advice)
  let file: unknown
  try {
    file = JSON.parse(json)
  } catch (e) {
    const found = `no whole JSON, cut off or damaged: ${json.length} characters, ${(e as Error).message}`
    throw new FormatError(from, found, advice)
  }
  const { format } = (file ?? {}) as Record<string, unknown>
  if (format !== FORMAT)
    throw new FormatError(from, `a JSON whose format is ${JSON.stringify(format)}, not "${FORMAT}"`, advice)
  return file as Record<string, unknown>
}

function tensorOf(name: string, said: Record<string, unknown>, dtype: DType, from: string): Tensor {
  const { shape, values } = said ?? {}
  const damaged = (found: string) =>
    new FormatError(from, `parameter '${name}' ${found}`, 'Give what encodeJSON wrote, unchanged')
  if (!Array.isArray(shape) || !Array.isArray(values) || !shape.every(d => Number.isSafeInteger(d) && d >= 0))
    throw damaged('lacks its shape or its values')
  if (values.length !== size(shape)) throw damaged(`of shape ${show(shape)} has ${values.length} values`)
  const data = alloc(values.length, dtype)
  values.forEach((v, i) => {
    const number = typeof v === 'string' && Object.hasOwn(SPECIAL, v) ? SPECIAL[v] : v
    if (typeof number !== 'number') throw damaged(`has ${JSON.stringify(v)} as value ${i}`)
    data[i] = number
    if (!Object.is(data[i], number)) throw damaged(`has ${number} as value ${i}, which is no ${dtype}`)
  })
  return new Tensor(shape, data)
}
