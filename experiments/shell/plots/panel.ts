import { contours as d3contours } from 'd3-contour'
import type { Data, Mark, Scale, Axis as VegaAxis } from 'vega'
import type { Axis, Band, Contours, Numbers, Panel, Series } from '../figure.js'
import { arrowMarks, type ToPixels } from './arrows.js'
import { type Entry, markerArea, markerPaint, text } from './legend.js'
import { fixed, size } from './theme.js'
import { domainOf, linearTicks, logTicks, type Ticks } from './ticks.js'

/** One panel as a group: grid, contours, bands, single seeds, lines, arrows, markers, labelled points, in this order. */
export function panelGroup(
  panel: Panel,
  entries: Map<string, Entry>,
  left: number,
  width: number,
  height: number
): Mark {
  const x = resolve(panel.x, horizontal(panel), Math.round(width / 70))
  const y = resolve(panel.y, vertical(panel), Math.round(height / 50))
  const data: Data[] = []
  const inside: Mark[] = []
  const layer = (values: object[], mark: Omit<Mark, 'from'>) => {
    const name = `layer${data.length}`
    data.push({ name, values })
    inside.push({ ...mark, from: { data: name }, clip: true } as Mark)
  }
  for (const line of panel.contours ? contourLines(panel.contours) : []) layer(line, lineMark('#bbbbbb', 1, []))
  for (const band of panel.bands ?? []) layer(bandRows(band, y.log), bandMark(entries.get(band.name)!.style.color))
  for (const s of panel.series) {
    const { color } = entries.get(s.name)!.style
    for (const run of s.faint ?? []) layer(rows(s.x, run, x, y), lineMark(color, 1, [], 0.35))
  }
  for (const s of panel.series) {
    const { color, dash } = entries.get(s.name)!.style
    if (s.line !== false) layer(rows(s.x, s.y, x, y), lineMark(color, 2.5, dash))
  }
  for (const a of panel.arrows ?? []) {
    const { color, dash } = entries.get(a.name)!.style
    const marks = arrowMarks(a, color, dash, pixels(x, 0, width), pixels(y, height, 0))
    inside.push(...marks.map(mark => ({ ...mark, clip: true }) as Mark))
  }
  panel.series.forEach((s, i) => {
    const { color, marker } = entries.get(s.name)!.style
    if (marker === 'none' || s.markers === 'none') return
    // The renderer of the PNG gives up on a clipped layer of which nothing is inside.
    const points = rows(s.x, s.y, x, y).filter(row => row.ok && within(row.x, x) && within(row.y, y))
    if (points.length === 0) return
    // In a crowd white rims would hide the neighbours.
    const look =
      s.line === false && points.length > 100
        ? { size: 16, fill: color }
        : { size: markerArea(marker), ...markerPaint(color) }
    layer(s.line === false ? points : thin(points, s.markers, i / panel.series.length), {
      type: 'symbol',
      encode: { enter: { ...at, ...(fixed({ shape: marker, ...look }) as object) } }
    })
  })
  for (const point of panel.points ?? []) {
    layer([point], {
      type: 'symbol',
      encode: { enter: { ...at, ...(fixed({ shape: 'cross', size: 90, fill: '#222222' }) as object) } }
    })
    const look = { text: point.label, lineBreak: '\n', fontSize: size.tick, ...placements[point.place ?? 'above'] }
    // Twice: first a white rim, so that the label can be read on top of lines.
    for (const rim of [{ stroke: '#ffffff', strokeWidth: 4 }, {}]) {
      layer([point], { type: 'text', encode: { enter: { ...at, ...(fixed({ ...look, ...rim }) as object) } } })
    }
  }
  const heading = panel.title ? [text(panel.title, width / 2, -10, { align: 'center', fontSize: size.panel })] : []
  return {
    type: 'group',
    encode: { enter: fixed({ x: left, y: 0, width, height, stroke: '#333333' }) },
    // The group's own, or grid and scales would take the whole figure's.
    signals: [
      { name: 'width', value: width },
      { name: 'height', value: height }
    ],
    data,
    scales: [scale('x', x, 'width'), scale('y', y, 'height')],
    axes: [...axes('bottom', 'x', panel.x, x.ticks), ...axes('left', 'y', panel.y, y.ticks)],
    marks: [...inside, ...heading]
  } as Mark
}

const placements = {
  above: { dx: 9, dy: -8, align: 'left', baseline: 'alphabetic' },
  below: { dx: 9, dy: 8, align: 'left', baseline: 'top' },
  left: { dx: -10, dy: 0, align: 'right', baseline: 'middle' },
  right: { dx: 10, dy: 0, align: 'left', baseline: 'middle' }
}

const at = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } }

function* horizontal({ series, bands = [], arrows = [], points = [] }: Panel): Iterable<number> {
  for (const s of [...series, ...bands, ...arrows]) yield* Array.from(s.x)
  for (const point of points) yield point.x
}

function* vertical({ series, bands = [], arrows = [], points = [] }: Panel): Iterable<number> {
  for (const s of series) for (const y of [s.y, ...(s.faint ?? [])]) yield* Array.from(y)
  for (const a of arrows) yield* Array.from(a.y)
  for (const b of bands) for (const y of [b.low, b.high]) yield* Array.from(y)
  for (const point of points) yield point.y
}

interface Resolved {
  log: boolean
  domain: [number, number]
  ticks: Ticks
}

function resolve(axis: Axis, values: Iterable<number>, wanted: number): Resolved {
  const log = axis.scale === 'log'
  const domain = axis.domain ?? domainOf(values, log)
  return { log, domain, ticks: log ? logTicks(...domain, wanted) : linearTicks(...domain, wanted) }
}

const scale = (name: string, { log, domain }: Resolved, range: 'width' | 'height') =>
  ({
    name,
    type: log ? 'log' : 'linear',
    domain,
    range: range === 'width' ? [0, { signal: 'width' }] : [{ signal: 'height' }, 0],
    zero: false,
    nice: false
  }) as unknown as Scale

/** From data to pixels, as the scale of the library does it. */
function pixels({ log, domain }: Resolved, from: number, to: number): ToPixels {
  const along = log ? Math.log : (v: number) => v
  const [low, high] = domain.map(along)
  return v => from + ((along(v) - low) / (high - low)) * (to - from)
}

/** Two axes on top of each other: labelled ticks with the grid, and short ticks between. */
function axes(orient: 'bottom' | 'left', name: string, axis: Axis, { major, minor }: Ticks): VegaAxis[] {
  const labels = Object.fromEntries(major.map(({ value, label }) => [value, label]))
  const labelled: VegaAxis = {
    orient,
    scale: name,
    title: axis.label,
    values: major.map(({ value }) => value),
    grid: true,
    zindex: 0,
    tickSize: 6,
    encode: { labels: { update: { text: { signal: `${JSON.stringify(labels)}[datum.value]` } } } }
  }
  if (!minor.length) return [labelled]
  return [{ orient, scale: name, values: minor, labels: false, domain: false, tickSize: 3 }, labelled]
}

interface Row {
  x: number
  y: number
  ok: boolean
}

const rows = (xs: Numbers, ys: Numbers, x: Resolved, y: Resolved): Row[] =>
  Array.from(xs, (v, i) => ({ x: held(v, x), y: held(ys[i], y), ok: fits(v, x.log) && fits(ys[i], y.log) }))

const within = (v: number, { domain: [low, high] }: Resolved) => v >= low && v <= high

/** Far outside the frame, where nobody sees it: at a distance that the renderer can compute with. */
function held(v: number, { log, domain: [low, high] }: Resolved): number {
  if (log) return v <= 0 ? v : Math.min(high ** 10 / low ** 9, Math.max(low ** 10 / high ** 9, v))
  const room = 10 * (high - low)
  return Math.min(high + room, Math.max(low - room, v))
}

const fits = (v: number | null, log: boolean) => v !== null && Number.isFinite(v) && (!log || v > 0)

/** About a dozen markers per line, each series starting elsewhere, so that they do not lie on top of each other. */
function thin(points: Row[], markers: Series['markers'] = 'some', shift: number): Row[] {
  if (markers === 'all' || points.length <= 24) return points
  const every = points.length / 10
  const chosen = Array.from({ length: 10 }, (_, k) => Math.min(points.length - 1, Math.round((k + shift) * every)))
  return chosen.map(index => points[index])
}

const lineMark = (color: string, width: number, dash: number[], opacity = 1): Mark => ({
  type: 'line',
  encode: {
    enter: {
      ...at,
      defined: { field: 'ok' },
      ...(fixed({
        stroke: color,
        strokeWidth: width,
        strokeDash: dash,
        strokeOpacity: opacity,
        strokeJoin: 'round'
      }) as object)
    }
  }
})

const bandMark = (color: string): Mark => ({
  type: 'area',
  encode: {
    enter: {
      ...at,
      y2: { scale: 'y', field: 'y2' },
      defined: { field: 'ok' },
      ...(fixed({ fill: color, fillOpacity: 0.22 }) as object)
    }
  }
})

const bandRows = ({ x, low, high }: Band, log: boolean) =>
  Array.from(x, (at, i) => ({ x: at, y: low[i], y2: high[i], ok: fits(low[i], log) && fits(high[i], log) }))

/** Level lines; the library closes its polygons along the border of the grid, and those stretches are left out. */
function contourLines({ x, y, width, height, values, levels }: Contours): Row[][] {
  const lines: Row[][] = []
  const shapes = d3contours().size([width, height]).thresholds(levels)(Array.from(values))
  const border = (v: number, n: number) => v < 0.5 || v > n - 0.5
  for (const shape of shapes) {
    for (const ring of shape.coordinates.flat()) {
      lines.push(
        ring.map(([i, j]) => ({
          x: x[0] + ((i - 0.5) / (width - 1)) * (x[1] - x[0]),
          y: y[0] + ((j - 0.5) / (height - 1)) * (y[1] - y[0]),
          ok: !border(i, width) && !border(j, height)
        }))
      )
    }
  }
  return lines
}
