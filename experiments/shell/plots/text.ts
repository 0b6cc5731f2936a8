import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import opentype from 'opentype.js'
import * as vega from 'vega'

/**
 * One font for every figure, from a package, so that pictures are the same on every machine. DejaVu Sans has the
 * superscripts, Greek and arrows that axis labels need; Verdana has nearly its widths, where a browser lacks DejaVu.
 */
export const fontFamily = 'DejaVu Sans, Verdana, sans-serif'

const require = createRequire(import.meta.url)
const file = (name: string) => require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`)
const regular = file('DejaVuSans')
const bold = file('DejaVuSans-Bold')
export const fontFiles = [regular, bold]

const load = (path: string) => {
  const { buffer, byteOffset, byteLength } = readFileSync(path)
  return opentype.parse(buffer.slice(byteOffset, byteOffset + byteLength))
}
let fonts: { regular: opentype.Font; bold: opentype.Font } | undefined

/** Width in pixels: the sum of the glyphs' advances. */
export function textWidth(text: string, size: number, weight: 'normal' | 'bold' = 'normal'): number {
  fonts ??= { regular: load(regular), bold: load(bold) }
  const font = weight === 'bold' ? fonts.bold : fonts.regular
  let advance = 0
  for (const character of text) advance += font.charToGlyph(character).advanceWidth ?? 0
  return (advance / font.unitsPerEm) * size
}

interface TextItem {
  text?: unknown
  fontSize?: number
  fontWeight?: string | number
}

/**
 * Without a canvas Vega guesses 0.8 em a character, which leaves holes in the layout. `textMetrics` is its hook for
 * better knowledge.
 */
export function teachVegaTextWidths(): void {
  const { textMetrics } = vega as unknown as { textMetrics: { width: (item: TextItem, text?: unknown) => number } }
  textMetrics.width = (item, text) => {
    const weight = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600 ? 'bold' : 'normal'
    return textWidth(String(text ?? item.text ?? ''), item.fontSize ?? 11, weight)
  }
}

/** Lines of at most `width` pixels, broken at spaces. */
export function wrapText(text: string, width: number, size: number, weight: 'normal' | 'bold' = 'normal'): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = lines.length ? `${lines[lines.length - 1]} ${word}` : word
    if (lines.length && textWidth(longer, size, weight) <= width) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}
