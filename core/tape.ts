/// <reference lib="esnext.disposable" preserve="true" />
// Declared for those who compile against this package without it: `using` needs Symbol.dispose.
import { DTypeError, GradientError, NonFiniteError } from './errors.js'
import { type DotOptions, tapeToDot } from './inspect/tapeToDot.js'
import { type InspectOptions, type TapeRows, tapeToJSON } from './inspect/tapeToJSON.js'
import { tapeToText } from './inspect/tapeToText.js'
import type { Site } from './op.js'
import { describe } from './options.js'
import { currentRegion, Region, within } from './region.js'
import { show } from './shape.js'
import { allFinite, checkTensor, type Tensor } from './tensor.js'

/** The tapes that record now, outermost first. */
let recording: Tape[] = []

/**
 * A list of what happened: the operators applied to the tensors it watches, in order. Sweeps travel over it.
 *
 * A tensor holds no node; each tape knows which tensors depend on what it watches. So tapes nest: a tape is paused
 * during its own sweep while outer tapes record that sweep, and that is how derivatives of derivatives come about.
 *
 *     using tape = new Tape()
 *     const x = tape.watch(tensor([1, 2]))
 *     const y = tape.record(() => sum(square(x)))
 */
export class Tape {
  #sites: Site[] = []
  #known = new Set<Tensor>()
  #watched: Tensor[] = []
  #paused = 0
  #disposed = false
  /** What was made while it recorded, unless a scope or an outer tape owns that. */
  #region: Region | undefined

  /** Sites in the order in which they happened, which is a topological order. */
  get sites(): readonly Site[] {
    this.checkAlive('sites of a tape')
    return this.#sites
  }

  /** The tensors it was told to track, in order. */
  get watched(): readonly Tensor[] {
    return this.#watched
  }

  get disposed(): boolean {
    return this.#disposed
  }

  /** Tracks what depends on these tensors from now on. Returns its argument. */
  watch<T extends Tensor | readonly Tensor[]>(tensors: T): T {
    this.checkAlive('watch')
    const list: readonly Tensor[] = Array.isArray(tensors) ? tensors : [tensors]
    for (const t of list) checkTensor(t, 'watch', 'what is to be watched')
    for (const t of list) {
      this.#known.add(t)
      if (!this.#watched.includes(t)) this.#watched.push(t)
    }
    return tensors
  }

  /** Does this tensor depend on a watched one? */
  knows(t: Tensor): boolean {
    return this.#known.has(t)
  }

  /**
   * Runs `fn` and records what it does. Synchronous: an async function would go on after recording has ended. The tensors
   * that it makes belong to the tape, and are gone when it is disposed; `keep` copies one out.
   */
  record<R>(fn: () => R): R {
    this.checkAlive('record')
    if (typeof fn !== 'function' || fn.constructor.name === 'AsyncFunction') throw notSynchronous(fn)
    const before = recording
    // Recording inside of recording on one tape: each application is one site all the same.
    if (!before.includes(this)) recording = [...before, this]
    try {
      const result = within(currentRegion() ?? (this.#region ??= new Region()), fn)
      const promised = result as { then?: unknown; catch?(f: () => void): void } | null
      if (typeof promised?.then === 'function') {
        promised.catch?.(() => {}) // what it still throws is nobody's any more
        throw notSynchronous(fn)
      }
      return result
    } finally {
      recording = before
    }
  }

  /** Runs `fn` with this tape paused, while outer tapes go on recording: what a sweep of this tape does. */
  pausedWhile<R>(fn: () => R): R {
    this.checkAlive('a sweep')
    this.#paused++
    try {
      return fn()
    } finally {
      this.#paused--
    }
  }

  /** Is a sweep of this tape running? */
  get paused(): boolean {
    return this.#paused > 0
  }

  /** Called by `apply` for every operator that touches a known tensor. */
  add(site: Site): void {
    this.#sites.push(site)
    this.#known.add(site.out)
  }

  /** Forgets everything, and frees what was made while it recorded. Any later sweep over this tape throws. */
  dispose(): void {
    this.#region?.dispose()
    this.#sites = []
    this.#known = new Set()
    this.#watched = []
    this.#disposed = true
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** The first site, in forward order, whose output holds NaN or an infinity. */
  firstNonFinite(): { index: number; site: Site; message: string } | undefined {
    const index = this.sites.findIndex(s => !allFinite(s.out.data))
    if (index < 0) return undefined
    const site = this.#sites[index]
    const ranges = site.inputs.map(t => `${show(t.shape)} in ${range(t)}`).join(', ')
    return { index, site, message: `site ${index}, ${site.op.name} of ${ranges || 'nothing'}` }
  }

  /** Throws NonFiniteError naming that site. */
  checkFinite(): void {
    const found = this.firstNonFinite()
    if (found)
      throw new NonFiniteError(
        'checkFinite',
        `NaN or infinity made by ${found.message}`,
        "Look at that operator's domain, or at the step that led out of it"
      )
  }

  /** A readable table of the sites; `{ expand: true }` shows the inside of blocks. */
  toText(options?: InspectOptions): string {
    return tapeToText(this, options)
  }

  /** The graph of the sites in Graphviz's language; `{ targets }` paints them by the rungs of a target sweep. */
  toDot(options?: DotOptions): string {
    return tapeToDot(this, options)
  }

  /** The sites as plain data. JSON.stringify calls it with a key, which is no option. */
  toJSON(options?: InspectOptions | string): TapeRows {
    return tapeToJSON(this, typeof options === 'object' ? options : {})
  }

  /** Throws GradientError on a tape that was disposed. */
  checkAlive(asked: string): void {
    if (this.#disposed)
      throw new GradientError(
        asked,
        'the tape was disposed',
        'Sweep before the end of the block that holds `using tape`, or keep the tape alive'
      )
  }
}

const notSynchronous = (fn: unknown): GradientError =>
  new GradientError(
    'record',
    typeof fn === 'function' ? 'an async function' : `${describe(fn)} instead of a function`,
    'A tape records while the function runs: await data before, and record synchronously'
  )

function range(t: Tensor): string {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let bad = 0
  for (const v of t.data) {
    if (!Number.isFinite(v)) bad++
    else {
      low = Math.min(low, v)
      high = Math.max(high, v)
    }
  }
  return `[${low}, ${high}]${bad ? ` and ${bad} not finite` : ''}`
}

/** The tapes that record now and are not paused. */
export const activeTapes = (): readonly Tape[] => recording.filter(t => !t.paused)

/** For `apply`, without an allocation. */
export const recordingTapes = (): readonly Tape[] => recording

/** Would an operator applied to one of these tensors be recorded now? */
export const isRecorded = (tensors: readonly Tensor[]): boolean =>
  recording.some(tape => !tape.paused && tensors.some(t => tape.knows(t)))

/** Runs `fn` seen by no tape that records now. */
export function unseen<R>(fn: () => R): R {
  const before = recording
  recording = []
  try {
    return fn()
  } finally {
    recording = before
  }
}

/** Tapes whose tensors must not be touched now. */
let sealed: readonly Tape[] = []

/** For `apply`: see sealedAgainst. */
export const sealedTapes = (): readonly Tape[] => sealed

/**
 * The inside of a block, closed against the tapes that record outside. What depends on a watched tensor comes in by the
 * inputs; read from the surrounding scope it would be taken for a constant, without a word.
 */
export function sealedAgainst<R>(tapes: readonly Tape[], fn: () => R): R {
  const before = sealed
  sealed = [...before, ...tapes]
  try {
    return fn()
  } finally {
    sealed = before
  }
}

/** Throws unless `tape` is a tape that is alive. */
function checkTape(tape: Tape, asked: string): void {
  if (!(tape instanceof Tape)) throw new DTypeError(asked, `${describe(tape)} instead of a tape`, 'Give a Tape')
  tape.checkAlive(asked)
}

/** Throws unless a sweep can start: from pairs, on a tape that is alive. */
export function checkSeeds(tape: Tape, seeds: readonly (readonly [Tensor, unknown])[], asked: string): void {
  checkTape(tape, asked)
  if (!Array.isArray(seeds) || !seeds.every(pair => Array.isArray(pair) && pair.length === 2))
    throw new GradientError(asked, 'no pairs to start from', 'Give an array of pairs [tensor, value]')
}

/** Throws unless the tape knows the tensor. */
export function checkKnown(tape: Tape, t: Tensor, asked: string, role: string): void {
  checkTape(tape, asked)
  checkTensor(t, asked, role)
  if (!tape.knows(t))
    throw new GradientError(
      asked,
      `the tape does not know ${role}, a tensor of shape ${show(t.shape)}`,
      'Watch it, or compute it from watched tensors inside record'
    )
}
