import type { Field, Numbers } from './types.js'

export type { Field, Numbers }

/** Figures are plain data; plots/ turns them into SVG and PNG. */
export type Figure = PlotFigure | ImagesFigure | GraphFigure

interface FigureBase {
  /** File name without ending. */
  name: string
  title: string
  /** What to look at; a sentence or two under the figure. */
  caption?: string
}

/** One panel or several side by side, with one legend: curves over steps, paths in a plane, spectra. */
export interface PlotFigure extends FigureBase {
  kind: 'plot'
  panels: Panel[]
}

export interface Panel {
  title?: string
  x: Axis
  y: Axis
  series: Series[]
  bands?: Band[]
  contours?: Contours
  arrows?: Arrows[]
  points?: Point[]
}

export interface Axis {
  /** With the unit: 'Loss in x (heat² · cells²)', 'Step'. */
  label: string
  scale?: 'linear' | 'log'
  /** From the data unless given; what lies outside is clipped. */
  domain?: [number, number]
}

export type Marker = 'circle' | 'square' | 'triangle-up' | 'diamond' | 'triangle-down' | 'cross' | 'none'

export interface Style {
  color: string
  /** Lengths of dashes and gaps; [] is solid. */
  dash: number[]
  marker: Marker
}

export interface Series {
  /** In the legend; the same name in two panels is one entry. */
  name: string
  x: Numbers
  /** Drawn in order, so that a path may turn back. Not finite, or not positive on a log axis: a gap. */
  y: Numbers
  /** A method's name from styles.ts, or a style; `name` is looked up there otherwise. */
  style?: string | Partial<Style>
  /** Single seeds, drawn faintly behind the line, over the same x. */
  faint?: Numbers[]
  /** At all points, at about a dozen, or at none; 'all' up to 24 points, 'some' above. */
  markers?: 'all' | 'some' | 'none'
  /** Without: markers only. */
  line?: boolean
}

/** A range, shaded: published numbers, or the spread of others. */
export interface Band {
  name: string
  x: Numbers
  low: Numbers
  high: Numbers
  style?: string | Partial<Style>
}

/** Level lines of values on a regular grid over the panel, row by row from low y to high y. */
export interface Contours {
  x: [number, number]
  y: [number, number]
  width: number
  height: number
  values: Numbers
  levels: number[]
}

/** A vector field: thin arrows from (x, y) to (x + dx, y + dy), in data units. `fittedArrows` in data.ts makes them fit a grid. */
export interface Arrows {
  /** In the legend. */
  name: string
  x: Numbers
  y: Numbers
  dx: Numbers
  dy: Numbers
  /** Colour and dash as for curves. */
  style?: string | Partial<Style>
}

export interface Point {
  x: number
  y: number
  /** May have several lines. */
  label: string
  /** Where the label stands; 'above' (and to the right) unless given. */
  place?: 'above' | 'below' | 'left' | 'right'
}

/** 2-D fields side by side on one colour scale with one colour bar. */
export interface ImagesFigure extends FigureBase {
  kind: 'images'
  columns: string[]
  rows: { label?: string; fields: Field[] }[]
  /** Beside the colour bar, with the unit. */
  label: string
  /** Of the colours; the least and the largest value of all fields unless given. */
  domain?: [number, number]
  colors?: 'viridis' | 'inferno' | 'magma' | 'cividis'
}

/** Nodes and arrows, laid out by Graphviz: a tape, as tapeToDot writes it. */
export interface GraphFigure extends FigureBase {
  kind: 'graph'
  /** In Graphviz's language. */
  dot: string
}
