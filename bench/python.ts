import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface PythonTimes {
  /** Name and version, or why there is none and how to get it. */
  about: string
  /** Median milliseconds by the case's key. */
  ms: Record<string, number>
}

const packages = { numpy: 'python3-numpy', torch: 'python3-torch' }

/** A Python that has the package: the first on the path, or Debian's, where apt-get puts packages. */
const interpreter = (script: keyof typeof packages): string | undefined =>
  [process.env.PYTHON, 'python3', '/usr/bin/python3'].find(
    python => python && spawnSync(python, ['-c', `import ${script}`]).status === 0
  )

/** Runs bench/peers/<script>.py for these keys, with so many threads. */
export function runPython(script: keyof typeof packages, keys: readonly string[], threads: number): PythonTimes {
  const n = String(threads)
  const python = interpreter(script)
  if (!python) return { about: `${script}: not installed (apt-get install ${packages[script]})`, ms: {} }
  const { stdout, stderr, error, status } = spawnSync(
    python,
    [fileURLToPath(new URL(`../../bench/peers/${script}_peer.py`, import.meta.url)), ...keys],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      env: { ...process.env, OMP_NUM_THREADS: n, OPENBLAS_NUM_THREADS: n, MKL_NUM_THREADS: n }
    }
  )
  const missing = (why: string) => ({
    about: `${script}: does not run: ${why}`,
    ms: {}
  })
  if (error) return missing(error.message)
  if (status !== 0) return missing(stderr.trim().split('\n').pop() ?? '')
  return JSON.parse(stdout)
}
