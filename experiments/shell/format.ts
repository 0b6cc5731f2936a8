import type { Preset } from './settings.js'
import type { Known, Quantity } from './types.js'

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** 10⁻³: readable in a figure, a terminal and a page alike. */
export function powerOfTen(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map(d => superscripts[Number(d)]).join('')
  return `10${exponent < 0 ? '⁻' : ''}${digits}`
}

/** Significant digits without trailing zeros or needless exponents; a real minus sign is left to the plots. */
export function number(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value > 0 ? '∞' : '-∞'
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (Number.isInteger(value) && size < 1e6) return String(value)
  if (size >= 1e6 || size < 1e-3)
    return value
      .toExponential(digits - 1)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e')
  return String(Number(value.toPrecision(digits)))
}

/** 1.44, or 1.44 [1.39 ... 1.53], or [1.39 ... 1.53]. */
export function quantity(value: Known | undefined, digits = 4): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return number(value, digits)
  const range = `[${number(value.low, digits)} ... ${number(value.high, digits)}]`
  return 'median' in value ? `${number(value.median, digits)} ${range}` : range
}

export const middle = (value: Quantity): number => (typeof value === 'number' ? value : value.median)

/** 12 ms, 0.4 s, 35 s, 2 min 05 s, 1 h 10 min. */
export function duration(seconds: number): string {
  if (seconds < 0.0995) return `${number(1000 * seconds, 2)} ms`
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`
}

/** How long presets take: quick 0.4 s, full 1 h 10 min. */
export const presetTimes = (takes: Partial<Record<Preset, number>>): string =>
  Object.entries(takes)
    .map(([preset, seconds]) => `${preset} ${duration(seconds)}`)
    .join(', ')
