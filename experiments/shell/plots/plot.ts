import type { Spec } from 'vega'
import type { PlotFigure } from '../figure.js'
import { collectEntries, legend, title } from './legend.js'
import { panelGroup } from './panel.js'
import { frame } from './theme.js'

/** From the number of panels: their width and height, and the room between them for axis labels. */
const layouts: Record<number, { width: number; height: number; gap: number }> = {
  1: { width: 600, height: 360, gap: 0 },
  2: { width: 380, height: 340, gap: 100 },
  3: { width: 320, height: 300, gap: 95 }
}

/** Panels side by side; above them, from the top, the title, one legend, the panels' own titles. */
export function plotSpec(figure: PlotFigure): Spec {
  const { panels } = figure
  const { width, height, gap } = layouts[panels.length] ?? layouts[3]
  const total = panels.length * width + (panels.length - 1) * gap
  const entries = collectEntries(panels)
  const key = legend(entries.values(), total)
  const keyTop = -(panels.some(p => p.title) ? 36 : 14) - key.height
  const heading = title(figure, total, keyTop - 16)
  return frame({
    width: total,
    height,
    marks: [
      ...heading.marks,
      { type: 'group', encode: { enter: { y: { value: keyTop } } }, marks: key.marks },
      ...panels.map((panel, i) => panelGroup(panel, entries, i * (width + gap), width, height))
    ]
  })
}
