import { Tensor } from '../core/index.js'
import { noiseLevel } from '../ops/index.js'
import { diffuse, diffusionFactors, gridOf, modesOf, stabilisedInverse, wholeSpectrum } from '../physics/index.js'
import { AMOUNT, type Job, METHODS, type Method, N, type Step } from './heatTraining.js'
import { indices, overSeeds, radialSpectrum, spread } from './shell/data.js'
import type { Figure } from './shell/figure.js'
import type { Field, Metric, Quantity, RunResult } from './shell/types.js'

/** Tables and figures of `heat`: from what the training kept to what is shown. */
const LAST = 4

type Runs = Record<Method, (readonly Step[])[]>
type Series = Record<Method, { x: number[]; y: number[] }[]>

export function figures({ curves, fields, data }: RunResult): Figure[] {
  const series = (data?.series ?? {}) as Partial<Series>
  const shown = (Object.keys(series) as Method[]).filter(m => series[m]!.length > 0)
  const panel = (space: 'x' | 'y', label: string) => ({
    title: space === 'x' ? 'Reconstruction' : 'After conduction',
    x: { label: 'Training step' },
    y: { label, scale: 'log' as const },
    series: shown.map(m => {
      const all = series[m]!.map(r => r[space])
      const { median } = overSeeds(all)
      return { name: m, x: indices(median.length), y: median, faint: all.length > 1 ? all : undefined }
    })
  })
  const spectrum = data?.spectrum as Record<string, { f: number[]; median: number[]; low: number[]; high: number[] }>
  const columns = [...shown.filter(m => m === 'GD'), ...shown.filter(m => m === 'SIP')]
  return [
    ...(curves.length > 0
      ? [
          {
            kind: 'plot' as const,
            name: 'losses',
            title: 'Same weights, same data: SIP reconstructs more than GD',
            caption: 'Every batch is new, so training loss is test loss. GD is Adam on the adjoint gradient.',
            panels: [panel('x', '½ Σ (x − x*)², per sample'), panel('y', '½ Σ (y − y*)², per sample')]
          }
        ]
      : []),
    ...(fields?.length
      ? [
          {
            kind: 'images' as const,
            name: 'reconstructions',
            title: 'Initial temperature: reconstructed and true',
            caption: 'Predictions for samples of the last batch, which no network had seen; one colour scale.',
            columns: [...columns.map(m => (m === 'GD' ? 'GD (Adam)' : m)), 'Reference', 'Network input y*'],
            rows: Array.from({ length: fields.length / (columns.length + 2) }, (_, i) => ({
              label: `Sample ${i + 1}`,
              fields: [...columns, 'reference', 'input'].map(name => fields.find(f => f.name === `${name} ${i + 1}`)!)
            })),
            label: 'Temperature'
          }
        ]
      : []),
    ...(spectrum
      ? [
          {
            kind: 'plot' as const,
            name: 'kernels',
            title: 'What each method multiplies the frequencies of y* − y by',
            caption:
              'The exact inverse amplifies noise beyond all bounds, the adjoint damps what conduction has damped already. The stabilised inverse follows the exact one as far as a bin is more likely signal than noise; shaded: all bins of equal |f| of one sample.',
            panels: [
              {
                x: { label: 'Frequency |f| (cycles per cell)' },
                y: { label: 'Amplification', scale: 'log' as const, domain: [1e-20, 1e20] as [number, number] },
                series: [
                  {
                    name: 'exact inverse',
                    x: spectrum.exact.f,
                    y: spectrum.exact.median,
                    style: { color: '#444444', dash: [2, 4], marker: 'none' as const }
                  },
                  {
                    name: 'stabilised inverse (SIP)',
                    x: spectrum.stabilised.f,
                    y: spectrum.stabilised.median,
                    style: 'SIP'
                  },
                  { name: 'adjoint (GD)', x: spectrum.adjoint.f, y: spectrum.adjoint.median, style: 'GD' }
                ],
                bands: [
                  {
                    name: 'range of the stabilised inverse',
                    x: spectrum.stabilised.f,
                    low: spectrum.stabilised.low,
                    high: spectrum.stabilised.high,
                    style: 'SIP'
                  }
                ]
              }
            ]
          }
        ]
      : [])
  ]
}

/** Results so far: of every job the steps that it has made. */
export function resultOf(jobs: readonly Job[], done: readonly (readonly Step[])[]): RunResult {
  const runs = Object.fromEntries(
    METHODS.map(m => [m, done.filter((_, j) => jobs[j].method === m && done[j].length > 0)])
  ) as Runs
  const shown = METHODS.filter(m => runs[m].length > 0)
  const series = Object.fromEntries(shown.map(m => [m, runs[m].map(r => ({ x: r.map(s => s.x), y: r.map(s => s.y) }))]))
  return {
    curves: shown.flatMap(m =>
      series[m].flatMap((r, i) =>
        (['x', 'y'] as const).map(s => ({ name: `${m} ${s} loss, run ${i + 1}`, x: indices(r[s].length), y: r[s] }))
      )
    ),
    fields: fieldsOf(runs, shown),
    metrics: metricsOf(runs, jobs[0]),
    timings: Object.fromEntries(shown.map(m => [`${m}, per step`, spread(runs[m].flat().map(s => s.seconds)).median])),
    data: { series, spectrum: shown.length > 0 ? spectrumOf(runs[shown[0]][0]) : undefined },
    notes: ['Losses are per sample: ½ Σ over all cells, mean over the batch, as the notebook prints them.']
  }
}

const last = (run: readonly Step[]): Step => run[run.length - 1]

const fieldOf = (name: string, values: Float64Array, i: number): Field => ({
  name: `${name} ${i + 1}`,
  width: N,
  height: N,
  values: values.subarray(i * N * N, (i + 1) * N * N)
})

/** Samples of the last batch, where all methods have come equally far. */
function fieldsOf(runs: Runs, shown: readonly Method[]): Field[] {
  const first = shown.map(m => runs[m][0])
  if (first.length === 0 || first.some(r => r.length !== first[0].length)) return []
  const { reference, input } = last(first[0])
  return Array.from({ length: reference.length / (N * N) }, (_, i) => [
    ...shown.map(m => fieldOf(m, last(runs[m][0]).prediction, i)),
    fieldOf('reference', reference, i),
    fieldOf('input', input, i)
  ]).flat()
}

/** The three kernels over |f|; the stabilised one for the first sample of the last batch. */
function spectrumOf(run: readonly Step[]) {
  const { prediction, input } = last(run)
  const modes = modesOf([N, N], gridOf({}, 'heat'))
  const factors = diffusionFactors(modes, AMOUNT)
  const now = diffuse(new Tensor([N, N], prediction.slice(0, N * N)), AMOUNT)
  const dy = Float64Array.from(now.data, (v, i) => input[i] - v)
  const { kernel } = stabilisedInverse(dy, noiseLevel(dy), factors, modes)
  const radial = (held: Float64Array) => radialSpectrum({ width: N, height: N, values: wholeSpectrum(held, modes) })
  return {
    exact: radial(factors.map(f => 1 / f)),
    stabilised: radial(kernel),
    adjoint: radial(factors)
  }
}

/** Mean over the last steps. */
const late = (losses: readonly number[], n: number): number => {
  const tail = losses.slice(-n)
  return tail.reduce((a, b) => a + b, 0) / tail.length
}

function metricsOf(runs: Runs, { steps, batch }: Job): Metric[] {
  const n = steps >= 50 ? 10 : LAST
  const full = steps === 50 && batch === 128
  const main = steps === 20 && batch === 16
  const of = (f: (i: number) => number, m: Method = 'SIP'): Quantity => {
    const values = runs[m].map((_, i) => f(i)).filter(Number.isFinite)
    return values.length > 1 ? spread(values) : (values[0] ?? Number.NaN)
  }
  const rows: Metric[] = []
  for (const m of METHODS)
    if (runs[m].length > 0)
      for (const s of ['x', 'y'] as const)
        rows.push({
          name: `${m}: ${s} loss, mean of the last ${n} steps`,
          value: of(
            i =>
              late(
                runs[m][i].map(step => step[s]),
                n
              ),
            m
          ),
          measured: full && s === 'x' ? fullX[m] : undefined
        })
  if (runs.SIP.length > 0 && runs.GD.length > 0) {
    const ratio = (s: 'x' | 'y') =>
      of(
        i =>
          late(
            runs.GD[i].map(step => step[s]),
            n
          ) /
          late(
            runs.SIP[i].map(step => step[s]),
            n
          )
      )
    rows.push({
      name: 'x loss, GD / SIP',
      value: ratio('x'),
      measured: full
        ? { median: 1.44, low: 1.39, high: 1.53 }
        : main
          ? { median: 1.4, low: 1.33, high: 1.47 }
          : undefined,
      expected: full || main ? [1.2, 1.8] : undefined,
      note: `paired: same weights, same data; last ${n} steps`
    })
    rows.push({
      name: 'y loss, GD / SIP',
      value: ratio('y'),
      measured: full ? { median: 1.25, low: 1.12, high: 1.46 } : undefined
    })
  }
  return rows
}

/** Measured with PhiFlow, five seeds, batch 128, last 10 of 50 steps. */
const fullX = {
  SIP: { median: 19.6, low: 17.9, high: 20.5 },
  GD: { median: 28.0, low: 25.7, high: 31.4 }
}
