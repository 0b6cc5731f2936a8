import type { Mark } from 'vega'
import type { Arrows } from '../figure.js'
import { fixed } from './theme.js'

/** Pixels: how long and how wide a head is at most, and from which length on an arrow is drawn. */
const head = { length: 8, width: 6.5, share: 0.45 }
const shortest = 0.75
/** Dashes of long curves would leave an arrow of 20 pixels without a shaft. */
const DASH_SCALE = 0.4

/** Data to pixels of a panel, along one axis. */
export type ToPixels = (value: number) => number

/** One field of arrows: all shafts as one path, all heads as another. Arrows stand in data units, heads in pixels. */
export function arrowMarks(
  { x, y, dx, dy }: Arrows,
  color: string,
  dash: number[],
  px: ToPixels,
  py: ToPixels
): Mark[] {
  const shafts: string[] = []
  const heads: string[] = []
  for (let i = 0; i < x.length; i++) {
    const [x0, y0, x1, y1] = [px(x[i]), py(y[i]), px(x[i] + dx[i]), py(y[i] + dy[i])]
    const length = Math.hypot(x1 - x0, y1 - y0)
    if (!Number.isFinite(length) || length < shortest) continue
    const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length]
    const long = Math.min(head.length, head.share * length)
    const half = (0.5 * head.width * long) / head.length
    const [bx, by] = [x1 - long * ux, y1 - long * uy]
    shafts.push(`M${point(x0, y0)}L${point(bx, by)}`)
    heads.push(`M${point(x1, y1)}L${point(bx - half * uy, by + half * ux)}L${point(bx + half * uy, by - half * ux)}Z`)
  }
  const stroke = { stroke: color, strokeWidth: 1.5, strokeDash: dash.map(d => d * DASH_SCALE) }
  return [
    path(shafts.join(''), stroke),
    path(heads.join(''), { fill: color, stroke: color, strokeWidth: 0.5, strokeJoin: 'round' })
  ]
}

/** In the legend: one arrow as long as the line of a curve. */
export const arrowSymbol = (x: number, y: number, length: number, color: string, dash: number[]): Mark[] =>
  arrowMarks(
    { name: '', x: [x], y: [y], dx: [length], dy: [0] },
    color,
    dash,
    v => v,
    v => v
  )

const point = (x: number, y: number) => `${x.toFixed(2)},${y.toFixed(2)}`
const path = (d: string, look: Record<string, unknown>): Mark =>
  ({ type: 'path', encode: { enter: fixed({ path: d, ...look }) } }) as Mark
