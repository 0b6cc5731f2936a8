import type { Op } from '../../core/op.js'
import { schroedinger } from './schroedinger.js'
import { splitStep } from './splitStep.js'

export type { SchroedingerAttrs } from './potentials.js'
export { type SchroedingerOptions, schroedinger } from './schroedinger.js'
export { type SplitStepOptions, splitStep } from './splitStep.js'
export { boxState, fidelity } from './states.js'

/** Small ones of each. */
export const schroedingerOps: readonly Op[] = [
  schroedinger({ points: 4, potential: [0, 1, 2, 1] }),
  splitStep({ grid: [2, 3], potential: [0, 1, 2, 0, 1, 2], control: [1, 0, -1, 1, 2, 0] })
].map(P => P.op)
