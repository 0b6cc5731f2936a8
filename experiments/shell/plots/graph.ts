import { instance } from '@viz-js/viz'
import type { GraphFigure } from '../figure.js'
import { fontFamily } from './text.js'
import { ink, size } from './theme.js'

/** Graphviz's pixels are points of an inch: 72 of them where a figure has 96. */
const points = (pixels: number) => (pixels * 72) / 96

const pixels = (points: string) => ((Number(points) * 96) / 72).toFixed(0)

/** A graph in the look of the other figures, laid out by Graphviz as WebAssembly. */
export async function graphToSvg({ dot, title }: GraphFigure): Promise<string> {
  const viz = await instance()
  const text = { fontname: 'DejaVu Sans', fontcolor: ink }
  const svg = viz.renderString(dot, {
    format: 'svg',
    graphAttributes: {
      ...text,
      label: { html: `<b>${html(title)}</b><br/> ` },
      labelloc: 't',
      labeljust: 'l',
      fontsize: points(size.title),
      pad: 0.2,
      bgcolor: '#ffffff'
    },
    nodeAttributes: { ...text, fontsize: points(size.label), height: 0.3, margin: '0.12,0.06' },
    edgeAttributes: { ...text, fontsize: points(size.tick) }
  })
  return svg
    .slice(svg.indexOf('<svg'))
    .replace(/width="([\d.]+)pt" height="([\d.]+)pt"/, (_all, w, h) => `width="${pixels(w)}" height="${pixels(h)}"`)
    .replace('viewBox="0.00 0.00', 'viewBox="0 0')
    .replaceAll('font-family="DejaVu Sans"', `font-family="${fontFamily}"`)
    .replaceAll(/<!--[\s\S]*?-->\n?/g, '')
}

const html = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
