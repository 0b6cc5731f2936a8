/** Times of one of several things that were run in turn, in milliseconds. */
export interface Times {
  median: number
  best: number
}

const wallClock = (): number => performance.now()

/** Time of this process on any core: what others do beside it does not count. */
export const cpuClock = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** A round is at least this long: short runs are repeated within it. */
const ROUND_MS = 5

/**
 * Runs the given in turn, round after round, so that all see the same disturbances; after two rounds of warming up, for
 * about `budget` milliseconds, at least three rounds and at most 31. `clock`: what is measured, in milliseconds.
 */
export function alternate(runs: readonly (() => void)[], budget: number, clock = wallClock): Times[] {
  const repeats = runs.map(run => {
    run()
    const start = clock()
    run()
    return Math.max(1, Math.ceil(ROUND_MS / Math.max(1e-4, clock() - start)))
  })
  const times = runs.map((): number[] => [])
  const begin = performance.now()
  for (let round = 0; round < 31 && (round < 3 || performance.now() - begin < budget); round++)
    runs.forEach((run, k) => {
      const start = clock()
      for (let i = 0; i < repeats[k]; i++) run()
      times[k].push((clock() - start) / repeats[k])
    })
  return times.map(list => {
    list.sort((a, b) => a - b)
    return { median: list[list.length >> 1], best: list[0] }
  })
}
