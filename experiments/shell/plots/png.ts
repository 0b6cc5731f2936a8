import { Resvg } from '@resvg/resvg-js'
import { PNG } from 'pngjs'
import * as vega from 'vega'
import type { Field } from '../figure.js'
import { fontFiles } from './text.js'

export type Colors = 'viridis' | 'inferno' | 'magma' | 'cividis'

/** 256 colours, perceptually uniform, from the plotting library's own table. */
function palette(name: Colors): Uint8Array {
  const interpolate = vega.scheme(name) as unknown as (t: number) => string
  const bytes = new Uint8Array(256 * 3)
  for (let i = 0; i < 256; i++) {
    const { r, g, b } = rgb(interpolate(i / 255))
    bytes.set([r, g, b], 3 * i)
  }
  return bytes
}

function rgb(text: string): { r: number; g: number; b: number } {
  const [r, g, b] = text.startsWith('#')
    ? [1, 3, 5].map(i => Number.parseInt(text.slice(i, i + 2), 16))
    : (text.match(/\d+/g) ?? []).map(Number)
  return { r, g, b }
}

/**
 * A field as PNG, one colour per cell; each cell becomes `zoom` × `zoom` pixels, so that no viewer smooths the cells.
 * Not finite: grey.
 */
export function fieldToPng(field: Field, domain: [number, number], colors: Colors, zoom: number): Buffer {
  const { width, height, values } = field
  const table = palette(colors)
  const png = new PNG({ width: width * zoom, height: height * zoom, colorType: 2 })
  const span = domain[1] - domain[0] || 1
  for (let i = 0; i < png.height; i++) {
    for (let j = 0; j < png.width; j++) {
      const value = values[Math.floor(i / zoom) * width + Math.floor(j / zoom)]
      const at = 4 * (i * png.width + j)
      const index = Math.min(255, Math.max(0, Math.round((255 * (value - domain[0])) / span)))
      if (Number.isFinite(value)) png.data.set(table.subarray(3 * index, 3 * index + 3), at)
      else png.data.fill(160, at, at + 3)
      png.data[at + 3] = 255
    }
  }
  return PNG.sync.write(png, { colorType: 2, deflateLevel: 9 })
}

export const dataUrl = (png: Buffer): string => `data:image/png;base64,${png.toString('base64')}`

/** Two pixels per unit: sharp on today's screens and in print at half size. */
export function svgToPng(svg: string, zoom = 2): Buffer {
  const options = {
    background: '#ffffff',
    fitTo: { mode: 'zoom', value: zoom } as const,
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' }
  }
  return new Resvg(svg, options).render().asPng()
}
