import type { Spec } from 'vega'
import { fontFamily } from './text.js'

/** Sizes in pixels of the figure at full size; at half size the least of them is still seven. */
export const size = { title: 18, panel: 15, label: 14, tick: 14 }

export const ink = '#222222'

/** Constants in the plotting library's form. */
export const fixed = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }])) as never

const axis = {
  domainColor: '#333333',
  tickColor: '#333333',
  gridColor: '#e6e6e6',
  labelColor: ink,
  titleColor: ink,
  labelFont: fontFamily,
  titleFont: fontFamily,
  labelFontSize: size.tick,
  titleFontSize: size.label,
  titleFontWeight: 'normal',
  titlePadding: 10,
  labelPadding: 4,
  // Overlapping labels are avoided by choosing the ticks; a bound axis would drop the outermost ones.
  labelOverlap: false,
  labelBound: false
} as const

/** What every figure has in common: white, some air around, our font. */
export const frame = (spec: Partial<Spec>): Spec => ({
  $schema: 'https://vega.github.io/schema/vega/v6.json',
  background: '#ffffff',
  padding: 14,
  autosize: { type: 'pad', contains: 'padding' },
  ...spec,
  config: { axis, text: { font: fontFamily, fill: ink } }
})
