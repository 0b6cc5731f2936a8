import { checkChoice } from '../../core/options.js'
import { batchNormLayer } from './batchNorm.js'
import { groupNormLayer } from './groupNorm.js'
import type { Layer } from './sequential.js'

export interface NormChoice {
  /** After each convolution: statistics of the batch, of groups of channels per sample, or no norm. */
  norm?: 'batch' | 'group' | 'none'
  /** Of the group norm; divides the number of channels. Default 4. */
  groups?: number
}

/** The norm that was chosen, as a layer of x [B, C, ...]. */
export function chosenNorm({ norm = 'batch', groups = 4 }: NormChoice, channels: number): Layer {
  checkChoice('a network', 'norm', norm, ['batch', 'group', 'none'])
  if (norm === 'none') return x => x
  return norm === 'batch' ? batchNormLayer(channels) : groupNormLayer(groups, channels)
}
