import type { BlockProblem, Point } from './blockProblem.js'

/**
 * Backtracking, each sample with its own step length: halves until the mismatch of the sample falls. Returns the new
 * point (samples that found no such length stay where they are) and which samples moved. The mismatch of a sample that
 * moves falls strictly, so that no sequence of searches can cycle.
 */
export function backtrack(
  block: BlockProblem,
  from: Point,
  step: Float64Array,
  active: readonly boolean[],
  halvings = 20
): { point: Point; moved: boolean[] } {
  const { batch: B, P } = block
  const alpha = Float64Array.from(active, a => (a ? 1 : 0))
  for (let h = 0; ; h++) {
    const x = from.x.slice()
    for (let b = 0; b < B; b++) if (alpha[b] > 0) for (let i = b * P; i < (b + 1) * P; i++) x[i] += alpha[b] * step[i]
    const point = block.at(x)
    let ok = true
    for (let b = 0; b < B; b++)
      if (alpha[b] > 0 && !(point.mismatch[b] < from.mismatch[b])) {
        alpha[b] = h < halvings ? alpha[b] / 2 : 0
        ok = false
      }
    if (ok) return { point, moved: Array.from(alpha, a => a > 0) }
    point.tape.dispose()
  }
}
