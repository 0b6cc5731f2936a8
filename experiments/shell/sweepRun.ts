import { spawn } from 'node:child_process'
import { ProgressView } from './progress.js'
import { type Cell, readCell, type SweepPlan } from './sweep.js'
import { cores } from './workers.js'

export interface SweepEnd {
  /** Sentences about the cells that failed. */
  failures: string[]
  interrupted: boolean
}

/**
 * Runs the cells that are missing, each as the command that `--print` would print, several at a time. A cell that fails
 * does not keep others from running. Ctrl-C is passed on: every cell stops after its step and keeps its state.
 */
export async function runSweep(
  plan: SweepPlan,
  cells: readonly Cell[],
  options: { jobs?: number; screen: NodeJS.WriteStream }
): Promise<SweepEnd> {
  const left = cells.filter(cell => !readCell(plan.experiment, cell))
  const progress = new ProgressView(options.screen, 'run')
  const failures: string[] = []
  const running = new Set<ReturnType<typeof start>>()
  let interrupted = false
  const stop = () => {
    if (!interrupted) progress.log('Stopping after the current steps. Press Ctrl-C again to stop at once.')
    interrupted = true
    for (const { child } of running) child.kill('SIGINT')
  }
  // Of a batch system, which asks by other signals, too.
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, stop)
  progress.start(cells.length, [plan.experiment.name, plan.name].filter(Boolean).join(', '), cells.length - left.length)
  const thread = async () => {
    for (let cell = left.shift(); cell && !interrupted; cell = left.shift()) {
      const job = start(cell)
      running.add(job)
      const failure = await job.ended
      running.delete(job)
      if (failure && !interrupted) {
        failures.push(`${cell.name}: ${failure}`)
        progress.log(`${cell.name} failed: ${failure}`)
      }
      if (!interrupted) progress.step(1)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(options.jobs ?? cores(), left.length) }, thread))
  } finally {
    progress.stop()
    for (const signal of signals) process.removeListener(signal, stop)
  }
  return { failures, interrupted }
}

/** In a group of its own, so that Ctrl-C on the terminal reaches it once: through this process. */
function start({ words }: Cell): { child: ReturnType<typeof spawn>; ended: Promise<string | undefined> } {
  const child = spawn(process.execPath, [process.argv[1], ...words], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe']
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', text => (said = (said + text).slice(-2000)))
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const [, sentence] = said.match(/^Error: (.*)$/m) ?? []
      resolve(code === 0 ? undefined : (sentence ?? (signal ? `killed by ${signal}` : `exit code ${code}`)))
    })
  })
  return { child, ended }
}
