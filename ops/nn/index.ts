import type { Op } from '../../core/op.js'
import { batchNormOp } from './batchNorm.js'
import { groupNormOp } from './groupNorm.js'
import { layerNormOp } from './layerNorm.js'

export { batchNorm, batchNormFixed, batchNormLayer, batchStatistics } from './batchNorm.js'
export { type ConvLayerOptions, convLayer } from './convLayer.js'
export { type DenseOptions, dense } from './dense.js'
export type { Dimensions } from './dimensions.js'
export { dropout } from './dropout.js'
export { type FnoBlockOptions, type FnoOptions, fno, fnoBlock, withCoordinates } from './fno.js'
export { groupNorm, groupNormLayer } from './groupNorm.js'
export {
  constant,
  type Fan,
  fanIn,
  glorot,
  glorotNormal,
  heNormal,
  heUniform,
  type Initialiser,
  orthogonal
} from './initialisers.js'
export { layerNorm, layerNormLayer } from './layerNorm.js'
export { type MlpOptions, mlp } from './mlp.js'
export type { DecodeOptions, NamedTensors } from './namedTensors.js'
export {
  type Context,
  countParameters,
  isNetwork,
  type Network,
  network,
  type Parameter,
  type Parametric,
  type Parts,
  type Scope,
  type Weight
} from './network.js'
export type { NormChoice } from './normChoice.js'
export { decodeJSON, encodeJSON } from './parametersJSON.js'
export { type ResNetBlockOptions, resNetBlock } from './resNetBlock.js'
export { runningStatistics, type Statistics } from './runningStatistics.js'
export { decodeSafetensors, decodeTensors, encodeSafetensors, encodeTensors, type Metadata } from './safetensors.js'
export { type Layer, sequential } from './sequential.js'
export { type SpectralConvLayerOptions, spectralConvLayer } from './spectralConvLayer.js'
export { type UNetOptions, uNet } from './uNet.js'

export const nnOps: readonly Op[] = [batchNormOp, layerNormOp, groupNormOp]
