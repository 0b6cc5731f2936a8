import type { Random, Shape, Tensor } from '../../core/index.js'
import { mapData } from '../../core/index.js'
import { norm2 } from '../../core/linalg/scaling.js'
import { type Boundary, diffuse } from '../../physics/index.js'
import type { Settings, Values } from '../shell/settings.js'

/** A function at a point, and where x should go. */
export interface Problem {
  P(x: Tensor): Tensor
  x: Tensor
  toward: Tensor
}

/** What `physgrad inverse` can be asked about. */
export interface InverseCase<S extends Settings = Settings> {
  /** One line: equation, and what x is. */
  about: string
  settings: S
  at(settings: Values<S>, random: Random): Problem
}

/** Infers the types of the settings. */
export const inverseCase = <S extends Settings>(one: InverseCase<S>): InverseCase => one as unknown as InverseCase

/** Of every x a second one, drawn alike. */
export const both = (random: Random, draw: (r: Random) => Tensor): { x: Tensor; toward: Tensor } => ({
  x: draw(random.split('x')),
  toward: draw(random.split('toward'))
})

/** The second one near the first, a part of its size away: for maps that are invertible near a point only. */
export function near(random: Random, draw: (r: Random) => Tensor, part = 0.1): { x: Tensor; toward: Tensor } {
  const [x, change] = [draw(random.split('x')), draw(random.split('toward'))]
  return { x, toward: mapData(x, (v, i) => v + part * change.data[i]) }
}

/** Fields [...leads, ...cells] with unit deviation, smooth over a few cells. */
export function smooth(r: Random, leads: Shape, cells: Shape, boundary: Boundary = 'periodic'): Tensor {
  const rough = r.normal([...leads, ...cells])
  const field = diffuse(rough, 2, { dimensions: cells.length, boundary })
  const deviation = norm2(field.data as Float64Array) / Math.sqrt(field.size)
  return mapData(field, v => v / deviation)
}
