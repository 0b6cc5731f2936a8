import { number, powerOfTen } from '../format.js'

export interface Ticks {
  /** With labels and grid lines. */
  major: { value: number; label: string }[]
  /** Short, without labels. */
  minor: number[]
}

const minus = (text: string) => text.replace(/^-/, '−')

/** Round values in 1, 2, 5 steps, about `wanted` of them. */
export function linearTicks(low: number, high: number, wanted = 6): Ticks {
  const rough = (high - low) / wanted
  if (!Number.isFinite(rough) || rough <= 0) return { major: [], minor: [] }
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(m => m * power).find(s => s >= rough * 0.999) ?? rough
  const major: Ticks['major'] = []
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
    const value = Number((i * step).toPrecision(12))
    const size = Math.abs(value)
    const label = size >= 1e5 || (size > 0 && size < 1e-4) ? scientific(value) : number(value, 12)
    major.push({ value, label: minus(label) })
  }
  return { major, minor: [] }
}

const scientific = (value: number) => {
  const exponent = Math.floor(Math.log10(Math.abs(value)))
  return `${Number((value / 10 ** exponent).toPrecision(6))}·${powerOfTen(exponent)}`
}

/**
 * Powers of ten where there are at least two of them, every second, fifth... where there are many; below that, within
 * a decade or so, 1, 2, 5 times a power, written out.
 */
export function logTicks(low: number, high: number, wanted = 7): Ticks {
  const [a, b] = [Math.log10(low), Math.log10(high)]
  const [first, last] = [Math.ceil(a - 1e-9), Math.floor(b + 1e-9)]
  const within = (multipliers: number[]) => {
    const values: number[] = []
    for (let e = Math.floor(a); e <= last; e++) {
      for (const m of multipliers) {
        const value = Number(`${m}e${e}`)
        if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) values.push(value)
      }
    }
    return values
  }
  const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9]
  if (last - first < 2) {
    let values = within([1, 2, 5])
    if (values.length < 3) values = within(nine)
    if (values.length < 2) return linearTicks(low, high)
    const plain = low >= 1e-3 && high < 1e5
    return {
      major: values.map(value => ({ value, label: plain ? number(value) : scientific(value) })),
      minor: within(nine)
    }
  }
  const every = [1, 2, 3, 5, 10, 20, 50, 100, 200].find(step => (last - first) / step < wanted) ?? 100
  const major: Ticks['major'] = []
  for (let e = Math.ceil(first / every) * every; e <= last; e += every) {
    major.push({ value: Number(`1e${e}`), label: powerOfTen(e) })
  }
  if (last - first > 12) return { major, minor: [] }
  return { major, minor: every === 1 ? within(nine) : within([1]) }
}

/** The range of finite (on a log axis: positive) values with a margin; never empty. */
export function domainOf(values: Iterable<number>, log: boolean): [number, number] {
  let low = Infinity
  let high = -Infinity
  for (const v of values) {
    if (!Number.isFinite(v) || (log && v <= 0)) continue
    if (v < low) low = v
    if (v > high) high = v
  }
  if (low > high) return log ? [0.1, 10] : [0, 1]
  if (log) {
    // In exponents, since the quotient of the ends may overflow.
    const [a, b] = [Math.log10(low), Math.log10(high)]
    const margin = b - a < 0.005 ? 0.3 : 0.04 * (b - a)
    return [10 ** Math.max(-300, a - margin), 10 ** Math.min(300, b + margin)]
  }
  if (high - low < 1e-12 * Math.max(1, Math.abs(high))) return [low - 0.5, high + 0.5]
  const margin = (high - low) * 0.03
  return [low - margin, high + margin]
}
