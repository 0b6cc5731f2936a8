export { eigenvaluesOf, type Modes, modesOf, type Scheme, wholeSpectrum } from './modes.js'
export { type SmoothNoiseOptions, smoothNoise } from './smoothNoise.js'
export {
  type SpectralAttrs,
  type SpectralFactors,
  type SpectralOp,
  type SpectralRules,
  spectralOperator
} from './spectralOperator.js'
export { type StabilisedInverse, stabilisedInverse } from './stabilisedInverse.js'
