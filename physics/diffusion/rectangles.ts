import { OptionError } from '../../core/errors.js'
import { describe } from '../../core/options.js'
import { Random } from '../../core/random.js'
import { checkShape } from '../../core/shape.js'
import { Tensor } from '../../core/tensor.js'

/** Centre, half size (cells) and strength of a rectangle. */
export interface Rectangle {
  cx: number
  cy: number
  halfX: number
  halfY: number
  strength: number
}

/** Radius of the ball around a unit cell: the width over which an edge is softened. */
const CELL_RADIUS = Math.SQRT1_2
const MOST = 10
const FEWEST = 4

/**
 * Adds soft rectangles to a field [n, n] (first index x): Σ strength · clip(½ - d/r, 0, 1), d the signed distance of the
 * cell centre to the box in the maximum norm, r = √2/2.
 */
export function drawRectangles(n: number, rectangles: readonly Rectangle[]): Float64Array {
  checkShape([n, n], 'drawRectangles')
  if (!Array.isArray(rectangles))
    throw new OptionError('drawRectangles', `${describe(rectangles)} for its rectangles`, 'Give a list of rectangles')
  const u = new Float64Array(n * n)
  for (const { cx, cy, halfX, halfY, strength } of rectangles)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const d = Math.max(Math.abs(i + 0.5 - cx) - halfX, Math.abs(j + 0.5 - cy) - halfY)
        u[i * n + j] += strength * Math.min(1, Math.max(0, 0.5 - d / CELL_RADIUS))
      }
  return u
}

/**
 * A batch of initial temperatures [B, n, n]: 4 to 10 hot rectangles of random place, size and strength
 * (the heat notebook's `generate_heat_example`).
 */
export function randomRectangles(random: Random, batch: number, n: number): Tensor {
  if (!(random instanceof Random))
    throw new OptionError('randomRectangles', `${describe(random)} instead of a random stream`, 'Give random(seed)')
  checkShape([batch, n, n], 'randomRectangles')
  const data = new Float64Array(batch * n * n)
  for (let b = 0; b < batch; b++) {
    const count = FEWEST + Math.floor((MOST - FEWEST + 1) * random.next())
    const rectangles = Array.from({ length: MOST }, (_, i) => {
      const [px, py] = [centre(random, n), centre(random, n)]
      const [halfX, halfY] = [MOST * random.next(), MOST * random.next()]
      const strength = random.next() * (i < count ? 1 : 0)
      return { cx: clip(px, halfX, n - halfX), cy: clip(py, halfY, n - halfY), halfX, halfY, strength }
    })
    data.set(drawRectangles(n, rectangles), b * n * n)
  }
  return new Tensor([batch, n, n], data)
}

const centre = (random: Random, n: number): number => (random.next() - 0.5) * n * 0.8 + n / 2
const clip = (v: number, low: number, high: number): number => Math.min(high, Math.max(low, v))
