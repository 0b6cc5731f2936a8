import type { Mark } from 'vega'
import type { Figure, Panel, Series, Style } from '../figure.js'
import { styleOf } from '../styles.js'
import { arrowSymbol } from './arrows.js'
import { textWidth, wrapText } from './text.js'
import { fixed, ink, size } from './theme.js'

export interface Entry {
  name: string
  style: Style
  kind: 'line' | 'points' | 'band' | 'arrows'
}

/** One entry per name over all panels, in order of appearance, with the style that every panel then uses. */
export function collectEntries(panels: Pick<Panel, 'series' | 'bands' | 'arrows'>[]): Map<string, Entry> {
  const entries = new Map<string, Entry>()
  const add = (name: string, style: Series['style'], kind: Entry['kind'], plain: boolean) => {
    if (entries.has(name)) return
    const found = styleOf(name, style, entries.size)
    entries.set(name, { name, kind, style: plain ? { ...found, marker: 'none' } : found })
  }
  for (const { series } of panels) {
    for (const s of series) add(s.name, s.style, s.line === false ? 'points' : 'line', s.markers === 'none')
  }
  for (const { arrows = [] } of panels) for (const a of arrows) add(a.name, a.style, 'arrows', true)
  for (const { bands = [] } of panels) for (const b of bands) add(b.name, b.style, 'band', true)
  return entries
}

const symbolWidth = 38
const rowHeight = 24

/**
 * The legend above the panels, laid out in rows from left to right: drawn here rather than by the library, because a
 * line, its dash and its marker belong in one symbol. Returns the marks (at y from 0 down) and their height.
 */
export function legend(entries: Iterable<Entry>, width: number): { marks: Mark[]; height: number } {
  const marks: Mark[] = []
  let x = 0
  let y = 0
  for (const { name, style, kind } of entries) {
    const needed = symbolWidth + 8 + textWidth(name, size.label)
    if (x > 0 && x + needed > width) {
      x = 0
      y += rowHeight
    }
    const middle = y + rowHeight / 2
    if (kind === 'band') marks.push(swatch(x, middle, style))
    if (kind === 'line') marks.push(stroke(x, middle, style))
    if (kind === 'arrows') marks.push(...arrowSymbol(x, middle, symbolWidth, style.color, style.dash))
    if ((kind === 'line' || kind === 'points') && style.marker !== 'none')
      marks.push(symbol(x + symbolWidth / 2, middle, style))
    marks.push(text(name, x + symbolWidth + 8, middle, { baseline: 'middle' }))
    x += needed + 26
  }
  return { marks, height: marks.length ? y + rowHeight : 0 }
}

const stroke = (x: number, y: number, { color, dash }: Style): Mark => ({
  type: 'rule',
  encode: { enter: fixed({ x, y, x2: x + symbolWidth, stroke: color, strokeDash: dash, strokeWidth: 2.5 }) }
})

const swatch = (x: number, y: number, { color }: Style): Mark => ({
  type: 'rect',
  encode: { enter: fixed({ x, y: y - 7, width: symbolWidth, height: 14, fill: color, fillOpacity: 0.22 }) }
})

const symbol = (x: number, y: number, { color, marker }: Style): Mark => ({
  type: 'symbol',
  encode: { enter: fixed({ x, y, shape: marker, size: markerArea(marker), ...markerPaint(color) }) }
})

/** Triangles look smaller than squares of the same area. */
export const markerArea = (marker: Style['marker']): number => (marker.startsWith('triangle') ? 90 : 72)
export const markerPaint = (color: string) => ({ fill: color, stroke: '#ffffff', strokeWidth: 1 })

export const text = (content: string, x: number, y: number, more: Record<string, unknown> = {}): Mark => ({
  type: 'text',
  encode: { enter: fixed({ x, y, text: content, fontSize: size.label, fill: ink, ...more }) }
})

/** The figure's title, wrapped to its width, ending at y = 0; returns the height it takes. */
export function title(figure: Figure, width: number, bottom: number): { marks: Mark[]; height: number } {
  const lines = wrapText(figure.title, width, size.title, 'bold')
  const step = size.title * 1.3
  const marks = lines.map((line, i) =>
    text(line, 0, bottom - (lines.length - 1 - i) * step, { fontSize: size.title, fontWeight: 'bold' })
  )
  return { marks, height: lines.length * step }
}
