import { checkNumbers } from '../core/options.js'

/** φ(t) = L(θ - t d) with its slope, asked for when needed. */
export interface LinePoint {
  readonly t: number
  readonly value: number
  slope(): number
}

/** A line downhill: φ(0), and φ elsewhere. */
export interface Line {
  readonly start: LinePoint
  at(t: number): LinePoint
}

export interface Found {
  /** 0 where nothing lower was found. */
  readonly t: number
  /** How often φ was asked for. */
  readonly evaluations: number
  readonly status: 'ok' | 'max iterations' | 'no descent'
}

/** How far to go along a direction; the first trial is t = 1, the method's own length. */
export interface Search {
  readonly name: string
  find(line: Line): Found
}

/**
 * Backtracking until Armijo's condition holds, φ(t) ≤ φ(0) + c1 t φ'(0): some fixed part of the fall that the slope
 * promises (Nocedal & Wright 2006, algorithm 3.1). The next trial is the minimum of the parabola through φ(0), φ'(0) and
 * φ(t), held to [t/10, t/2]; half where φ(t) is not finite.
 */
export function backtracking({
  c1 = 1e-4,
  maxEvaluations = 30
}: {
  c1?: number
  maxEvaluations?: number
} = {}): Search {
  checkNumbers('backtracking', 'fraction', { c1 })
  checkNumbers('backtracking', 'count', { maxEvaluations })
  return {
    name: 'backtracking',
    find({ start, at }) {
      const slope = start.slope()
      let t = 1
      for (let evaluations = 1; evaluations <= maxEvaluations; evaluations++) {
        const { value } = at(t)
        if (value <= start.value + c1 * t * slope) return { t, evaluations, status: 'ok' }
        const parabola = (-slope * t * t) / (2 * (value - start.value - slope * t))
        t = Number.isFinite(parabola) ? Math.min(t / 2, Math.max(t / 10, parabola)) : t / 2
      }
      return { t: 0, evaluations: maxEvaluations, status: 'no descent' }
    }
  }
}

/**
 * The strong Wolfe conditions: φ(t) ≤ φ(0) + c1 t φ'(0), and |φ'(t)| ≤ c2 |φ'(0)|. The second one makes sᵀy > 0, on which
 * quasi-Newton updates rest. Nocedal & Wright 2006, algorithms 3.5 (a bracket grows until it holds such a point) and 3.6
 * (the bracket shrinks), with the cubic through two values and two slopes (eq. 3.59) kept off the bracket's ends.
 */
export function strongWolfe({
  c1 = 1e-4,
  c2 = 0.9,
  maxEvaluations = 40
}: {
  c1?: number
  c2?: number
  maxEvaluations?: number
} = {}): Search {
  checkNumbers('strongWolfe', 'fraction', { c1, c2 })
  checkNumbers('strongWolfe', 'count', { maxEvaluations })
  return {
    name: 'strongWolfe',
    find(line) {
      const { start } = line
      const slope0 = start.slope()
      let evaluations = 0
      const at = (t: number) => {
        evaluations++
        return line.at(t)
      }
      const high = (p: LinePoint) => !(p.value <= start.value + c1 * p.t * slope0)
      const flat = (p: LinePoint) => Math.abs(p.slope()) <= -c2 * slope0
      const end = (p: LinePoint, status: Found['status'] = 'ok'): Found => ({ t: p.t, evaluations, status })

      const shrink = (low: LinePoint, far: LinePoint): Found => {
        while (evaluations < maxEvaluations) {
          const p = at(between(low, far))
          if (high(p) || p.value >= low.value) far = p
          else {
            if (flat(p)) return end(p)
            if (p.slope() * (far.t - low.t) >= 0) far = low
            low = p
          }
          // No number is left between them: as low as rounding lets one see.
          if (Math.abs(far.t - low.t) <= 1e-15 * Math.max(far.t, low.t)) break
        }
        return low.t > 0 ? end(low, 'max iterations') : end(low, 'no descent')
      }

      let before = start
      for (let t = 1; evaluations < maxEvaluations; ) {
        const p = at(t)
        if (high(p) || (before.t > 0 && p.value >= before.value)) return shrink(before, p)
        if (flat(p)) return end(p)
        if (p.slope() >= 0) return shrink(p, before)
        before = p
        t = 2 * p.t
      }
      return end(before, before.t > 0 ? 'max iterations' : 'no descent')
    }
  }
}

/** The minimum of the cubic through both points, a tenth of the bracket away from its ends; the middle where it has none. */
function between(a: LinePoint, b: LinePoint): number {
  const width = b.t - a.t
  const middle = a.t + width / 2
  if (!Number.isFinite(a.value) || !Number.isFinite(b.value)) return a.t + width / 10
  const [sa, sb] = [a.slope(), b.slope()]
  const d1 = sa + sb - (3 * (a.value - b.value)) / (a.t - b.t)
  const root = d1 * d1 - sa * sb
  if (!(root >= 0)) return middle
  const d2 = Math.sign(width) * Math.sqrt(root)
  const t = b.t - (width * (sb + d2 - d1)) / (sb - sa + 2 * d2)
  const inside = Math.abs(t - a.t) > 0.1 * Math.abs(width) && Math.abs(t - b.t) > 0.1 * Math.abs(width)
  return inside && (t - a.t) / width > 0 && (t - a.t) / width < 1 ? t : middle
}
