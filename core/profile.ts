import { OptionError } from './errors.js'
import { describe } from './options.js'

/** The rules of an operator that are timed. */
export type ProfiledRule = 'forward' | 'jvp' | 'vjp' | 'sampleVjp' | 'inverse'

/** One operator's use of one rule. */
export interface ProfileRow {
  readonly operator: string
  readonly rule: ProfiledRule
  calls: number
  /** Own time in milliseconds: without the operators that the rule applied, which have rows of their own. */
  ms: number
  /** Bytes of the tensors that the rule returned. */
  bytes: number
}

/** One heavy kernel on one backend (or `several`, which it chooses among); its time is part of its operator's, if it has one. */
export interface KernelRow {
  readonly kernel: string
  readonly backend: string
  readonly dtype: string
  calls: number
  ms: number
  /** Floating-point operations of the definition, two per product; a kernel may need fewer (Winograd's convolutions). */
  flops: number
}

/** Where the time of a run went. */
export interface Profile {
  /** Of the whole run. */
  readonly ms: number
  /** What no operator accounts for: sweeps, bookkeeping, the caller's own work. */
  readonly outside: number
  /** Longest first. */
  readonly rows: readonly ProfileRow[]
  readonly kernels: readonly (KernelRow & { readonly gflops: number })[]
  /** Both tables as text; `most` rows of the first. */
  toText(most?: number): string
}

/** A rule that runs now: the time of those that it called is not its own. */
interface Frame {
  inner: number
}

/** What is being collected. Operators of one name are one row, as on a tape's print. */
class Recorder {
  readonly rows = new Map<string, ProfileRow>()
  readonly kernels = new Map<string, KernelRow>()
  frame: Frame = { inner: 0 }

  addRule(row: ProfileRow): void {
    const key = `${row.operator} ${row.rule}`
    const known = this.rows.get(key)
    if (!known) this.rows.set(key, { ...row })
    else {
      known.calls += row.calls
      known.ms += row.ms
      known.bytes += row.bytes
    }
  }

  addKernel(row: KernelRow): void {
    const key = `${row.kernel} ${row.backend} ${row.dtype}`
    const known = this.kernels.get(key)
    if (!known) this.kernels.set(key, { ...row })
    else {
      known.calls += row.calls
      known.ms += row.ms
      known.flops += row.flops
    }
  }
}

/**
 * Who is listening; undefined nearly always. Where a rule or a kernel runs, one look at this variable is all that
 * profiling costs when it is off.
 */
export let recorder: Recorder | undefined

/**
 * Runs a rule and adds its own time. Only to be called while there is a `recorder`: it makes closures and objects.
 */
export function observeRule<T>(operator: string, rule: ProfiledRule, run: () => T): T {
  const to = recorder!
  const outer = to.frame
  const frame = (to.frame = { inner: 0 })
  const start = performance.now()
  let bytes = 0
  try {
    const out = run()
    bytes = bytesOf(out)
    return out
  } finally {
    const ms = performance.now() - start
    to.frame = outer
    outer.inner += ms
    to.addRule({ operator, rule, calls: 1, ms: ms - frame.inner, bytes })
  }
}

/**
 * Runs a kernel of so many floating-point operations (0: not counted) and adds it. Only to be called while there is a
 * `recorder`.
 */
export function observeKernel<T>(
  kernel: string,
  backend: string,
  like: Float64Array | Float32Array,
  flops: number,
  run: () => T
): T {
  const start = performance.now()
  const out = run()
  const dtype = like instanceof Float64Array ? 'f64' : 'f32'
  recorder!.addKernel({ kernel, backend, dtype, calls: 1, ms: performance.now() - start, flops })
  return out
}

/** Bytes of a tensor, of each in a list (cotangents per input, some of them null), of the values of claims. */
function bytesOf(out: unknown): number {
  if (Array.isArray(out)) return out.reduce((sum, one) => sum + bytesOf(one), 0)
  if (typeof out !== 'object' || out === null) return 0
  // Not by `data`, which of a tensor on a GPU would be read back.
  if ('dtype' in out && 'size' in out) return Number(out.size) * (out.dtype === 'f64' ? 8 : 4)
  return 'value' in out ? bytesOf(out.value) : 0
}

/**
 * Runs f and says where its time went: per operator and rule (forward, jvp, vjp, sampleVjp, inverse) the calls, the own
 * milliseconds and the bytes of the outputs, and per heavy kernel the backend that ran and its GFLOP/s.
 *
 *     const { value, profile } = withProfile(() => step(theta))
 *     console.log(profile.toText())
 *
 * A rule that applies operators (an adjoint, a block) keeps only its own time. f is synchronous; whatever it throws
 * passes through. Inside of another profile, the outer one counts it too.
 */
export function withProfile<T>(f: () => T): { value: T; profile: Profile } {
  if (typeof f !== 'function' || f.constructor.name === 'AsyncFunction')
    throw new OptionError('withProfile', describe(f), 'Give a synchronous function: it is run once, and timed')
  const outer = recorder
  const own = (recorder = new Recorder())
  const start = performance.now()
  try {
    const value = f()
    return { value, profile: profileOf(own, performance.now() - start) }
  } finally {
    recorder = outer
    if (outer) {
      for (const row of own.rows.values()) outer.addRule(row)
      for (const row of own.kernels.values()) outer.addKernel(row)
      outer.frame.inner += own.frame.inner
    }
  }
}

function profileOf(from: Recorder, ms: number): Profile {
  const rows = [...from.rows.values()].sort((a, b) => b.ms - a.ms)
  const kernels = [...from.kernels.values()]
    .sort((a, b) => b.ms - a.ms)
    .map(row => ({ ...row, gflops: row.ms > 0 ? row.flops / row.ms / 1e6 : 0 }))
  const outside = Math.max(0, ms - from.frame.inner)
  return { ms, outside, rows, kernels, toText: most => profileText({ ms, outside, rows, kernels }, most) }
}

function profileText({ ms, outside, rows, kernels }: Omit<Profile, 'toText'>, most = rows.length): string {
  const share = (part: number) => `${(ms > 0 ? (100 * part) / ms : 0).toFixed(1)} %`
  const rest = rows.slice(most)
  const restMs = rest.reduce((sum, row) => sum + row.ms, 0)
  const lines = [
    ['operator', 'rule', 'calls', 'ms', 'share', 'MB out'],
    ...rows
      .slice(0, most)
      .map(r => [r.operator, r.rule, `${r.calls}`, r.ms.toFixed(2), share(r.ms), (r.bytes / 1e6).toFixed(2)]),
    ...(rest.length > 0 ? [[`(${rest.length} more)`, '', '', restMs.toFixed(2), share(restMs), '']] : []),
    ['(outside)', '', '', outside.toFixed(2), share(outside), ''],
    ['total', '', '', ms.toFixed(2), '', '']
  ]
  const heavy = kernels.map(k => [
    k.kernel,
    `${k.backend} ${k.dtype}`,
    `${k.calls}`,
    k.ms.toFixed(2),
    share(k.ms),
    k.flops > 0 ? k.gflops.toFixed(2) : '-'
  ])
  if (heavy.length === 0) return columns(lines)
  return `${columns(lines)}\n\n${columns([['kernel', 'backend', 'calls', 'ms', 'share', 'GFLOP/s'], ...heavy])}`
}

/** Lines of words under each other: the first two columns at the left, numbers at the right. */
function columns(lines: readonly (readonly string[])[]): string {
  const widths = lines[0].map((_, i) => Math.max(...lines.map(line => line[i].length)))
  return lines
    .map(line =>
      line
        .map((word, i) => (i < 2 ? word.padEnd(widths[i]) : word.padStart(widths[i])))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}
