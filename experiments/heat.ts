import { add, cotangentSweep, mul, onesLike, type Random, random, reshape, sum, Tape, Tensor } from '../core/index.js'
import { cast, l2, mean, type Network, sub, uNet } from '../ops/index.js'
import { type AdamState, adam, sipBackward } from '../optim/index.js'
import { diffuse, heatExponent, randomRectangles, stabilisedInverse } from '../physics/index.js'
import { indices, overSeeds, radialSpectrum, spread } from './shell/data.js'
import { count, someOf } from './shell/settings.js'
import { defineExperiment, type Field, type Metric, type Quantity, type RunResult } from './shell/types.js'

/**
 * The seeds' main example: a network sees the temperature y* after heat conduction and reconstructs where the heat was.
 *
 *     x = f(y*; θ),  y = P(x) = diffusion of x by ν t = 8,  L = ½ Σ (y - y*)²
 *
 * Both methods train the same U-net from the same weights on the same data with Adam. GD sends dL/dy through the adjoint of
 * P, which diffuses once more and wipes out the detail. SIP sends the Newton step y* - y through the stabilised inverse
 * and trains the network towards x + Δx. Physics in f64, network in f32.
 */
const N = 64
const AMOUNT = 8
const LAST = 4
const SAMPLES_SHOWN = 3
const METHODS = ['SIP', 'GD'] as const
type Method = (typeof METHODS)[number]

/** f(y*; θ), its mean replaced by that of x*, which conduction keeps: the notebook's prediction. */
export function predict(net: Network, theta: Tensor, yTarget: Tensor, meanHeat: Tensor): Tensor {
  const [B] = yTarget.shape
  const raw = reshape(net(theta, reshape(cast(yTarget, 'f32'), [B, 1, N, N])), [B, N, N])
  const shift = sub(cast(meanHeat, 'f32'), mean(raw, [1, 2], true))
  return cast(add(raw, shift), 'f64')
}

export interface Batch {
  x: Tensor
  y: Tensor
  meanHeat: Tensor
}

export function makeBatch(data: Random, size: number): Batch {
  const x = randomRectangles(data, size, N)
  return { x, y: diffuse(x, AMOUNT), meanHeat: mean(x, [1, 2], true) }
}

export interface Run {
  theta: Tensor
  state: AdamState
  /** Per step: mean over the batch of ½ Σ (x - x*)² and ½ Σ (y - y*)², before the update. */
  x: number[]
  y: number[]
  seconds: number[]
  /** The last predictions [B, N, N]. */
  prediction?: Tensor
}

const optimizer = adam({ lr: 1e-3, eps: 1e-7 })

export const newRun = (theta: Tensor): Run => ({ theta, state: optimizer.init(theta), x: [], y: [], seconds: [] })

/** One update of either method. */
export function step(method: Method, net: Network, run: Run, batch: Batch): void {
  const begin = performance.now()
  using tape = new Tape()
  const th = tape.watch(run.theta)
  const { x, L } = tape.record(() => {
    const x = predict(net, th, batch.y, batch.meanHeat)
    return { x, L: l2(diffuse(x, AMOUNT), batch.y) }
  })
  // Both follow the sum over the batch; Adam does not see the scale.
  const grad =
    method === 'SIP'
      ? sipBackward(tape, L, { boundary: [x], wrt: th }).grad
      : cotangentSweep(tape, [[L, onesLike(L)]]).get(th)!
  const next = optimizer.step(run.theta, grad, run.state)
  run.theta = next.theta
  run.state = next.state
  run.prediction = x
  run.x.push(sum(mul(l2(x, batch.x), 1 / x.shape[0])).item())
  run.y.push(sum(mul(L, 1 / x.shape[0])).item())
  run.seconds.push((performance.now() - begin) / 1000)
}

type Series = Record<Method, { x: number[]; y: number[] }[]>

export default defineExperiment({
  name: 'heat',
  title: 'Learning to invert heat conduction',
  problem:
    'Given the temperature on 64×64 cells after conduction with ν t = 8, a U-net reconstructs the hot rectangles it came from. The gradient of the simulator diffuses once more, so it carries no detail; its exact inverse amplifies by up to 10⁶⁸.',
  formulas: [
    String.raw`\frac{\partial u}{\partial t} = \nu \nabla^2 u, \qquad \hat y_k = \hat x_k\, e^{-k^2 \nu t}, \qquad k = 2\pi f`,
    String.raw`\Delta x_{\mathrm{GD}} = -\eta\, \mathcal F^{-1}\!\left(e^{-k^2 \nu t}\, \mathcal F(y - y^*)\right), \qquad \Delta x_{\mathrm{PG}} = -\eta\, \mathcal F^{-1}\!\left(e^{+k^2 \nu t \cdot a(k)}\, \mathcal F(y - y^*)\right)`
  ],
  source:
    'Physics-based Deep Learning, "Learning to Invert Heat Conduction with Scale-invariant Updates"; Holl et al. 2022',
  settings: {
    steps: count('training steps', { default: 20, quick: 5, full: 50 }),
    batch: count('samples per step', { default: 16, quick: 4, full: 128, min: 1 }),
    seeds: count('independent runs', { default: 1 }),
    method: someOf<Method>('methods', METHODS)
  },

  async run({ steps, batch, seeds, method }, ctx): Promise<RunResult> {
    const runs: Record<Method, Run[]> = { SIP: [], GD: [] }
    let shown: Batch | undefined
    let net: Network | undefined
    const result = (): RunResult => resultOf(runs, shown, { steps, batch, method })
    ctx.keep(result)
    ctx.progress.start(seeds * steps, `${method.join(' and ')}, batch ${batch}`)
    for (let s = 0; s < seeds; s++) {
      const stream = random(ctx.seed + s)
      net = uNet({ levels: 4, filters: 16 })
      const theta = net.init(stream.split('net'), 'f32')
      const data = stream.split('data')
      for (const m of method) runs[m].push(newRun(theta))
      for (let k = 0; k < steps; k++) {
        const b = makeBatch(data, batch)
        const numbers: Record<string, number> = {}
        for (const m of method) {
          const run = runs[m][s]
          step(m, net, run, b)
          numbers[`${m} x`] = run.x[k]
          numbers[`${m} y`] = run.y[k]
          await ctx.progress.breathe()
        }
        if (s === 0) shown = b
        await ctx.progress.step(numbers)
      }
    }
    return result()
  },

  figures({ curves, fields, data }) {
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
})

function resultOf(
  runs: Record<Method, Run[]>,
  shown: Batch | undefined,
  settings: { steps: number; batch: number; method: readonly Method[] }
): RunResult {
  const done = settings.method.filter(m => runs[m].length > 0)
  const series = Object.fromEntries(done.map(m => [m, runs[m].map(r => ({ x: r.x, y: r.y }))]))
  return {
    curves: done.flatMap(m =>
      runs[m].flatMap((r, i) =>
        (['x', 'y'] as const).map(s => ({ name: `${m} ${s} loss, run ${i + 1}`, x: indices(r[s].length), y: r[s] }))
      )
    ),
    fields: shown ? fieldsOf(runs, done, shown) : [],
    metrics: metricsOf(runs, settings),
    timings: Object.fromEntries(done.map(m => [`${m}, per step`, mid(runs[m].flatMap(r => r.seconds))])),
    data: { series, spectrum: shown && spectrumOf(runs, shown) },
    notes: ['Losses are per sample: ½ Σ over all cells, mean over the batch, as the notebook prints them.']
  }
}

const mid = (v: number[]): number => (v.length > 0 ? spread(v).median : Number.NaN)

const fieldOf = (name: string, t: Tensor, i: number): Field => ({
  name: `${name} ${i + 1}`,
  width: N,
  height: N,
  values: t.data.subarray(i * N * N, (i + 1) * N * N)
})

function fieldsOf(runs: Record<Method, Run[]>, done: readonly Method[], shown: Batch): Field[] {
  const complete = done.every(m => runs[m][0].prediction?.shape[0] === shown.x.shape[0])
  if (!complete) return []
  return Array.from({ length: Math.min(SAMPLES_SHOWN, shown.x.shape[0]) }, (_, i) => [
    ...done.map(m => fieldOf(m, runs[m][0].prediction!, i)),
    fieldOf('reference', shown.x, i),
    fieldOf('input', shown.y, i)
  ]).flat()
}

/** The three kernels over |f|; the stabilised one for the first sample of the last batch. */
function spectrumOf(runs: Record<Method, Run[]>, { y }: Batch) {
  const x = (runs.SIP[0] ?? runs.GD[0])?.prediction
  if (!x) return undefined
  const exponent = heatExponent(N, N, AMOUNT)
  const now = diffuse(new Tensor([N, N], x.data.slice(0, N * N)), AMOUNT)
  const dy = Float64Array.from(now.data, (v, i) => y.data[i] - v)
  const { kernel } = stabilisedInverse(
    dy,
    exponent,
    N,
    N,
    dy.map(d => 1e-6 * Math.abs(d))
  )
  const radial = (values: Float64Array) => radialSpectrum({ width: N, height: N, values })
  return {
    exact: radial(exponent.map(Math.exp)),
    stabilised: radial(kernel),
    adjoint: radial(exponent.map(e => Math.exp(-e)))
  }
}

/** Mean over the last steps. */
const late = (losses: readonly number[], n: number): number => {
  const tail = losses.slice(-n)
  return tail.reduce((a, b) => a + b, 0) / tail.length
}

function metricsOf(runs: Record<Method, Run[]>, { steps, batch }: { steps: number; batch: number }): Metric[] {
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
          value: of(i => late(runs[m][i][s], n), m),
          measured: full && s === 'x' ? fullX[m] : undefined
        })
  if (runs.SIP.length > 0 && runs.GD.length > 0) {
    const ratio = (s: 'x' | 'y') => of(i => late(runs.GD[i][s], n) / late(runs.SIP[i][s], n))
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
