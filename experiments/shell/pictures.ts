import { join } from 'node:path'
import type { Figure } from './figure.js'
import { writeAtomically } from './folder.js'

/** A figure as a page shows it. */
export interface DrawnFigure {
  name: string
  title: string
  caption?: string
  svg: string
}

/** Draws figures into a folder, each as SVG and, unless asked not to, as PNG. */
export async function drawFigures(folder: string, figures: Figure[], options = { png: true }): Promise<DrawnFigure[]> {
  // Imported only here: the plotting libraries take half a second to load.
  const { figureToSvg, svgToPng } = await import('./plots/render.js')
  const drawn: DrawnFigure[] = []
  for (const figure of figures) {
    const svg = await figureToSvg(figure)
    writeAtomically(join(folder, `${figure.name}.svg`), svg)
    if (options.png) writeAtomically(join(folder, `${figure.name}.png`), svgToPng(svg))
    drawn.push({ name: figure.name, title: figure.title, caption: figure.caption, svg })
  }
  return drawn
}
