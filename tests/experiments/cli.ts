import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// Beside this file once compiled, in dist/ when the tests run from the source.
export const demoMain = ['./demoMain.js', '../../dist/tests/experiments/demoMain.js']
  .map(path => fileURLToPath(new URL(path, import.meta.url)))
  .find(existsSync)

export interface Ended {
  code: number | null
  out: string
  err: string
}

/** Runs the command line over the demonstration; `watch` sees what has been printed so far and may send signals. */
export function cli(
  args: string[],
  watch?: (err: string, interrupt: (signal?: NodeJS.Signals) => void, kill: () => void) => void,
  env = {}
): Promise<Ended> {
  if (!demoMain) throw new Error('The tests start the compiled command line: run `npm run build` first.')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [demoMain, ...args], { env: { ...process.env, DEBUG: '', ...env } })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', text => (out += text))
    child.stderr.setEncoding('utf8').on('data', text => {
      err += text
      watch?.(
        err,
        (signal = 'SIGINT') => child.kill(signal),
        () => child.kill('SIGKILL')
      )
    })
    child.on('error', reject).on('close', code => resolve({ code, out, err }))
  })
}
