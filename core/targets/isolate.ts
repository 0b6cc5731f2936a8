import { ConvergenceError, InverseError, NonFiniteError, PhysgradError } from '../errors.js'

/** What came of a run over samples of which some may fail. */
export interface Isolated<T> {
  readonly value: T
  /** The samples that were left as they were, because their new values make the run throw. */
  readonly lost: readonly boolean[]
  /** What the first of them threw. */
  readonly reason?: string
}

/**
 * Runs something over a batch whose samples are apart, and where it throws finds the samples that are to blame: those
 * whose `changed` values throw while all others keep their current ones. The rest runs without them, and gets every bit
 * that it would get anyway. By halves: g bad samples of B cost about 2 g log₂ B runs, and none where nothing throws.
 *
 * Throws only where it throws with every sample as it was.
 */
export function isolate<T>(B: number, run: (changed: readonly boolean[]) => T): Isolated<T> {
  const all = new Array<boolean>(B).fill(true)
  let reason: string | undefined
  const attempt = (changed: readonly boolean[]): { value: T } | undefined => {
    try {
      return { value: run(changed) }
    } catch (e) {
      if (!ofValues(e)) throw e
      reason ??= (e as Error).message
      return undefined
    }
  }
  const first = attempt(all)
  if (first) return { value: first.value, lost: all.map(() => false) }
  const lost = all.map(() => false)
  const search = (from: number, to: number): void => {
    if (to - from === 1) {
      lost[from] = true
      return
    }
    const middle = (from + to) >> 1
    for (const [p, q] of [
      [from, middle],
      [middle, to]
    ])
      if (!attempt(all.map((_, b) => b >= p && b < q))) search(p, q)
  }
  if (B > 0) search(0, B)
  // Where no half throws by itself the samples are not apart after all: then all of them stay.
  const rest = lost.some(Boolean) ? attempt(lost.map(l => !l)) : undefined
  if (rest) return { value: rest.value, lost, reason }
  return { value: run(all.map(() => false)), lost: all, reason }
}

/** An error about the numbers of a call, such as a singular matrix; all others are mistakes in a program, and are thrown on. */
export function ofValues(e: unknown): boolean {
  if (e instanceof PhysgradError)
    return e instanceof InverseError || e instanceof NonFiniteError || e instanceof ConvergenceError
  return e instanceof Error && !(e instanceof TypeError || e instanceof ReferenceError || e instanceof SyntaxError)
}
