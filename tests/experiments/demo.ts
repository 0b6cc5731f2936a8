import { indices, overSeeds, radialSpectrum, sampleGrid, spread } from '../../experiments/shell/data.js'
import type { Figure } from '../../experiments/shell/figure.js'
import { count, real, someOf, toggle } from '../../experiments/shell/settings.js'
import { type Curve, defineExperiment, type Field, type RunResult } from '../../experiments/shell/types.js'

/**
 * An experiment without any library behind it: numbers shaped like those of `heat`, `comparison` and `oscillators`.
 * The shell's tests run and draw it.
 */
export default defineExperiment({
  name: 'demo',
  title: 'Demonstration of the shell with synthetic data',
  problem: 'Invents loss curves, fields and paths that look like those of real experiments. Nothing is learned here.',
  formulas: [
    String.raw`\frac{\partial u}{\partial t} = \nu \nabla^2 u, \qquad \hat y_k = \hat x_k\, e^{-k^2 (t_* - t_0)}`,
    String.raw`L(x) = \tfrac12 \lVert \mathcal P(x) - y^* \rVert_2^2, \qquad \Delta\theta = -\eta \, V \Lambda^{-1/2} U^\top \frac{\partial L}{\partial y}`
  ],
  source: 'Nowhere; section 0',
  settings: {
    steps: count('training steps', { default: 20, quick: 4, full: 50 }),
    seeds: count('independent runs', { default: 5, max: 100 }),
    eta: real('step in y', { default: 1, above: 0 }),
    method: someOf('methods', ['GD', 'SIP']),
    stepMs: count('milliseconds to waste per step', { default: 0, min: 0 }),
    failAt: count('step at which to fail; 0 for never', { default: 0, min: 0 }),
    chatty: toggle('write to the console, as a careless library would', { default: false })
  },

  async run(settings, ctx): Promise<RunResult> {
    const random = noise(ctx.seed)
    const curves: Curve[] = settings.method.flatMap(m => ['x', 'y'].map(s => ({ name: `${m} ${s}`, x: [], y: [] })))
    const result = (): RunResult => ({
      curves,
      fields: fields(random),
      metrics: [
        {
          name: 'x loss, GD / SIP, last steps',
          value: spread([1.35, 1.41, 1.47, 1.38, 1.52]),
          published: 1.45,
          measured: { median: 1.44, low: 1.39, high: 1.53 },
          expected: [1.2, 2],
          note: '5 seeds'
        },
        { name: 'x loss, SIP', unit: 'heat²·cells²', value: last(curves[2]?.y), published: 34.61 },
        { name: 'y loss, SIP', unit: 'heat²·cells²', value: last(curves[3]?.y), measured: 3.3, expected: [0, 1] }
      ],
      timings: { 'SIP, per step': 1.12, 'GD, per step': 1.2 },
      notes: ['The numbers are invented.']
    })
    ctx.keep(result)
    ctx.log('Making data.')
    ctx.progress.start(settings.steps, settings.method.join(' and '))
    for (let step = 0; step < settings.steps; step++) {
      if (settings.chatty) console.log('careless output')
      if (settings.failAt === step + 1) throw new Error('The step was asked to fail, and did; leave out --fail-at.')
      const end = performance.now() + settings.stepMs
      while (performance.now() < end) await ctx.progress.breathe()
      const numbers: Record<string, number> = {}
      for (const curve of curves) {
        const [method, space] = curve.name.split(' ')
        const speed = method === 'SIP' ? 0.55 : 0.4
        const value =
          (space === 'x' ? 187 : 59) * (step + 1) ** (-speed - (space === 'x' ? 0.1 : 0.6)) * (0.9 + 0.2 * random())
        ;(curve.x as number[]).push(step)
        ;(curve.y as number[]).push(value)
        numbers[curve.name] = value
      }
      await ctx.progress.step(numbers)
    }
    return result()
  },

  figures: (result, settings) => [
    losses(result.curves),
    images(result.fields ?? []),
    kernels(),
    paths(),
    epochs(settings.seeds)
  ]
})

function losses(curves: Curve[]): Figure {
  const panel = (space: string, label: string) => ({
    title: `Loss in ${space}`,
    x: { label: 'Training step' },
    y: { label, scale: 'log' as const },
    series: curves.filter(c => c.name.endsWith(space)).map(c => ({ name: c.name.split(' ')[0], x: c.x, y: c.y }))
  })
  return {
    kind: 'plot',
    name: 'losses',
    title: 'SIP reconstructs the initial state better than GD, batch 16',
    caption: 'Both networks start from the same weights and see the same data. The y loss hardly differs.',
    panels: [panel('x', '½ ‖x − x*‖² per sample (heat²)'), panel('y', '½ ‖P(x) − y*‖² per sample (heat²)')]
  }
}

function images(all: Field[]): Figure {
  return {
    kind: 'images',
    name: 'reconstructions',
    title: 'Initial temperature: reconstructed and true',
    caption: 'Three unseen samples; one colour scale for all nine fields.',
    columns: ['GD (Adam)', 'SIP', 'Reference'],
    rows: [0, 1, 2].map(i => ({ label: `Sample ${i + 1}`, fields: all.slice(3 * i, 3 * i + 3) })),
    label: 'Temperature (arbitrary units)'
  }
}

function kernels(): Figure {
  const n = 64
  const field = (f: (k2: number, i: number) => number) => {
    const values = new Float64Array(n * n)
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const [a, b] = [i < 32 ? i : i - 64, j < 32 ? j : j - 64]
        values[i * n + j] = f((2 * Math.PI) ** 2 * ((a / n) ** 2 + (b / n) ** 2), 3 * i + 5 * j)
      }
    }
    return radialSpectrum({ width: n, height: n, values })
  }
  const exact = field(k2 => Math.exp(8 * k2))
  const adjoint = field(k2 => Math.exp(-8 * k2))
  const stable = field((k2, i) => Math.exp(8 * k2 * (8 * k2 < 9 + 4 * Math.sin(i) ? 1 : 0)))
  return {
    kind: 'plot',
    name: 'kernels',
    title: 'What each method multiplies the frequencies of y − y* by',
    caption: 'The shaded range is that of the bins of equal |f|.',
    panels: [
      {
        x: { label: 'Frequency |f| (cycles per cell)' },
        y: { label: 'Amplification', scale: 'log', domain: [1e-16, 1e16] },
        series: [
          {
            name: 'exact inverse',
            style: { color: '#444444', dash: [2, 4], marker: 'none' },
            x: exact.f,
            y: exact.median
          },
          { name: 'stabilised inverse (SIP)', style: 'SIP', x: stable.f, y: stable.median },
          { name: 'adjoint (GD)', style: 'GD', x: adjoint.f, y: adjoint.median }
        ],
        bands: [
          { name: 'range of the stabilised inverse', style: 'SIP', x: stable.f, low: stable.low, high: stable.high }
        ]
      }
    ]
  }
}

function paths(): Figure {
  const P = ([a, b]: number[]) => [a, b * b]
  const gd = [[3, 3]]
  const newton = [[3, 3]]
  const pg = [[3, 3]]
  for (let i = 0; i < 10; i++) {
    const [a, b] = gd[i]
    gd.push([a - 0.01 * 2 * a, b - 0.01 * 4 * b ** 3])
    const [c, d] = newton[i]
    newton.push([c - c / 3, d - d / 9])
    const y = P(pg[i]).map(v => v * 0.7)
    pg.push([y[0], Math.sqrt(y[1])])
  }
  const runs = [
    { name: 'GD', path: gd },
    { name: 'Newton', path: newton },
    { name: 'PG', path: pg }
  ]
  const levels = [0.1, 1, 4, 10, 25, 50, 100, 200]
  const series = (map: (p: number[]) => number[]) =>
    runs.map(({ name, path }) => ({ name, x: path.map(p => map(p)[0]), y: path.map(p => map(p)[1]) }))
  return {
    kind: 'plot',
    name: 'paths',
    title: 'Ten steps from (3, 3) in three ways',
    panels: [
      {
        title: 'Input space',
        x: { label: 'x₀', domain: [-0.2, 3.4] },
        y: { label: 'x₁', domain: [-0.2, 3.4] },
        series: series(p => p),
        contours: sampleGrid((x, y) => x * x + y ** 4, [-0.2, 3.4], [-0.2, 3.4], levels),
        points: [{ x: 0, y: 0, label: 'optimum' }]
      },
      {
        title: 'Output space',
        x: { label: 'y₀', domain: [-0.5, 3.6] },
        y: { label: 'y₁', domain: [-1, 9.8] },
        series: series(P),
        contours: sampleGrid((x, y) => x * x + y * y, [-0.5, 3.6], [-1, 9.8], levels),
        points: [{ x: 0, y: 0, label: 'optimum', place: 'below' }]
      }
    ]
  }
}

function epochs(seeds: number): Figure {
  const random = noise(7)
  const x = indices(25)
  const family = (start: number, rate: number) =>
    Array.from({ length: seeds }, () => {
      let level = start * (0.7 + 0.6 * random())
      return x.map(() => (level *= rate * (0.8 + 0.4 * random())))
    })
  const line = (name: string, runs: number[][]) => ({ name, x, y: overSeeds(runs).median, faint: runs })
  return {
    kind: 'plot',
    name: 'epochs',
    title: 'Coupled oscillators: median of the seeds, and every seed',
    panels: [
      {
        x: { label: 'Epoch' },
        y: { label: 'Σ (y − y*)², mean over the samples', scale: 'log' },
        series: [line('HIG', family(2, 0.45)), line('SIP', family(0.6, 0.8)), line('Adam', family(0.8, 0.82))],
        bands: [
          {
            name: 'HIG, measured elsewhere',
            style: 'HIG',
            x: [0, 12, 24],
            low: [0.7, 5e-5, 3e-9],
            high: [1.7, 3e-4, 8e-8]
          }
        ]
      }
    ]
  }
}

function fields(random: () => number): Field[] {
  const n = 64
  return [0, 1, 2].flatMap(sample => {
    const truth = new Float64Array(n * n)
    for (let r = 0; r < 6; r++) {
      const [ci, cj, hi, hj, s] = [random() * 44 + 10, random() * 44 + 10, random() * 10, random() * 10, random()]
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) if (Math.abs(i - ci) < hi && Math.abs(j - cj) < hj) truth[i * n + j] += s
      }
    }
    const blur = (radius: number) => truth.map((_, at) => box(truth, n, at, radius) + 0.03 * (random() - 0.5))
    return [blur(4), blur(1), truth].map((values, k) => ({ name: `${sample} ${k}`, width: n, height: n, values }))
  })
}

function box(values: Float64Array, n: number, at: number, radius: number): number {
  let [sum, cells] = [0, 0]
  for (let di = -radius; di <= radius; di++) {
    for (let dj = -radius; dj <= radius; dj++) {
      sum += values[((Math.floor(at / n) + di + n) % n) * n + (((at % n) + dj + n) % n)]
      cells++
    }
  }
  return sum / cells
}

const last = (values: ArrayLike<number> | undefined) => (values?.length ? values[values.length - 1] : Number.NaN)

/** A generator of its own, so that the shell's tests need nothing of the library. */
function noise(seed: number): () => number {
  let state = (seed + 1) * 2654435761
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
