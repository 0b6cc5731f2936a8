import { existsSync, readFileSync } from 'node:fs'
import { fittedArrows, indices, overSeeds, radialSpectrum, sampleGrid, spread } from '../../experiments/shell/data.js'
import type { Figure } from '../../experiments/shell/figure.js'
import { writeAtomically } from '../../experiments/shell/folder.js'
import { count, real, toggle } from '../../experiments/shell/settings.js'
import { type Done, defineExperiment, type Field, type Series } from '../../experiments/shell/types.js'

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
  methods: ['GD', 'SIP'],
  seeds: { default: 1 },
  settings: {
    steps: count('training steps', { default: 20, quick: 4, full: 50 }),
    eta: real('step in y', { default: 1, above: 0 }),
    stepMs: count('milliseconds to waste per step', { default: 0, min: 0 }),
    failAt: count('step at which to fail; 0 for never', { default: 0, min: 0 }),
    chatty: toggle('write to the console, as a careless library would', { default: false })
  },

  sweeps: {
    eta: {
      about: 'losses over the step in y',
      values: { eta: { default: [0.5, 1, 2, 4], quick: [0.5, 2] } },
      fixed: { seeds: 2 },
      result: { of: 'y', label: 'y loss at the end (heat²)' }
    },
    steps: {
      about: 'the decrease per step, over the number of steps and the step in y',
      values: { steps: { default: [4, 8, 16], quick: [2, 4] }, eta: { default: [1, 2] } },
      fixed: { method: ['SIP'] },
      result: { of: ({ course }, { steps }) => last(course.y?.y) / steps, label: 'y loss per step', scale: 'linear' }
    }
  },

  takes: { quick: 0.2 },
  steps: (_part, { steps }) => steps,

  run({ method, seed }, settings, ctx) {
    // As a part of the real kind: the state between two steps is in a file, from which a killed run goes on.
    const state = ctx.checkpoint && existsSync(ctx.checkpoint) ? JSON.parse(readFileSync(ctx.checkpoint, 'utf8')) : null
    const course: Record<string, Series> = state?.course ?? {}
    const random = noise(seed, state?.random)
    const outcome = () => ({ course, fields: fields(method, noise(seed)) })
    ctx.keep(outcome)
    ctx.log('Making data.')
    if (state) ctx.tell({}, state.step)
    for (let step = state?.step ?? 0; step < settings.steps; step++) {
      if (settings.chatty) console.log('careless output')
      if (settings.failAt === step + 1) throw new Error('The step was asked to fail, and did; leave out --fail-at.')
      const end = performance.now() + settings.stepMs
      while (performance.now() < end);
      const numbers: Record<string, number> = {}
      for (const space of ['x', 'y']) {
        const speed = method === 'SIP' ? 0.55 : 0.4
        const value =
          (space === 'x' ? 187 : 59) *
          (step + 1) ** (-speed - (space === 'x' ? 0.1 : 0.6)) *
          settings.eta ** (method === 'SIP' ? -0.1 : 0.3) *
          (0.9 + 0.2 * random.next())
        const series = (course[space] ??= { at: [], seconds: [], y: [] })
        series.at.push(step)
        series.seconds.push(step)
        series.y.push(value)
        numbers[space] = value
      }
      if (ctx.checkpoint)
        writeAtomically(ctx.checkpoint, JSON.stringify({ step: step + 1, random: random.state, course }))
      ctx.step(numbers)
    }
    return outcome()
  },

  metrics(parts) {
    const at = (method: string, space: string) => last(parts.find(p => p.method === method)?.course[space]?.y)
    return [
      {
        name: 'x loss, GD / SIP, last steps',
        value: spread([1.35, 1.41, 1.47, 1.38, 1.52]),
        published: 1.45,
        measured: { median: 1.44, low: 1.39, high: 1.53 },
        expected: [1.2, 2],
        note: '5 seeds'
      },
      { name: 'x loss, SIP', unit: 'heat²·cells²', value: at('SIP', 'x'), published: 34.61 },
      { name: 'y loss, SIP', unit: 'heat²·cells²', value: at('SIP', 'y'), measured: 3.3, expected: [0, 1] }
    ]
  },

  figures: parts => [
    losses(parts),
    images(parts.flatMap(p => p.fields ?? [])),
    kernels(),
    paths(),
    epochs(5),
    arrows(),
    graph()
  ],

  notes: () => ['The numbers are invented.']
})

function losses(parts: readonly Done[]): Figure {
  const panel = (space: string, label: string) => ({
    title: `Loss in ${space}`,
    x: { label: 'Training step' },
    y: { label, scale: 'log' as const },
    series: parts.flatMap(({ method, course }) =>
      course[space] ? [{ name: method, x: course[space].at, y: course[space].y }] : []
    )
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
    columns: ['first', 'second'],
    rows: [0, 1, 2].map(i => ({ label: `Sample ${i + 1}`, fields: all.filter(f => f.name === `sample ${i}`) })),
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
      let level = start * (0.7 + 0.6 * random.next())
      return x.map(() => (level *= rate * (0.8 + 0.4 * random.next())))
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

function arrows(): Figure {
  const [x, y]: [number, number][] = [
    [-2, 2],
    [-1, 1]
  ]
  const contours = sampleGrid((a, b) => a * a + 10 * b * b, x, y, [0.3, 1, 3, 6, 10])
  const panel = (name: string, f: (a: number, b: number) => [number, number]) => ({
    title: name,
    x: { label: 'x₀', domain: x },
    y: { label: 'x₁', domain: y },
    series: [],
    contours,
    arrows: [fittedArrows(name, f, x, y, { n: 10 })]
  })
  return {
    kind: 'plot',
    name: 'arrows',
    title: 'What two methods propose on a valley',
    panels: [panel('GD', (a, b) => [-2 * a, -20 * b]), panel('Newton', (a, b) => [-a, -b])]
  }
}

const graph = (): Figure => ({
  kind: 'graph',
  name: 'graph',
  title: 'Two rungs on a tape',
  dot: String.raw`digraph { node [shape=box]; x [label="x0\nf64 [2]", shape=ellipse]; x -> exp -> newton; x -> newton }`
})

function fields(method: string, random: Noise): Field[] {
  const n = 64
  return [0, 1, 2].map(sample => {
    const truth = new Float64Array(n * n)
    for (let r = 0; r < 6; r++) {
      const [ci, cj, hi, hj, s] = [44, 44, 10, 10, 1].map(size => random.next() * size)
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) if (Math.abs(i - ci - 10) < hi && Math.abs(j - cj - 10) < hj) truth[i * n + j] += s
      }
    }
    const values = truth.map((_, at) => box(truth, n, at, method === 'SIP' ? 1 : 4) + 0.03 * (random.next() - 0.5))
    return { name: `sample ${sample}`, width: n, height: n, values }
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
class Noise {
  constructor(public state: number) {}
  next(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0
    return this.state / 2 ** 32
  }
}
const noise = (seed: number, state = (seed + 1) * 2654435761): Noise => new Noise(state >>> 0)
