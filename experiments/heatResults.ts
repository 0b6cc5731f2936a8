import type { Tensor } from '../core/index.js'
import { noiseLevel, sub } from '../ops/index.js'
import { diffuse, diffusionFactors, gridOf, modesOf, stabilisedInverse, wholeSpectrum } from '../physics/index.js'
import { late, linesOf, methodsOf, partsWith, quantityOf, radialSpectrum, ratioBySeed } from './shell/data.js'
import type { Figure } from './shell/figure.js'
import type { Done, Known, Metric, Quantity } from './shell/types.js'

/** Tables and figures of `heat`. */
const LAST = 4

/** What conduction's inverse, its stabilised inverse and its adjoint multiply the frequencies by, over |f|. */
export type Kernels = Record<'exact' | 'stabilised' | 'adjoint', ReturnType<typeof radialSpectrum>>

/** The three kernels; the stabilised one for the step from the prediction x [N, N] to y*, conduction by `amount` away. */
export function kernelsAt(x: Tensor, yTarget: Tensor, amount: number): Kernels {
  const [height, width] = x.shape
  const modes = modesOf([height, width], gridOf({}, 'heat'))
  const factors = diffusionFactors(modes, amount)
  const dy = Float64Array.from(sub(yTarget, diffuse(x, amount)).data)
  const { kernel } = stabilisedInverse(dy, noiseLevel(dy), factors, modes)
  const radial = (held: Float64Array) => radialSpectrum({ width, height, values: wholeSpectrum(held, modes) })
  return { exact: radial(factors.map(f => 1 / f)), stabilised: radial(kernel), adjoint: radial(factors) }
}

export function figuresOf(parts: readonly Done<string, { kernels: Kernels }>[]): Figure[] {
  const kernels = parts.find(p => p.data)?.data?.kernels
  return [losses(parts), ...reconstructions(parts), ...(kernels ? [kernelFigure(kernels)] : [])]
}

function losses(parts: readonly Done[]): Figure {
  const panel = (space: 'x' | 'y', label: string) => ({
    title: space === 'x' ? 'Reconstruction' : 'After conduction',
    x: { label: 'Training step' },
    y: { label, scale: 'log' as const },
    series: linesOf(parts, space)
  })
  return {
    kind: 'plot',
    name: 'losses',
    title: 'Same weights, same data: SIP reconstructs more than GD',
    caption: 'Every batch is new, so training loss is test loss. GD is Adam on the adjoint gradient.',
    panels: [
      panel('x', '½ Σ (x − x*)², per sample'),
      panel('y', '½ Σ (y − y*)², per sample'),
      { ...panel('x', ''), x: { label: 'Seconds of training' }, series: linesOf(parts, 'x', { over: 'seconds' }) }
    ]
  }
}

/** The samples of the first seed, from left to right: by each method, the truth, the input. */
function reconstructions(parts: readonly Done[]): Figure[] {
  const shown = ['GD', 'SIP'].flatMap(m => parts.find(p => p.method === m && p.fields?.length) ?? [])
  if (shown.length === 0) return []
  const of = (part: Done, name: string) => part.fields!.filter(f => f.name.startsWith(name))
  const columns = [...shown.map(p => of(p, 'prediction')), of(shown[0], 'reference'), of(shown[0], 'input')]
  return [
    {
      kind: 'images',
      name: 'reconstructions',
      title: 'Initial temperature: reconstructed and true',
      caption: 'Predictions after training for samples that no network has seen; one colour scale.',
      columns: [...shown.map(p => (p.method === 'GD' ? 'GD (Adam)' : p.method)), 'Reference', 'Network input y*'],
      rows: columns[0].map((_, i) => ({ label: `Sample ${i + 1}`, fields: columns.map(c => c[i]) })),
      label: 'Temperature'
    }
  ]
}

const kernelFigure = (spectrum: Kernels): Figure => ({
  kind: 'plot',
  name: 'kernels',
  title: 'What each method multiplies the frequencies of y* − y by',
  caption:
    'The exact inverse amplifies noise beyond all bounds, the adjoint damps what conduction has damped already. The stabilised inverse follows the exact one as far as a bin is more likely signal than noise; shaded: all bins of equal |f| of one sample.',
  panels: [
    {
      x: { label: 'Frequency |f| (cycles per cell)' },
      y: { label: 'Amplification', scale: 'log', domain: [1e-20, 1e20] },
      series: [
        {
          name: 'exact inverse',
          x: spectrum.exact.f,
          y: spectrum.exact.median,
          style: { color: '#444444', dash: [2, 4], marker: 'none' }
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
})

/** Measured with PhiFlow, five seeds, batch 128, last 10 of 50 steps; the smaller settings with a PyTorch port. */
const measuredX: Record<string, Quantity> = {
  SIP: { median: 19.6, low: 17.9, high: 20.5 },
  GD: { median: 28.0, low: 25.7, high: 31.4 }
}

/** Printed in the notebook, batch 128, at steps 0 to 4. Its first number is one draw of weights: they lie from 190 to 490. */
const PUBLISHED: Record<string, Record<'x' | 'y', number[]>> = {
  SIP: { x: [187.26, 70.21, 51.91, 39.46, 34.61], y: [59.48, 13.78, 5.73, 4.44, 3.36] },
  GD: { x: [187.26, 104.38, 72.51, 59.75, 50.5], y: [59.48, 20.32, 7.21, 5.39, 3.68] }
}

/** x loss of GD over that of SIP, measured elsewhere, by batch and steps. */
const MEASURED_RATIO: Record<string, Known> = {
  '128, 50': { median: 1.44, low: 1.39, high: 1.53 },
  '32, 50': { low: 1.37, high: 1.52 },
  '16, 50': { low: 1.31, high: 1.53 },
  '16, 20': { low: 1.33, high: 1.47 },
  '8, 50': { low: 1.24, high: 1.47 },
  '8, 20': { low: 1.26, high: 1.45 },
  '4, 50': { low: 1.16, high: 1.38 }
}

export function metricsOf(parts: readonly Done[], { steps, batch }: { steps: number; batch: number }): Metric[] {
  const n = steps >= 50 ? 10 : LAST
  const full = steps === 50 && batch === 128
  const quick = steps === 6 && batch === 4
  // A run that became non-finite is complete, and shorter: what it ended with is no result.
  const lateOf = (part: Done, space: string) => {
    const { y } = part.course[space]
    return part.status === 'complete' && y.length < steps ? Number.NaN : late(y, n)
  }
  const rows: Metric[] = methodsOf(parts).flatMap(m => {
    const runs = partsWith(parts, 'x', m)
    if (runs.length === 0) return []
    return (['x', 'y'] as const).map(space => ({
      name: `${m}: ${space} loss, mean of the last ${n} steps`,
      value: quantityOf(runs, p => lateOf(p, space)),
      measured: full && space === 'x' ? measuredX[m] : undefined
    }))
  })
  // Only where they can be compared at all: a batch as large as theirs.
  if (batch === 128)
    for (const [m, of] of Object.entries(PUBLISHED))
      for (const space of ['x', 'y'] as const)
        of[space].slice(0, steps).forEach((published, k) => {
          const runs = partsWith(parts, space, m)
          if (runs.length > 0)
            rows.push({
              name: `${m}: ${space} loss at step ${k}`,
              value: quantityOf(runs, p => p.course[space].y[k]),
              published
            })
        })
  const complete = (method: string) => partsWith(parts, 'x', method).filter(p => p.status === 'complete')
  const ratio = (space: string) => ratioBySeed(complete('GD'), complete('SIP'), p => lateOf(p, space))
  const [x, y] = [ratio('x'), ratio('y')]
  if (x === undefined || y === undefined) return rows
  return [
    ...rows,
    {
      name: 'x loss, GD / SIP',
      value: x,
      measured: MEASURED_RATIO[`${batch}, ${steps}`],
      // From batch 32 on the claim of the paper, 1.3; below it is noisier. Ten seeds of the quick preset: 1.28 to 1.54.
      expected:
        steps >= 50 && batch >= 32 ? [1.3, 2] : steps >= 20 && batch >= 16 ? [1.2, 1.8] : quick ? [1.1, 2] : undefined,
      note: `paired: same weights, same data; last ${n} steps`
    },
    {
      name: 'y loss, GD / SIP',
      value: y,
      measured: full ? { median: 1.25, low: 1.12, high: 1.46 } : undefined
    }
  ]
}
