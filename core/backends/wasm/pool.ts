import { arena, type Block } from '../../arena.js'
import { checkNumbers } from '../../options.js'
import type { Data } from '../plain/data.js'
import { inBuild } from './builds.js'
import { member } from './member.js'
import { ARENA, behind, Call, type Common, common, type Home, inCommon, MemoryExhausted, wasm } from './module.js'
import { platform, type Worker } from './platform.js'

/**
 * Threads for the kernels: workers that share one memory, started on first use, and called synchronously. How work is cut
 * into parts follows from shapes alone, so results are the same bits for any number of threads.
 *
 * The caller takes parts like everybody else, and waits only for parts that others hold. If one does not come back (its
 * worker died inside of a kernel), the whole team is terminated, and the caller begins again, alone. A straggler stops at
 * its next loop; until then it may write only what the result needs anyway, or into room that is not used again.
 */

/** Most threads by default, and at all. */
const USUAL = 8
const MOST = 64

/** Parts of a job at most, and arguments of all of them: see member.ts. */
export const MOST_PARTS = 64
const RUN = 64
const ARGUMENTS = 128
const WORDS = ARGUMENTS + MOST_PARTS * 16

/** Products (multiplications) from which a second thread pays, and of a part at least. Tests lower them. */
export const sizes = { pays: 1 << 22, part: 1 << 18 }

/** Milliseconds that the caller waits for a part after all others are done, plus ten times as long as those took. */
const PATIENCE = 1000

/** Teams that may be given up before threads are no longer tried. */
const TRIALS = 3

interface Team {
  readonly home: Common
  readonly names: readonly string[]
  readonly control: Int32Array
  readonly me: ReturnType<typeof member>
  readonly workers: Worker[]
}

let wanted: number | undefined
let trials = TRIALS
let team: Team | undefined

/**
 * How many threads heavy kernels run on: what was set, or the number of cores, at most 8. One where there is no shared
 * memory (in a browser, a page that is not cross-origin isolated), where waiting is forbidden (the main thread of a
 * page), and by default in worker threads, whose program has spread its work over the cores already.
 */
export function threads(): number {
  if (trials === 0 || wasm().kernels === undefined) return 1
  const { start, cores } = platform()
  return start === undefined || !common()?.shared ? 1 : (wanted ?? Math.min(USUAL, cores))
}

/**
 * Heavy kernels run on n threads from now on, as far as the platform has them (and 64 at most); without n, on as many
 * as by default. The number changes the time only, never a bit of a result. Throws OptionError for what is no whole number
 * from 1 on.
 */
export function setThreads(n?: number): void {
  want('setThreads', n)
  trials = TRIALS
}

function want(asked: string, n: number | undefined): void {
  if (n !== undefined) checkNumbers(asked, 'count', { threads: n })
  wanted = n === undefined ? undefined : Math.min(n, MOST)
}

/** Runs f with the heavy kernels on n threads, then sets back what was set before. f is synchronous. */
export function withThreads<T>(n: number, f: () => T): T {
  const before = wanted
  want('withThreads', n)
  try {
    return f()
  } finally {
    wanted = before
  }
}

/** What a worker runs: instantiates the kernels, of all builds, on the shared memory, and serves. */
const PROGRAM = `(({ modules, memory, control, slot }) => {
  const kernels = modules.flatMap(module => Object.values(new WebAssembly.Instance(module, { env: { memory } }).exports))
  ;(${member})(kernels, control, slot).serve()
})`

/** A team of n threads, the caller among them; none where workers are not permitted after all. */
function teamOf(n: number): Team | undefined {
  try {
    return grown(n)
  } catch {
    trials = 0
    return undefined
  }
}

function grown(n: number): Team {
  team ??= newTeam()
  const { control, workers } = team
  const { modules, memory } = team.home
  while (workers.length < n - 1)
    workers.push(platform().start!(PROGRAM, { modules, memory, control, slot: workers.length + 1 }))
  return team
}

function newTeam(): Team {
  const home = common()!
  const control = new Int32Array(new SharedArrayBuffer(4 * WORDS))
  const me = member(home.all, control, 0)
  return { home, names: Object.keys(home.kernels), control, me, workers: [] }
}

/** The team at work, for tests: parts that each thread has run, its workers, and its control words. */
export const inspectTeam = () =>
  team && { run: [...team.control.subarray(RUN, RUN + 1 + team.workers.length)], ...team, trials }

/** A worker did not bring its part back. */
class TeamLost extends Error {}

/** The workers go; the next job of many parts has a new team. */
export function endTeam(): void {
  for (const worker of team?.workers ?? []) worker.terminate()
  team = undefined
}

function giveUp(): never {
  endTeam()
  trials--
  throw new TeamLost()
}

/** Where the room of calls in the common memory begins. */
let floor = 0

/**
 * A call whose kernels run in parts, in turn or on the threads of a team, on the memory of one thread or on the common
 * one, whose tensors it uses where they are.
 */
export class TeamCall extends Call {
  readonly #blocks: Block[] = []
  readonly #common: boolean

  constructor(
    home: Home,
    readonly threads = 1,
    private readonly team?: Team
  ) {
    super(home)
    this.#common = home === common()
    if (this.#common) this.top = Math.max(this.top, floor)
    // Whoever sleeps wakes up while the operands are being copied.
    if (team) Atomics.notify(team.control, 0)
  }

  override has(x: Data): boolean {
    return this.#common && inCommon(x)
  }

  /** In the common memory: below the arena, or else a block of it. */
  override reserve(n: number): number {
    if (!this.#common) return super.reserve(n)
    const at = this.top
    if (behind(at, n) <= ARENA) {
      this.top = behind(at, n)
      return at
    }
    const block = arena()?.take(n)
    if (!block) throw new MemoryExhausted(`${n} bytes more of WebAssembly memory`)
    this.#blocks.push(block)
    return arena()!.address(block)
  }

  /** Its room below the arena is not used again: a straggler may still write there. */
  abandon(): void {
    floor = Math.max(floor, this.top)
  }

  /** Gives its room back. */
  end(): void {
    for (const block of this.#blocks) arena()!.give(block)
  }

  /** n bytes of zeros. */
  zero(at: number, n: number): void {
    this.home.kernels.zero(at, n)
  }

  /** The address of n bytes for each thread, which follow each other. */
  rooms(n: number): Rooms {
    const step = Math.ceil(n / 64) * 64 + 64
    return { at: this.reserve(this.threads * step), step, count: this.threads }
  }

  /**
   * Runs the kernel once for each row of arguments (all of one length, at most 64 rows of at most 15), with the address
   * of the thread's room as last argument.
   */
  run(name: string, parts: readonly (readonly number[])[], rooms: Rooms): void {
    if (this.team && parts.length > 1) dispatch(this.team, name, parts, rooms)
    else for (const part of parts) this.home.kernels[name](...part, rooms.at)
  }
}

/** Room for each thread: where the first is, and how far apart they are. */
export interface Rooms {
  readonly at: number
  readonly step: number
  readonly count: number
}

function dispatch({ names, control, me }: Team, name: string, parts: readonly (readonly number[])[], r: Rooms): void {
  const begun = performance.now()
  const count = parts.length
  control.set([inBuild(names.indexOf(name), names.length), count, parts[0].length, r.at, r.step, r.count], 48)
  let at = ARGUMENTS
  for (const part of parts) for (const argument of part) control[at++] = argument
  Atomics.store(control, 16, 0)
  Atomics.store(control, 32, 0)
  Atomics.store(control, 0, (((control[0] >> 12) + 1) << 12) | count)
  Atomics.notify(control, 0)
  while (me.takePart());
  const mine = performance.now()
  const until = mine + PATIENCE + 10 * (mine - begun)
  for (let spin = 0; ; spin++) {
    const done = Atomics.load(control, 16)
    if (done === count) break
    if (spin < 10_000) continue
    if (performance.now() > until) giveUp()
    Atomics.wait(control, 16, done, 10)
  }
  if (Atomics.load(control, 32)) giveUp()
}

/**
 * Runs a kernel of so many products on a team, or alone where that is faster. f may run twice, so it must write its result
 * only at the end, or all of it. Where one of the operands lies in the common memory, the call works there.
 */
export function inTeam(products: number, operands: readonly Data[], f: (call: TeamCall) => void): void {
  const n = products < sizes.pays ? 1 : threads()
  const team = n > 1 && teamOf(n)
  if (team)
    try {
      attempt(new TeamCall(team.home, n, team), f)
      return
    } catch (error) {
      if (!(error instanceof TeamLost || error instanceof MemoryExhausted)) throw error
    }
  attempt(new TeamCall(operands.some(inCommon) ? common()! : (wasm() as Home)), f)
}

function attempt(call: TeamCall, f: (call: TeamCall) => void): void {
  try {
    f(call)
  } catch (error) {
    // The room of a lost team is not used again: see above.
    if (error instanceof TeamLost) call.abandon()
    else call.end()
    throw error
  }
  call.end()
}
