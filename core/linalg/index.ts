export { type CGOptions, type CGResult, type CGStatus, cg } from './cg.js'
export { eigh, type SymmetricEigen } from './eigh.js'
export { GolubKahan } from './golubKahan.js'
export { type GramResult, partialInverseByGram } from './gramInverse.js'
export { type KrylovOptions, type KrylovResult, partialInverseByKrylov } from './krylovInverse.js'
export { type Lanczos, type LanczosOptions, lanczos } from './lanczos.js'
export { type LayerBlock, LayeredMatrix } from './layeredMatrix.js'
export { type LSMROptions, type LSMRResult, type LSMRStatus, lsmr } from './lsmr.js'
export {
  type LeastSquares,
  type LeastSquaresBatch,
  type LeastSquaresOptions,
  lstsq,
  lstsqBatch
} from './lstsq.js'
export { determinant, type LU, lu, luSolve, solveTriangle, type Triangle } from './lu.js'
export {
  type PartialInverseOptions,
  partialInverseApply,
  partialInverseMatrix,
  type Spectrum
} from './partialInverse.js'
export { denseProducts, type Expandable, type Products } from './products.js'
export { qr, qrOfTranspose, type WideQR } from './qr.js'
export { cholesky, choleskySolve, type Solution, solve } from './solve.js'
export { type SVD, svd, svdOfWide, type WideSVD } from './svd.js'
export { factorSymmetric, type SymmetricFactors } from './tridiagonal.js'
