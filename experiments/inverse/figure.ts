import type { InverseQuality } from '../../physics/index.js'
import type { Panel, PlotFigure, Series, Style } from '../shell/figure.js'

const blue: Style = { color: '#1F77B4', dash: [], marker: 'circle' }
const red: Style = { color: '#D62728', dash: [], marker: 'triangle-up' }
const green: Style = { color: '#2CA02C', dash: [], marker: 'diamond' }
const violet: Style = { color: '#9467BD', dash: [6, 3], marker: 'square' }
const orange: Style = { color: '#FF7F0E', dash: [9, 4], marker: 'triangle-down' }
const brown: Style = { color: '#8C564B', dash: [], marker: 'circle' }
const pink: Style = { color: '#E377C2', dash: [6, 3], marker: 'square' }
const grey: Style = { color: '#444444', dash: [2, 4], marker: 'none' }

/** Three panels: amplification, round trips, errors over noise. */
export function qualityFigure(name: string, q: InverseQuality): PlotFigure {
  return {
    kind: 'plot',
    name: 'quality',
    title: `Inverse of ${name}`,
    caption:
      'Left: what the exact inverse multiplies noise by. Middle: how near the answer comes. Right: what noise does.',
    panels: [amplification(q), trips(q), noise(q)]
  }
}

function amplification({ spectrum: { values, waves, by } }: InverseQuality): Panel {
  // Of modes of one wave number one is enough.
  const seen = Array.from(values, (_, k) => k).filter(
    k => values[k] > 0 && !(waves && k > 0 && waves[k] === waves[k - 1])
  )
  return {
    title: by === 'extremes' ? 'Amplification (ends of the spectrum)' : 'Amplification',
    x: { label: waves ? 'Wave number |k| (rad per length)' : 'Singular direction' },
    y: { label: 'Amplification 1/s', scale: 'log' },
    series: [
      {
        name: 'amplification 1/s',
        x: seen.map(k => (waves ? waves[k] : k + 1)),
        y: seen.map(k => 1 / values[k]),
        style: blue
      }
    ]
  }
}

function trips({ roundTrip }: InverseQuality): Panel {
  const curve = (
    toward: 'random' | 'sample',
    key: 'error' | 'refined',
    name: string,
    style: Series['style']
  ): Series => {
    const list = roundTrip.filter(t => t.toward === toward)
    return { name, x: list.map(t => t.step), y: list.map(t => t[key] ?? Number.NaN), style }
  }
  const refined = roundTrip.some(t => t.refined !== undefined)
  return {
    title: 'Round trip',
    x: { label: 'Step ‖ỹ − y‖ / ‖y‖', scale: 'log' },
    y: { label: '‖P(x̃) − ỹ‖ / ‖ỹ − y‖', scale: 'log' },
    series: [
      curve('random', 'error', 'random direction', orange),
      curve('sample', 'error', 'toward a sample', brown),
      ...(refined ? [curve('sample', 'refined', 'toward a sample, refined', pink)] : [])
    ]
  }
}

function noise({ noise: { sigma, exact, regularised, planned } }: InverseQuality): Panel {
  const worst = 1e3
  // What lies far above the panel leaves it upwards.
  const curve = (name: string, y: readonly number[], style: Style): Series => ({
    name,
    x: sigma,
    y: y.map(e => Math.min(e, 10 * worst)),
    style
  })
  return {
    title: 'Noise in the target',
    x: { label: 'Deviation σ of the noise', scale: 'log' },
    y: {
      label: "Error ‖x̃ − x'‖ / ‖x − x'‖",
      scale: 'log',
      domain: [Math.min(0.1, ...[...exact, ...regularised].filter(e => e > 0)) / 2, worst]
    },
    series: [
      curve(
        'doing nothing',
        sigma.map(() => 1),
        grey
      ),
      curve(exact.every(e => e > worst) ? 'exact inverse (above the panel)' : 'exact inverse', exact, red),
      curve('regularised, told σ', regularised, green),
      curve('as planned', planned, violet)
    ]
  }
}
