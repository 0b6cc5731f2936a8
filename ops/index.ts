import type { Op } from '../core/op.js'
import { convolutionOps } from './convolution/index.js'
import { elementwiseOps } from './elementwise/index.js'
import { fourierOps } from './fourier/index.js'
import { linearOps } from './linear/index.js'
import { lossOps } from './loss/index.js'
import { nnOps } from './nn/index.js'
import { reductionOps } from './reductions/index.js'
import { samplingOps } from './sampling/index.js'
import { shapeOps } from './shape/index.js'

export * from './convolution/index.js'
export * from './elementwise/index.js'
export * from './fourier/index.js'
export * from './linear/index.js'
export * from './loss/index.js'
export * from './nn/index.js'
export * from './reductions/index.js'
export * from './sampling/index.js'
export * from './shape/index.js'

/** Every operator of this folder, for tables: checks, documentation. */
export const allOps: readonly Op[] = [
  ...elementwiseOps,
  ...reductionOps,
  ...shapeOps,
  ...samplingOps,
  ...linearOps,
  ...convolutionOps,
  ...fourierOps,
  ...lossOps,
  ...nnOps
]

/** The same by name: `checkOp(operators.sin)`. */
export const operators: Readonly<Record<string, Op>> = Object.fromEntries(allOps.map(op => [op.name, op]))
