import binaryen from 'assemblyscript/binaryen'

/** Constants are below all that calls and the arena use, and have at most so much room. */
const ROOM = 1 << 14

const LOAD = { 1: 'v128.load32_splat', 2: 'v128.load64_splat', 4: 'v128.load' }

/**
 * The bytes of the same module with its vector constants in memory, from this address on. V8 builds a constant in five instructions, wherever
 * it is used and every time; a load is one: polynomials take half the time, and the module shrinks by a tenth.
 */
export function constantsInMemory(bytes, at) {
  const module = binaryen.readBinary(bytes)
  const places = new Map()
  const data = []
  const source = module.emitText()
  if (source.includes('(data ')) throw new Error('The kernels bring data of their own: find it another place')
  const text = source.replace(/\(v128\.const i32x4 ([^)]+)\)/g, (whole, words) => {
    const all = words.split(' ')
    // What one instruction makes from nothing.
    if (/^(0x0{8} ?){4}$|^(0xf{8} ?){4}$/.test(words)) return whole
    const n = all.every(w => w === all[0]) ? 1 : all[0] === all[2] && all[1] === all[3] ? 2 : 4
    const one = all.slice(0, n)
    const key = one.join()
    if (!places.has(key)) {
      while (data.length % n) data.push(0)
      places.set(key, at + 4 * data.length)
      data.push(...one.map(Number))
    }
    return `(${LOAD[n]} offset=${places.get(key)} (i32.const 0))`
  })
  if (4 * data.length > ROOM) throw new Error(`${4 * data.length} bytes of constants do not fit into ${ROOM}`)
  const escaped = Buffer.from(Uint32Array.from(data).buffer).toString('hex').replace(/../g, '\\$&')
  const result = binaryen.parseText(text.replace(/\)\s*$/, `(data (i32.const ${at}) "${escaped}"))`))
  result.setFeatures(binaryen.Features.All)
  const small = result.emitBinary()
  if (!result.validate()) throw new Error('The kernels are not valid with their constants in memory')
  return small
}
