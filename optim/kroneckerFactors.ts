import { apply } from '../core/apply.js'
import { OptionError } from '../core/errors.js'
import type { Site } from '../core/op.js'
import type { Random } from '../core/random.js'
import { scoped } from '../core/scope.js'
import { size } from '../core/shape.js'
import { add } from '../core/structural/add.js'
import { cotangentSweep } from '../core/sweeps/cotangent.js'
import { Tape, unseen } from '../core/tape.js'
import { type Data, Tensor, zerosLike } from '../core/tensor.js'
import type { Evaluation } from './evaluation.js'
import { curvatureRoot, lossCurvature } from './leastSquaresForm.js'
import { patches } from './patches.js'

/** A dense or a convolutional layer as the tape shows it. */
export interface Layer {
  /** The product of its input and its weight. */
  readonly site: Site
  /** Inputs and outputs of the weight's matrix; with a bias the input gets one more entry, always 1. */
  readonly inputs: number
  readonly outputs: number
  /** Where weight and bias lie in θ. */
  readonly weight: number
  readonly bias: number | undefined
  /** How the weight lies there: [in, out] (dense) or [out, in] (conv). */
  readonly outputsFirst: boolean
}

export interface Factors {
  /** E[Σ_t a aᵀ], `[in (+1), in (+1)]`, a the layer's input at position t: mean over samples. */
  readonly A: Float64Array
  /** Σ_b (1/T) Σ_t g gᵀ, `[out, out]`, g the cotangent of its output for the root of the loss's Hessian. */
  readonly G: Float64Array
}

/** Every layer whose weight is read from θ; throws where θ has parameters that are of no such layer. */
export function findLayers(e: Evaluation): Layer[] {
  const { tape, theta } = e.record()
  const reads = new Map<Tensor, number>()
  const layers: Layer[] = []
  for (const site of tape.sites) {
    const [first, second] = site.inputs
    const range = first === theta ? site.op.reads?.(site) : undefined
    if (range) reads.set(site.out, range.start)
    else if (site.op.name === 'reshape' && reads.has(first)) reads.set(site.out, reads.get(first)!)
    else if (site.op.name === 'add') {
      const layer = layers.findIndex(l => l.site.out === first && reads.has(second))
      if (layer >= 0) layers[layer] = { ...layers[layer], bias: reads.get(second) }
    } else if (site.op.name === 'matmul' && reads.has(second) && !site.attrs.ta && !site.attrs.tb) {
      const [inputs, outputs] = second.shape
      layers.push({ site, inputs, outputs, weight: reads.get(second)!, bias: undefined, outputsFirst: false })
    } else if (/^conv\dd$/.test(site.op.name) && reads.has(second) && site.attrs.groups === 1) {
      const [outputs, ...rest] = second.shape
      layers.push({
        site,
        inputs: size(rest),
        outputs,
        weight: reads.get(second)!,
        bias: undefined,
        outputsFirst: true
      })
    }
  }
  const covered = new Uint8Array(theta.size)
  for (const l of layers) {
    covered.fill(1, l.weight, l.weight + l.inputs * l.outputs)
    if (l.bias !== undefined) covered.fill(1, l.bias, l.bias + l.outputs)
  }
  const missed = covered.indexOf(0)
  if (missed >= 0 || new Set(layers.map(l => l.weight)).size < layers.length)
    throw new OptionError(
      'kfac',
      missed >= 0 ? `entry ${missed} of θ is of no dense or conv layer of one group` : 'a weight that is used twice',
      'Use it for networks of dense and conv layers, each weight in one place; hessianFree takes any'
    )
  return layers
}

/**
 * The Kronecker factors of every layer. The cotangents of all layers' outputs come from one sweep: the forward pass is run
 * again with a zero added to each of them, and these zeros are what is differentiated.
 *
 * Seeds at y: with H_b = RᵀR the Hessian of the loss, Σ_k over the rows of R gives the Gauss-Newton matrix itself (`exact`, K
 * sweeps); one sweep with Rᵀξ, random signs ξ, has it as its mean.
 */
export function kroneckerFactors(e: Evaluation, layers: readonly Layer[], signs: Random | 'exact'): Factors[] {
  return unseen(() =>
    scoped(() => {
      const { tape, y } = e.record()
      const curvature = lossCurvature(e)
      const { B, K } = curvature
      using probe = new Tape()
      const zeros = probe.watch(layers.map(l => zerosLike(l.site.out)))
      const places = new Map(layers.map((l, i) => [l.site, i]))
      const out = probe.record(() => {
        const now = new Map<Tensor, Tensor>()
        for (const s of tape.sites) {
          const made = apply(
            s.op,
            s.inputs.map(t => now.get(t) ?? t),
            s.attrs
          )
          const place = places.get(s)
          now.set(s.out, place === undefined ? made : add(made, zeros[place]))
        }
        return now.get(y!) ?? y!
      })
      const roots = Array.from({ length: B }, (_, b) => curvatureRoot(curvature, b).R)
      const seeds = signs === 'exact' ? exactSeeds(roots, K, out) : [sampledSeed(roots, K, out, signs)]
      const G = layers.map(l => new Float64Array(l.outputs ** 2))
      for (const seed of seeds) {
        const cts = cotangentSweep(probe, [[out, seed]])
        layers.forEach((l, i) => {
          const ct = cts.get(zeros[i])
          if (ct) addGram(G[i], toRows(ct, l), l.outputs, (l.outputs * B) / ct.size)
        })
      }
      return layers.map((l, i) => {
        const a = inputRows(l)
        const A = new Float64Array((l.inputs + (l.bias === undefined ? 0 : 1)) ** 2)
        addGram(A, a, Math.sqrt(A.length), 1 / B)
        return { A, G: G[i] }
      })
    })
  )
}

function exactSeeds(roots: readonly Float64Array[], K: number, y: Tensor): Tensor[] {
  return Array.from({ length: K }, (_, k) => seedOf(y, i => roots[Math.floor(i / K)][k * K + (i % K)]))
}

function sampledSeed(roots: readonly Float64Array[], K: number, y: Tensor, signs: Random): Tensor {
  const all = new Float64Array(y.size)
  roots.forEach((R, b) => {
    for (let k = 0; k < K; k++) {
      const sign = signs.next() < 0.5 ? -1 : 1
      for (let i = 0; i < K; i++) all[b * K + i] += sign * R[k * K + i]
    }
  })
  return seedOf(y, i => all[i])
}

const seedOf = (y: Tensor, f: (i: number) => number): Tensor => {
  const data = y.dtype === 'f64' ? new Float64Array(y.size) : new Float32Array(y.size)
  for (let i = 0; i < data.length; i++) data[i] = f(i)
  return new Tensor(y.shape, data)
}

/** The layer's inputs as rows [samples × positions, in (+1)]. */
function inputRows(l: Layer): Data {
  const [x] = l.site.inputs
  const rows = l.outputsFirst ? patches(x, l.site.attrs) : x.data
  if (l.bias === undefined) return rows
  const n = rows.length / l.inputs
  const out = new Float64Array(n * (l.inputs + 1))
  for (let r = 0; r < n; r++) {
    out.set(rows.subarray(r * l.inputs, (r + 1) * l.inputs), r * (l.inputs + 1))
    out[r * (l.inputs + 1) + l.inputs] = 1
  }
  return out
}

/** Cotangents of the layer's output as rows [samples × positions, out]: of a convolution [B, O, ...S] they are columns. */
function toRows(ct: Tensor, l: Layer): Data {
  if (!l.outputsFirst) return ct.data
  const spatial = l.site.inputs[1].rank - 2
  const T = size(ct.shape.slice(ct.rank - spatial))
  const { data } = ct
  const rows = new Float64Array(data.length)
  for (let i = 0; i < data.length; i++) {
    const [b, o, t] = [Math.floor(i / (l.outputs * T)), Math.floor(i / T) % l.outputs, i % T]
    rows[(b * T + t) * l.outputs + o] = data[i]
  }
  return rows
}

/** M ← M + c Σ_r row rowᵀ. */
function addGram(M: Float64Array, rows: Data, n: number, c: number): void {
  for (let at = 0; at < rows.length; at += n)
    for (let i = 0; i < n; i++) {
      const v = c * rows[at + i]
      if (v !== 0) for (let j = 0; j < n; j++) M[i * n + j] += v * rows[at + j]
    }
}
