import * as vega from 'vega'
import type { Figure } from '../figure.js'
import { graphToSvg } from './graph.js'
import { imagesSpec } from './images.js'
import { plotSpec } from './plot.js'
import { svgToPng } from './png.js'
import { teachVegaTextWidths } from './text.js'

export { svgToPng }

/** A figure as SVG, without a browser. The heavy libraries hang on this module: import it only to draw. */
export async function figureToSvg(figure: Figure): Promise<string> {
  if (figure.kind === 'graph') return graphToSvg(figure)
  teachVegaTextWidths()
  const spec = figure.kind === 'plot' ? plotSpec(figure) : imagesSpec(figure)
  const view = new vega.View(vega.parse(spec), { renderer: 'none', logLevel: vega.Error })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
