import type { Op } from '../../core/op.js'
import { crankNicolson } from './crankNicolson.js'
import { splitStep } from './splitStep.js'

export { type CrankNicolsonOptions, crankNicolson } from './crankNicolson.js'
export type { SchroedingerAttrs } from './potentials.js'
export { type SplitStepOptions, splitStep } from './splitStep.js'
export { boxState, fidelity } from './states.js'

/** Small ones of each. */
export const schroedingerOps: readonly Op[] = [
  crankNicolson({ points: 4, potential: [0, 1, 2, 1] }),
  splitStep({ grid: [2, 3], potential: [0, 1, 2, 0, 1, 2], control: [1, 0, -1, 1, 2, 0] })
].map(P => P.op)
