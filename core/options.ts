import { OptionError } from './errors.js'

/** What a number may be, and how an error says so. */
const RANGES = {
  finite: [(v: number) => Number.isFinite(v), 'a finite number'],
  positive: [(v: number) => Number.isFinite(v) && v > 0, 'a finite number above 0'],
  notNegative: [(v: number) => Number.isFinite(v) && v >= 0, 'a finite number, 0 or more'],
  fraction: [(v: number) => v >= 0 && v < 1, 'a number from 0 on and below 1'],
  count: [(v: number) => Number.isSafeInteger(v) && v >= 1, 'a whole number, 1 or more'],
  whole: [(v: number) => Number.isSafeInteger(v) && v >= 0, 'a whole number, 0 or more'],
  /** Infinity is "no limit". */
  limit: [(v: number) => v >= 0, 'a number, 0 or more']
} as const

/**
 * Throws OptionError unless all of these settings are numbers in range. Settings are looked at once, where they are
 * given, so that a NaN does not travel until it comes out as a result.
 */
export function checkNumbers(
  asked: string,
  range: keyof typeof RANGES,
  settings: Readonly<Record<string, unknown>>
): void {
  const [holds, text] = RANGES[range]
  for (const name in settings) {
    const v = settings[name]
    if (typeof v !== 'number' || !holds(v))
      throw new OptionError(asked, `${name} is ${display(v)}`, `Give ${name} as ${text}`)
  }
}

/** Throws OptionError unless all of these settings are true or false: an object in their place would count as true. */
export function checkFlags(asked: string, settings: Readonly<Record<string, unknown>>): void {
  for (const name in settings)
    if (typeof settings[name] !== 'boolean')
      throw new OptionError(asked, `${name} is ${describe(settings[name])}`, `Give ${name} as true or false`)
}

/** Throws OptionError unless `options` is an object that has no other names: one that is misspelt would not count. */
export function checkOptions(asked: string, options: unknown, names: readonly string[]): void {
  const example = `Give an object with ${names.join(', ')}, or leave it out`
  if (Object.prototype.toString.call(options) !== '[object Object]')
    throw new OptionError(asked, `${describe(options)} for its options`, example)
  for (const name in options as object)
    if (!names.includes(name)) throw new OptionError(asked, `an option of the name ${name}`, example)
}

/** Throws OptionError unless `value` is one of the names. */
export function checkChoice(asked: string, name: string, value: unknown, names: readonly string[]): void {
  if (!names.includes(value as string))
    throw new OptionError(
      asked,
      `${name} is ${display(value)}`,
      `Give ${name} as ${names.map(n => `'${n}'`).join(' or ')}`
    )
}

/** Any value at all, as messages print it: numbers, strings and lists of them as they are, others by what they are. */
export function display(v: unknown): string {
  if (typeof v === 'number') return String(v)
  if (typeof v === 'string') return `'${v}'`
  if (typeof v === 'bigint') return `${v}n`
  if (typeof v === 'symbol' || typeof v === 'boolean') return String(v)
  return Array.isArray(v) && v.length <= 20 ? `[${Array.from(v, display).join(', ')}]` : describe(v)
}

/** What a value is, for messages about something of the wrong kind. */
export function describe(v: unknown): string {
  if (v === null || v === undefined) return String(v)
  if (Array.isArray(v)) return 'an array'
  if (ArrayBuffer.isView(v)) return `${/^[AEIOU]/.test(v.constructor.name) ? 'an' : 'a'} ${v.constructor.name}`
  return typeof v === 'object' ? 'an object' : `a ${typeof v}`
}
