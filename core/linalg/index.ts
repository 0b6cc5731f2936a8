export { type CGOptions, type CGResult, type CGStatus, cg } from './cg.js'
export { eigh, type SymmetricEigen } from './eigh.js'
export { type LSMROptions, type LSMRResult, type LSMRStatus, lsmr } from './lsmr.js'
export {
  type LeastSquares,
  type LeastSquaresBatch,
  type LeastSquaresOptions,
  lstsqMinNorm,
  lstsqMinNormBatch
} from './lstsq.js'
export { determinant, type LU, lu, luSolve, solveTriangle, type Triangle } from './lu.js'
export {
  type PartialInverseOptions,
  partialInverseApply,
  partialInverseMatrix,
  type Spectrum
} from './partialInverse.js'
export { qrOfTranspose, type WideQR } from './qr.js'
export { cholesky, choleskySolve, type Solution, solve } from './solve.js'
export { type SVD, svd, svdOfWide, type WideSVD } from './svd.js'
