import { spawnSync } from 'node:child_process'
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { DTypeError, equalTensors, FormatError, OptionError, random, ShapeError, tensor } from '../../core/index.js'
import {
  batchNormLayer,
  cast,
  decodeJSON,
  decodeSafetensors,
  decodeTensors,
  dense,
  encodeJSON,
  encodeSafetensors,
  encodeTensors,
  mlp,
  type Network,
  runningStatistics,
  sequential
} from '../../ops/index.js'
import { loadParameters, saveParameters } from '../../ops/nn/files.js'
import { draw, net, outputOf } from './savedNetwork.js'

const folder = mkdtempSync(join(tmpdir(), 'physgrad-files-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const file = (name: string) => join(folder, name)
const elsewhere = (...args: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL('savedNetwork.js', import.meta.url)), ...args], {
    encoding: 'utf8'
  })

for (const ending of ['safetensors', 'json'])
  for (const dtype of ['f64', 'f32'] as const)
    t.test(`${ending}, ${dtype}: bit-equal parameters and outputs, between processes too`, async t => {
      const theta = draw(3, dtype)
      const path = file(`${dtype}.${ending}`)
      saveParameters(path, net, theta, { made: 'here' })
      t.ok(equalTensors(loadParameters(path, net), theta))
      t.equal(elsewhere('load', path).stdout, outputOf(theta), 'saved here, loaded there')
      const theirs = elsewhere('save', path, '4', dtype).stdout
      t.not(theirs, outputOf(theta))
      t.equal(outputOf(loadParameters(path, net)), theirs, 'saved there over the old file, loaded here')
    })

t.test('every bit survives: zeros of both signs, the ends of the range, NaN, infinities', async t => {
  const special = [0, -0, 5e-324, -1.7976931348623157e308, 0.1, 1 / 3, Number.NaN, Number.POSITIVE_INFINITY, -Infinity]
  const row = dense(1, special.length, { bias: false })
  for (const dtype of ['f64', 'f32'] as const) {
    const theta = tensor(special, { dtype })
    t.ok(equalTensors(decodeSafetensors(encodeSafetensors(row, theta), row), theta))
    t.ok(equalTensors(decodeJSON(encodeJSON(row, theta), row), theta))
  }
  t.match(encodeJSON(row, tensor(special)), /\[0, -0, 5e-324, .*"NaN", "Infinity", "-Infinity"\]/)
})

t.test('the bytes are those of the format', async t => {
  const two = sequential({ a: dense(2, 3, { bias: false }), b: dense(1, 1, { bias: false }) })
  const theta = tensor([1, 2, 3, 4, 5, 6, -0.5], { dtype: 'f32' })
  const bytes = encodeSafetensors(two, theta, { note: 'täxt' })
  const view = new DataView(bytes.buffer)
  const length = view.getUint32(0, true)
  t.equal(view.getUint32(4, true), 0)
  t.equal(length % 8, 0, 'padded')
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length))
  t.match(header, /^\{.*\} *$/)
  t.same(JSON.parse(header), {
    __metadata__: { note: 'täxt' },
    'a.weight': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    'b.weight': { dtype: 'F32', shape: [1, 1], data_offsets: [24, 28] }
  })
  t.equal(bytes.length, 8 + length + 28)
  t.same(
    Array.from({ length: 7 }, (_, i) => view.getFloat32(8 + length + 4 * i, true)),
    [1, 2, 3, 4, 5, 6, -0.5],
    'little-endian, row-major'
  )
  // -0.5 in f32 is BF 00 00 00.
  t.same([...bytes.subarray(-4)], [0, 0, 0, 0xbf])

  // A file in the order and with the spacing of another writer.
  const text =
    '{"b.weight":{"shape":[1,1],"data_offsets":[0,8],"dtype":"F64"}, "a.weight" : {"dtype":"F64","shape":[2,3],"data_offsets":[8,56]}}'
  const other = new Uint8Array(8 + text.length + 56)
  new DataView(other.buffer).setBigUint64(0, BigInt(text.length), true)
  other.set(new TextEncoder().encode(text), 8)
  for (let i = 0; i < 7; i++) new DataView(other.buffer).setFloat64(8 + text.length + 8 * i, i, true)
  t.same([...decodeSafetensors(other, two).data], [1, 2, 3, 4, 5, 6, 0])
  t.same([...decodeSafetensors(Buffer.from(other), two).data], [1, 2, 3, 4, 5, 6, 0], 'out of a pool of bytes')
})

t.test('any named tensors, such as running statistics', async t => {
  const statistics = runningStatistics({}, { '1': random(0).normal([4, 3]) })
  const named = { '1.mean': statistics['1'].mean, '1.variance': cast(statistics['1'].variance, 'f32') }
  const { tensors, metadata } = decodeTensors(encodeTensors(named, { layer: '1' }))
  t.same(Object.keys(tensors), Object.keys(named))
  t.ok(equalTensors(tensors['1.mean'], named['1.mean']) && equalTensors(tensors['1.variance'], named['1.variance']))
  t.same(metadata, { layer: '1' })
  t.same(decodeTensors(encodeTensors({})).tensors, {})
})

t.test('a file that is cut off, at every length', async t => {
  const small = mlp([2, 2])
  const theta = small.init(random(0))
  const bytes = encodeSafetensors(small, theta)
  for (let n = 0; n < bytes.length; n++)
    t.throws(() => decodeSafetensors(bytes.subarray(0, n), small), {
      code: 'ERR_FORMAT',
      message: new RegExp(`cut off: ${n} bytes are there, \\d+ are needed`)
    })
  t.throws(() => decodeSafetensors(bytes.subarray(0, -1), small), {
    message: new RegExp(`${bytes.length - 1} bytes are there, ${bytes.length} are needed`)
  })
  const json = encodeJSON(small, theta)
  for (let n = 0; n < json.trimEnd().length; n++)
    t.throws(() => decodeJSON(json.slice(0, n), small), { code: 'ERR_FORMAT', message: /cut off/ })
  const path = file('short.safetensors')
  writeFileSync(path, bytes.subarray(0, 100))
  t.throws(() => loadParameters(path, small), { code: 'ERR_FORMAT', message: /short.safetensors.*100 bytes/ })
})

type Wrong = [string, () => unknown, { name: string }, RegExp]

const small = mlp([2, 2])
const theta = small.init(random(0))
const good = encodeSafetensors(small, theta)
const asText = (change: (header: Record<string, any>) => void, body = 48): Uint8Array => {
  const header = {
    'dense0.weight': { dtype: 'F64', shape: [2, 2], data_offsets: [0, 32] },
    'dense0.bias': { dtype: 'F64', shape: [2], data_offsets: [32, 48] }
  }
  change(header)
  const text = new TextEncoder().encode(JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + body)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
}
const changed = (change: (json: any) => void): string => {
  const json = JSON.parse(encodeJSON(small, theta))
  change(json)
  return JSON.stringify(json)
}
const decode = (bytes: Uint8Array, model: Network = small) => decodeSafetensors(bytes, model)

const wrong: Wrong[] = [
  [
    'text',
    () => decode(new TextEncoder().encode('this is no such file')),
    FormatError,
    /not in the safetensors format/
  ],
  ['zeros', () => decode(new Uint8Array(64)), FormatError, /not in the safetensors format/],
  ['an array', () => decode([1, 2] as unknown as Uint8Array), FormatError, /an array instead of bytes/],
  ['a broken header', () => decode(good.slice().fill(0x7b, 9, 12)), FormatError, /no JSON/],
  ['bytes behind the end', () => decode(new Uint8Array([...good, 0])), FormatError, /1 bytes behind/],
  [
    'a gap',
    () => decode(asText(h => Object.assign(h['dense0.bias'], { data_offsets: [40, 56] }), 56)),
    FormatError,
    /gap/
  ],
  [
    'an overlap',
    () => decode(asText(h => Object.assign(h['dense0.bias'], { data_offsets: [16, 32] }), 32)),
    FormatError,
    /gap/
  ],
  ['no offsets', () => decode(asText(h => delete h['dense0.bias'].data_offsets)), FormatError, /two offsets/],
  ['offsets backwards', () => decode(asText(h => h['dense0.bias'].data_offsets.reverse())), FormatError, /two offsets/],
  [
    'offsets that do not fit the shape',
    () => decode(asText(h => h['dense0.bias'].shape.push(3))),
    FormatError,
    /takes 16 bytes/
  ],
  ['a shape of -2', () => decode(asText(h => h['dense0.bias'].shape.fill(-2))), FormatError, /two offsets/],
  ['a model with more layers', () => decode(good, mlp([2, 2, 2])), ShapeError, /no parameter 'dense1.weight' \[2, 2\]/],
  [
    'a model with fewer layers',
    () => decode(encodeSafetensors(mlp([2, 2, 2]), mlp([2, 2, 2]).init(random(0)))),
    ShapeError,
    /'dense1.weight' \[2, 2\], which the network has not/
  ],
  [
    'a model of other widths',
    () => decode(good, mlp([2, 3])),
    ShapeError,
    /'dense0.weight' is \[2, 2\], in the network \[2, 3\]/
  ],
  [
    'a model of other names',
    () => decode(good, dense(2, 2)),
    ShapeError,
    /no parameter 'weight' \[2, 2\], but 'dense0.weight' \[2, 2\]/
  ],
  [
    'another dtype',
    () => decodeSafetensors(good, small, { dtype: 'f32' }),
    DTypeError,
    /is f64, and f32 was asked.*cast/
  ],
  [
    'an unknown dtype asked',
    () => decodeSafetensors(good, small, { dtype: 'f16' as 'f32' }),
    OptionError,
    /'f32' or 'f64'/
  ],
  [
    'F16',
    () => decode(asText(h => Object.assign(h['dense0.bias'], { dtype: 'F16', data_offsets: [32, 36] }), 36)),
    DTypeError,
    /'dense0.bias' is F16.*cast/
  ],
  [
    'two dtypes',
    () => decode(asText(h => Object.assign(h['dense0.bias'], { dtype: 'F32', data_offsets: [32, 40] }), 40)),
    DTypeError,
    /'dense0.bias' is f32, 'dense0.weight' is f64.*[Cc]ast/
  ],
  ['θ of another network', () => encodeSafetensors(mlp([2, 3]), theta), ShapeError, /θ is \[9\]/],
  [
    'numbers as metadata',
    () => encodeSafetensors(small, theta, { step: 3 as unknown as string }),
    OptionError,
    /a number as metadata 'step'/
  ],
  ['a tensor of the name of the metadata', () => encodeTensors({ __metadata__: theta }), OptionError, /__metadata__/],
  ['another JSON', () => decodeJSON('{"a": 1}', small), FormatError, /format is undefined/],
  ['null', () => decodeJSON('null', small), FormatError, /format is undefined/],
  ['no text', () => decodeJSON(3 as unknown as string, small), FormatError, /a number instead of a text/],
  [
    'JSON with NaN',
    () => decodeJSON(encodeJSON(small, theta).replace(/\[-?0\.\d+/, '[NaN'), small),
    FormatError,
    /no whole JSON/
  ],
  [
    'JSON with null',
    () =>
      decodeJSON(
        changed(j => j.parameters['dense0.bias'].values.fill(null)),
        small
      ),
    FormatError,
    /null as value 0/
  ],
  [
    'JSON with a word',
    () =>
      decodeJSON(
        changed(j => j.parameters['dense0.bias'].values.fill('toString')),
        small
      ),
    FormatError,
    /"toString" as value 0/
  ],
  [
    'JSON with fewer values',
    () =>
      decodeJSON(
        changed(j => j.parameters['dense0.bias'].values.pop()),
        small
      ),
    FormatError,
    /of shape \[2\] has 1 values/
  ],
  [
    'JSON without a shape',
    () =>
      decodeJSON(
        changed(j => delete j.parameters['dense0.bias'].shape),
        small
      ),
    FormatError,
    /lacks its shape/
  ],
  [
    'JSON with a number that is no f32',
    () =>
      decodeJSON(
        changed(j => Object.assign(j, { dtype: 'f32' })),
        small
      ),
    FormatError,
    /which is no f32/
  ],
  [
    'JSON of dtype f16',
    () =>
      decodeJSON(
        changed(j => Object.assign(j, { dtype: 'f16' })),
        small
      ),
    DTypeError,
    /"f16"/
  ],
  [
    'JSON without parameters',
    () =>
      decodeJSON(
        changed(j => delete j.parameters),
        small
      ),
    ShapeError,
    /no parameter 'dense0.weight'/
  ],
  ['JSON of another model', () => decodeJSON(encodeJSON(small, theta), mlp([2, 3])), ShapeError, /\[2, 3\]/],
  ['JSON of another dtype', () => decodeJSON(encodeJSON(small, theta), small, { dtype: 'f32' }), DTypeError, /cast/],
  ['a path without an ending', () => saveParameters(file('net'), small, theta), OptionError, /safetensors or .json/],
  ['a path of another format', () => loadParameters(file('net.pt'), small), OptionError, /safetensors or .json/],
  ['a file that is not there', () => loadParameters(file('none.json'), small), Error, /ENOENT/]
]

t.test('wrong files and wrong calls', async t => {
  for (const [name, f, type, message] of wrong) t.throws(f, { name: type.name, message }, name)
  t.comment(`${wrong.length} wrong files and calls`)
})

t.test('a crash between writing and renaming leaves the old file whole', async t => {
  const path = file('kept.safetensors')
  saveParameters(path, net, draw(1, 'f64'))
  const before = readFileSync(path)
  const { signal } = elsewhere('crash', path, '2', 'f64')
  t.equal(signal, 'SIGKILL')
  t.same(readFileSync(path), before)
  const left = readdirSync(folder).filter(name => name.endsWith('.tmp'))
  t.equal(left.length, 1, 'what was being written lies beside it')
  t.equal(outputOf(decodeSafetensors(readFileSync(file(left[0])), net)), outputOf(draw(2, 'f64')), 'all of it')
  rmSync(file(left[0]))
})

t.test('an error on the way leaves the old file whole, and nothing beside it', async t => {
  const path = file('kept.json')
  saveParameters(path, small, theta)
  const before = readFileSync(path)
  for (const name of ['renameSync', 'fsyncSync', 'writeFileSync'] as const) {
    const original = fs[name]
    Object.assign(fs, {
      [name]: () => {
        throw new Error('the disk is full')
      }
    })
    syncBuiltinESMExports()
    try {
      t.throws(() => saveParameters(path, small, small.init(random(1))), { message: 'the disk is full' }, name)
    } finally {
      Object.assign(fs, { [name]: original })
      syncBuiltinESMExports()
    }
  }
  t.same(readFileSync(path), before)
  t.same(
    readdirSync(folder).filter(name => name.endsWith('.tmp')),
    []
  )
  t.throws(() => saveParameters(join(folder, 'none', 'a.json'), small, theta), { code: 'ENOENT' })
})

t.test('a network without parameters', async t => {
  const none = sequential([])
  t.same(decodeSafetensors(encodeSafetensors(none, tensor([])), none).shape, [0])
  t.same(decodeJSON(encodeJSON(none, tensor([], { dtype: 'f32' })), none).shape, [0])
  t.equal(batchNormLayer(2).size, 4)
})
