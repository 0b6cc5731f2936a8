import type { Mark, Spec } from 'vega'
import type { Field, ImagesFigure } from '../figure.js'
import { text, title } from './legend.js'
import { dataUrl, fieldToPng } from './png.js'
import { fixed, frame, size } from './theme.js'
import { linearTicks } from './ticks.js'

const gap = 12

/** Rows of images on one colour scale, column titles above, row labels at the left, one colour bar at the right. */
export function imagesSpec(figure: ImagesFigure): Spec {
  const { rows, columns, colors = 'inferno' } = figure
  const across = Math.max(columns.length, ...rows.map(row => row.fields.length), 1)
  const side = Math.max(110, Math.min(200, Math.floor(720 / across)))
  const width = across * side + (across - 1) * gap
  const height = Math.max(1, rows.length) * side + (rows.length - 1) * gap
  const domain = figure.domain ?? range(rows.flatMap(row => row.fields))
  const images = rows.flatMap(({ fields, label }, i) => [
    ...fields.map((field, j) => image(field, domain, colors, j * (side + gap), i * (side + gap), side)),
    ...(label ? [rowLabel(label, i * (side + gap) + side / 2)] : [])
  ])
  const titles = columns.map((column, j) =>
    text(column, j * (side + gap) + side / 2, -9, { align: 'center', fontSize: size.panel })
  )
  return frame({
    width,
    height,
    marks: [...title(figure, width + 70, -40).marks, ...titles, ...images, colorBar(figure, domain, width + 22, height)]
  })
}

function range(fields: Field[]): [number, number] {
  let [low, high] = [Infinity, -Infinity]
  for (const { values } of fields) {
    for (let i = 0; i < values.length; i++) {
      if (values[i] < low) low = values[i]
      if (values[i] > high) high = values[i]
    }
  }
  if (low > high) return [0, 1]
  return low === high ? [low - 0.5, high + 0.5] : [low, high]
}

/** As many pixels per cell as the picture has at two pixels per unit, at least one. */
function image(
  field: Field,
  domain: [number, number],
  colors: 'viridis' | 'inferno' | 'magma' | 'cividis',
  x: number,
  y: number,
  side: number
): Mark {
  const zoom = Math.max(1, Math.ceil((2 * side) / Math.max(field.width, field.height)))
  const [w, h] =
    field.width >= field.height
      ? [side, (side * field.height) / field.width]
      : [(side * field.width) / field.height, side]
  const url = dataUrl(fieldToPng(field, domain, colors, zoom))
  const place = { x: x + (side - w) / 2, y: y + (side - h) / 2, width: w, height: h }
  return {
    type: 'group',
    marks: [
      { type: 'image', encode: { enter: fixed({ ...place, url, aspect: false, smooth: false }) } },
      { type: 'rect', encode: { enter: fixed({ ...place, stroke: '#333333', strokeWidth: 1 }) } }
    ]
  }
}

const rowLabel = (label: string, y: number): Mark =>
  text(label, -10, y, { align: 'center', angle: -90, fontSize: size.panel, baseline: 'alphabetic' })

function colorBar(
  { label, colors = 'inferno' }: ImagesFigure,
  domain: [number, number],
  x: number,
  full: number
): Mark {
  const height = Math.min(full, 420)
  const steps = Array.from({ length: 256 }, (_, i) => 1 - i / 255)
  const url = dataUrl(fieldToPng({ name: 'bar', width: 1, height: 256, values: steps }, [0, 1], colors, 1))
  const ticks = linearTicks(...domain, Math.max(3, Math.round(height / 60)))
  const labels = Object.fromEntries(ticks.major.map(tick => [tick.value, tick.label]))
  return {
    type: 'group',
    encode: { enter: fixed({ x, y: (full - height) / 2, width: 18, height }) },
    scales: [{ name: 'value', type: 'linear', domain, range: [height, 0], zero: false, nice: false }],
    axes: [
      {
        orient: 'right',
        scale: 'value',
        title: label,
        values: ticks.major.map(tick => tick.value),
        grid: false,
        encode: { labels: { update: { text: { signal: `${JSON.stringify(labels)}[datum.value]` } } } }
      }
    ],
    marks: [
      { type: 'image', encode: { enter: fixed({ x: 0, y: 0, width: 18, height, url, aspect: false }) } },
      { type: 'rect', encode: { enter: fixed({ x: 0, y: 0, width: 18, height, stroke: '#333333' }) } }
    ]
  }
}
