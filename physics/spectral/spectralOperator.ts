import { apply } from '../../core/apply.js'
import type { Data } from '../../core/backends/plain/data.js'
import { wanted } from '../../core/claim.js'
import { edgesOfLinear, withEdges } from '../../core/families/edges.js'
import { alloc } from '../../core/memory.js'
import {
  type Claim,
  carryInFront,
  defineOp,
  type Example,
  type InverseKind,
  type Op,
  type Site,
  type Tex
} from '../../core/op.js'
import type { Random } from '../../core/random.js'
import { mapData, Tensor } from '../../core/tensor.js'
import { noiseLevel, type Trust } from '../../ops/fourier/stabilised.js'
import { cellsOf, type Grid, gridOf } from '../grid.js'
import { eigenvaluesOf, filtered, type Modes, modesOf, type Scheme } from './modes.js'
import { stabilisedChange } from './stabilisedInverse.js'

/** What every spectral operator knows: its grid. */
export interface SpectralAttrs {
  readonly grid: Grid
}

export interface SpectralRules<A extends SpectralAttrs> {
  name: string
  doc: string
  tex: Tex
  /** Throws OptionError where an attribute is out of range. */
  check?(attrs: A): void
  /** Which -∇² its modes belong to. */
  scheme(attrs: A): Scheme
  /** T of a mode, for its eigenvalue of -∇². */
  transfer(attrs: A): (eigenvalue: number) => number
  /** y without transforms, where that is what the operator is: a stencil. */
  forward?(x: Data, y: Float64Array, modes: Modes, attrs: A): void
  /** dx for dy without transforms, where T has the inverse of a stencil. */
  backward?(dy: Float64Array, dx: Float64Array, modes: Modes, attrs: A): void
  /** How to weigh signal against noise: a regularised inverse, otherwise the exact one. */
  trust?(attrs: A): Required<Trust>
  examples(random: Random): readonly Example<A>[]
}

/** What an operator of the family multiplies each mode of x by. */
export interface SpectralFactors {
  readonly modes: Modes
  /** T of every held mode. */
  readonly transfer: Float64Array
  /** k², the eigenvalue of -∇², of every held mode. */
  readonly eigenvalues: Float64Array
}

/** An operator of the family says its factors: its singular values are their sizes. */
export interface SpectralOp<A extends SpectralAttrs> extends Op<A> {
  factors(x: Tensor, attrs: A): SpectralFactors
}

/** The factors of an operator at x, where it is of the family. */
export const spectralFactors = <A>(op: Op<A>, x: Tensor, attrs: A): SpectralFactors | undefined =>
  'factors' in op ? (op as unknown as SpectralOp<any>).factors(x, attrs) : undefined

/** T for every mode of a grid. */
export const transferOf = (scheme: Scheme, transfer: (eigenvalue: number) => number, modes: Modes): Float64Array =>
  eigenvaluesOf(modes, scheme).map(transfer)

/**
 * The family y = F⁻¹(T · F x) over the axes of a grid, F the transform to the modes of -∇² and T a real function of the
 * eigenvalue: linear and symmetric, so it is its own tangent and adjoint. Its inverse is
 *
 * - exact: x̃ = x + F⁻¹(F(ỹ - y) / T); modes with T = 0 stay: the smallest change. Or the stencil that does the same;
 * - regularised, where `trust` says how: every mode is amplified as far as it is more likely signal than noise.
 */
export function spectralOperator<A extends SpectralAttrs>(rules: SpectralRules<A>): SpectralOp<A> {
  const kind: InverseKind = rules.trust ? 'regularised' : 'exact'
  const modesFor = (t: Tensor, attrs: A): Modes => modesOf(cellsOf(t.shape, attrs.grid, rules.name), attrs.grid)
  const op: Op<A> = defineOp<A>({
    name: rules.name,
    doc: rules.doc,
    tex: rules.tex,
    outShape: ([s], attrs) => {
      rules.check?.(attrs)
      cellsOf(s, gridOf(attrs.grid, rules.name), rules.name)
      return s
    },
    forward: ([x], attrs) => {
      const modes = modesFor(x, attrs)
      if (!rules.forward) {
        const y = alloc(x.size, x.dtype)
        filtered(x.data, modes, transferOf(rules.scheme(attrs), rules.transfer(attrs), modes), y)
        return new Tensor(x.shape, y)
      }
      const y = new Float64Array(x.size)
      rules.forward(x.data, y, modes, attrs)
      return new Tensor(x.shape, inDType(y, x))
    },
    jvp: ([dx], v) => dx && apply(op as Op, [dx], v.attrs),
    vjp: (ct, v) => [apply(op as Op, [ct], v.attrs)],
    carry: (site: Site<A>) => carryInFront(site.attrs.grid.dx.length)(site),
    inverse: {
      kind,
      apply: ({ inputs: [x], out, attrs }, claimed): Claim[] => {
        const modes = modesFor(x, attrs)
        const target = wanted(claimed, out)
        const now = out.data
        const dy = difference(target.data, now)
        const change = changeFor(rules, dy, modes, attrs)
        return [{ value: mapData(x, (v, i) => v + change[i]), weight: null }]
      }
    },
    examples: withEdges(rules.examples, edgesOfLinear)
  })
  const factors: SpectralOp<A>['factors'] = (x, attrs) => {
    const modes = modesFor(x, attrs)
    const eigenvalues = eigenvaluesOf(modes, rules.scheme(attrs))
    return { modes, eigenvalues, transfer: eigenvalues.map(rules.transfer(attrs)) }
  }
  return Object.assign(op, { factors })
}

function changeFor<A extends SpectralAttrs>(
  rules: SpectralRules<A>,
  dy: Float64Array,
  modes: Modes,
  attrs: A
): Float64Array {
  const dx = new Float64Array(dy.length)
  if (rules.backward) {
    rules.backward(dy, dx, modes, attrs)
    return dx
  }
  const transfer = transferOf(rules.scheme(attrs), rules.transfer(attrs), modes)
  if (!rules.trust) {
    const inverse = transfer.map(t => 1 / t)
    for (let k = 0; k < inverse.length; k++) if (!Number.isFinite(inverse[k])) inverse[k] = 0
    filtered(dy, modes, inverse, dx)
    return dx
  }
  const { uncertainty, noise, signal } = rules.trust(attrs)
  return stabilisedChange(dy, wish => noiseLevel(wish, { uncertainty, noise }), transfer, modes, signal)
}

/** a - b in f64. A loop: the engine's `from` with a function takes thirty times as long. */
function difference(a: Data, b: Data): Float64Array {
  const d = new Float64Array(a.length)
  for (let i = 0; i < d.length; i++) d[i] = a[i] - b[i]
  return d
}

const inDType = (values: Float64Array, like: Tensor): Data =>
  like.dtype === 'f64' ? values : Float32Array.from(values)
