import { pathToFileURL } from 'node:url'
import { Matrix, SVD as MlSVD, pseudoInverse } from 'ml-matrix'
import { fft2 } from '../core/backends/plain/fft.js'
import { lstsqMinNormBatch, partialInverseApply, qrOfTranspose, svd } from '../core/linalg/index.js'

/**
 * Dense linear algebra beside ml-matrix, in one process and alternating, so that the ratios mean something even on a
 * busy machine: `node dist/bench/linalg.js`. Times are medians (and minima) in ms after warm-up; spectra 1 ... 1e-6.
 */

let seed = 1
const noise = (n: number) =>
  Float64Array.from({ length: n }, () => (seed = (seed * 16807) % 2147483647) / 2147483647 - 0.5)

/** Rows of noise, graded down to 1e-6 and then mixed, so that the spectrum is graded and the rows are not. */
function graded(rows: number, cols: number): Float64Array {
  const { U, s, V } = svd(noise(rows * cols), rows, cols)
  const r = s.length
  const A = new Float64Array(rows * cols)
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < r; k++) {
      const u = U[i * r + k] * 10 ** ((-6 * k) / (r - 1))
      for (let j = 0; j < cols; j++) A[i * cols + j] += u * V[j * r + k]
    }
  }
  return A
}

interface Row {
  what: string
  'median ms': number
  'min ms': number
  'peer median': number | string
  'ratio to peer': number | string
}

const round = (x: number) => Number(x.toPrecision(3))

/** Alternates the two, so that both see the same disturbances. */
function measure(what: string, repeats: number, ours: () => void, peer?: () => void): Row {
  const times: [number[], number[]] = [[], []]
  for (let i = -2; i < repeats; i++) {
    for (const [k, f] of [ours, peer].entries()) {
      if (!f) continue
      const start = performance.now()
      f()
      if (i >= 0) times[k].push(performance.now() - start)
    }
  }
  const [a, b] = times.map(list => list.sort((x, y) => x - y))
  const [median, theirs] = [a[a.length >> 1], b[b.length >> 1]]
  return {
    what,
    'median ms': round(median),
    'min ms': round(a[0]),
    'peer median': peer ? round(theirs) : '-',
    'ratio to peer': peer ? round(median / theirs) : '-'
  }
}

export function run(): Row[] {
  const rows: Row[] = []
  for (const [m, n, repeats] of [
    [128, 1444, 9],
    [64, 37, 41],
    [256, 1000, 5]
  ] as const) {
    for (const [kind, J] of [
      ['graded', graded(m, n)],
      ['noise', noise(m * n)]
    ] as const) {
      const M = Matrix.from1DArray(m, n, Array.from(J))
      const g = noise(m)
      const peer = () => new MlSVD(M, { autoTranspose: true })
      rows.push(measure(`partialInverseApply ${m}×${n} ${kind}`, repeats, () => partialInverseApply(J, m, n, g), peer))
      rows.push(measure(`svd ${m}×${n} ${kind}`, repeats, () => svd(J, m, n), peer))
    }
    if (m <= n) rows.push(measure(`qrOfTranspose ${m}×${n}`, repeats, () => qrOfTranspose(noise(m * n), m, n)))
  }
  for (const [m, n] of [
    [2, 2],
    [4, 4],
    [8, 8],
    [4, 24],
    [24, 4]
  ]) {
    const [A, b] = [noise(1000 * m * n), noise(1000 * m)]
    const matrices = Array.from({ length: 1000 }, (_, k) =>
      Matrix.from1DArray(m, n, Array.from(A.subarray(k * m * n, (k + 1) * m * n)))
    )
    const ours = () => lstsqMinNormBatch(A, 1000, m, n, b)
    const peer = () => {
      for (const M of matrices) pseudoInverse(M)
    }
    rows.push(measure(`lstsqMinNormBatch of 1000 ${m}×${n} (peer: pseudoInverse)`, 7, ours, peer))
  }
  const [re, im] = [noise(128 * 64 * 64), new Float64Array(128 * 64 * 64)]
  rows.push(measure('fft2 of 128 planes 64×64', 9, () => fft2(re, im, 128, 64, 64, false)))
  const [re2, im2] = [noise(128 * 60 * 60), new Float64Array(128 * 60 * 60)]
  rows.push(measure('fft2 of 128 planes 60×60 (Bluestein)', 9, () => fft2(re2, im2, 128, 60, 60, false)))
  return rows
}

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) console.table(run())
