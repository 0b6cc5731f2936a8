import type { Style } from './figure.js'

/**
 * The book's colours, each with a dash and a marker of its own, so that curves can be told apart without colour.
 * Adam is GD's update with another step length: the same blue, lighter and dashed.
 */
export const styles: Record<string, Style> = {
  GD: { color: '#1F77B4', dash: [], marker: 'circle' },
  Newton: { color: '#FF7F0E', dash: [9, 4], marker: 'square' },
  IG: { color: '#8C564B', dash: [6, 3], marker: 'triangle-down' },
  PG: { color: '#D62728', dash: [], marker: 'triangle-up' },
  SIP: { color: '#D62728', dash: [], marker: 'triangle-up' },
  'SIP exact': { color: '#8B1A1A', dash: [3, 3], marker: 'diamond' },
  HIG: { color: '#2CA02C', dash: [], marker: 'diamond' },
  GN: { color: '#9467BD', dash: [3, 3], marker: 'triangle-down' },
  Adam: { color: '#5BA3D9', dash: [9, 4], marker: 'circle' },
  SGD: { color: '#1F77B4', dash: [2, 4], marker: 'square' },
  Adadelta: { color: '#8C564B', dash: [12, 3, 3, 3], marker: 'square' },
  Adagrad: { color: '#E377C2', dash: [6, 3], marker: 'diamond' },
  RMSprop: { color: '#17BECF', dash: [2, 3], marker: 'triangle-down' },
  BFGS: { color: '#BCBD22', dash: [12, 4], marker: 'cross' },
  reference: { color: '#444444', dash: [2, 4], marker: 'none' },
  published: { color: '#444444', dash: [], marker: 'cross' }
}

/** For names without a style of their own, in order of appearance. */
const others: Style[] = [
  { color: '#8C564B', dash: [12, 3, 3, 3], marker: 'square' },
  { color: '#E377C2', dash: [6, 3], marker: 'diamond' },
  { color: '#17BECF', dash: [2, 3], marker: 'triangle-down' },
  { color: '#7F7F7F', dash: [9, 4], marker: 'cross' },
  { color: '#BCBD22', dash: [], marker: 'square' }
]

export function styleOf(name: string, given: string | Partial<Style> | undefined, index: number): Style {
  const known = styles[typeof given === 'string' ? given : name] ?? others[index % others.length]
  return typeof given === 'object' ? { ...known, ...given } : known
}
