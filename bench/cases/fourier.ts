import FFT from 'fft.js'
import { fft2 } from '../../core/backends/plain/fft.js'
import { type Cases, numbers } from '../case.js'

const [PLANES, SIDE] = [128, 64]

/** The same by fft.js alone: rows, then columns, on arrays that are laid out as it wants them. */
function direct(): () => void {
  const fft = new FFT(SIDE)
  const planes = Array.from({ length: PLANES }, () => Array.from(numbers(2 * SIDE * SIDE, 'f64')))
  const [line, out]: number[][] = [fft.createComplexArray(), fft.createComplexArray()]
  const along = (plane: number[], from: number, step: number) => {
    for (let i = 0; i < SIDE; i++) {
      line[2 * i] = plane[2 * (from + i * step)]
      line[2 * i + 1] = plane[2 * (from + i * step) + 1]
    }
    fft.transform(out, line)
    for (let i = 0; i < SIDE; i++) {
      plane[2 * (from + i * step)] = out[2 * i]
      plane[2 * (from + i * step) + 1] = out[2 * i + 1]
    }
  }
  return () => {
    for (const plane of planes) {
      for (let r = 0; r < SIDE; r++) along(plane, r * SIDE, 1)
      for (let c = 0; c < SIDE; c++) along(plane, c, SIDE)
      // Not to grow from run to run.
      for (let i = 0; i < plane.length; i++) plane[i] /= SIDE
    }
  }
}

export const fourierCases: Cases = () =>
  [SIDE, 60].map(side => ({
    name: `fft2 f64 ${PLANES}×${side}×${side}${side === SIDE ? '' : ' (15 · 4)'}`,
    setup: () => {
      const [re, im] = [numbers(PLANES * side * side, 'f64'), new Float64Array(PLANES * side * side)]
      return () => {
        fft2(re as Float64Array, im, PLANES, side, side, false)
        for (let i = 0; i < re.length; i++) {
          re[i] /= side
          im[i] /= side
        }
      }
    },
    peers: side === SIDE ? { 'fft.js alone': direct } : {},
    python: { script: 'numpy' as const, key: `fft2 ${PLANES} ${side}` }
  }))
