import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface PythonTimes {
  /** Name and version, or why there is none and how to get it. */
  about: string
  /** Median milliseconds by the case's key. */
  ms: Record<string, number>
}

const packages = { numpy: 'python3-numpy', torch: 'python3-torch' }

/** Runs bench/peers/<script>.py for these keys, with so many threads. */
export function runPython(script: keyof typeof packages, keys: readonly string[], threads: number): PythonTimes {
  const n = String(threads)
  const { stdout, stderr, error, status } = spawnSync(
    'python3',
    [fileURLToPath(new URL(`../../bench/peers/${script}_peer.py`, import.meta.url)), ...keys],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      env: { ...process.env, OMP_NUM_THREADS: n, OPENBLAS_NUM_THREADS: n, MKL_NUM_THREADS: n }
    }
  )
  const missing = (why: string) => ({
    about: `${script}: not installed (apt-get install ${packages[script]}); ${why}`,
    ms: {}
  })
  if (error) return missing(error.message)
  if (status !== 0) return missing(stderr.trim().split('\n').pop() ?? '')
  return JSON.parse(stdout)
}
