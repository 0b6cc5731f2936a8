import type { InverseQuality } from './inverseQuality.js'
import type { JacobianSpectrum } from './jacobianSpectrum.js'

/** 3.6e+68, 0.041, 12; 0 and ∞ as they are. */
const short = (v: number, digits = 2): string =>
  Number.isNaN(v)
    ? 'none'
    : !Number.isFinite(v)
      ? '∞'
      : v === 0
        ? '0'
        : Math.abs(v) >= 1e4 || Math.abs(v) < 1e-2
          ? v.toExponential(digits - 1)
          : String(Number(v.toPrecision(Math.max(3, digits))))

const WAYS: Record<JacobianSpectrum['by'], string> = {
  modes: 'of every mode of the grid, by its formula',
  dense: 'all of them, by a decomposition',
  extremes: 'the ends, by Golub-Kahan steps'
}

/** An amplification 1/s of the spectrum, at a part of the way from the largest s to the smallest. */
function amplification({ values, waves }: JacobianSpectrum, part: number): string {
  const k = Math.min(values.length - 1, Math.floor(part * values.length))
  return `${short(1 / values[k])}${waves ? ` at |k| ${short(waves[k])}` : ''}`
}

function spectrumLines(q: InverseQuality): string[] {
  const s = q.spectrum
  const lost = s.directions - s.seen
  const all = s.by !== 'extremes'
  const size = q.inputs === q.outputs ? `${q.inputs}` : `${q.inputs} → ${q.outputs}`
  return [
    `size           ${size} ${size === '1' ? 'number' : 'numbers'}; singular values ${WAYS[s.by]}`,
    `condition      ${all ? '' : 'at least '}${short(s.condition, 4)}${all && lost > 0 ? `; ${lost} of ${s.directions} directions are below rounding` : ''}`,
    `amplification  ${amplification(s, 0)}, median ${all ? amplification(s, 0.5) : 'unknown'}, most ${all ? '' : 'at least '}${amplification(s, 1)}`
  ]
}

/** Columns of equal width, the first to the left. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, c) => Math.max(...rows.map(r => r[c].length)))
  return rows.map(r =>
    r
      .map((v, c) => (c === 0 ? v.padEnd(widths[c]) : v.padStart(widths[c])))
      .join('  ')
      .trimEnd()
  )
}

function tripLines({ roundTrip }: InverseQuality): string[] {
  const refined = roundTrip.some(t => t.refined !== undefined)
  const steps = [...new Set(roundTrip.map(t => t.step))]
  const ways = [...new Set(roundTrip.map(t => t.toward))]
  const names = { random: 'random', sample: 'toward a sample' }
  const keys = ['error', ...(refined ? ['refined'] : []), 'amplified'] as const
  return table([
    ['step / ‖y‖', ...ways.flatMap(w => keys.map(k => (k === 'error' ? names[w] : k)))],
    ...steps.map(step => [
      short(step),
      ...ways.flatMap(w => {
        const trip = roundTrip.find(t => t.step === step && t.toward === w)!
        return keys.map(k => short(trip[k as 'error'] ?? Number.NaN))
      })
    ])
  ])
}

function noiseLines({ noise }: InverseQuality): string[] {
  const { sigma, exact, regularised, planned, from } = noise
  const level = (v: number) =>
    v === 0
      ? 'at any noise, by rounding alone'
      : Number.isFinite(v)
        ? `from σ = ${short(v)} on`
        : `at no σ up to ${short(sigma[sigma.length - 1])}`
  return [
    ...table([
      ['noise σ', 'nothing', 'exact', 'regularised', 'as planned'],
      ...sigma.map((s, i) => [short(s), '1', short(exact[i]), short(regularised[i]), short(planned[i])])
    ]),
    `exact worse than nothing          ${level(from.exactWorseThanNothing)}`,
    `exact worse than the regularised  ${level(from.exactWorseThanRegularised)}`,
    `planned worse than nothing        ${level(from.plannedWorseThanNothing)}`
  ]
}

/** A report on an inverse as text: numbers first, then the tables. */
export function showQuality(q: InverseQuality): string {
  return [
    ...spectrumLines(q),
    ...q.plan.map(
      ({ rung, ops, sites, reason }, i) =>
        `${i === 0 ? 'plan' : '    '}           ${rung}  ${ops} (${sites} ${sites === 1 ? 'site' : 'sites'}): ${reason}`
    ),
    '',
    'Round trip ‖P(x̃) - ỹ‖ / ‖ỹ - y‖ by the length of the step (1: nothing gained):',
    ...tripLines(q),
    '',
    "Error ‖x̃ - x'‖ / ‖x - x'‖ from ỹ = P(x') + σ n (the regularised answer is told σ):",
    ...noiseLines(q)
  ].join('\n')
}
