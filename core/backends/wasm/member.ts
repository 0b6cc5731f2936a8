/**
 * One thread of a team. The text of this function is also the program of the workers (pool.ts), so it must use nothing
 * from outside of it.
 *
 * A job is one kernel, run once for each of `parts` rows of arguments, to each of which the thread appends the address of
 * a room of its own. Parts are claimed, by whoever comes first: the ticket holds the job's number (its upper 20 bits) and
 * how many parts are left, and whoever lowers it by one owns that part. So a worker that starts late, sleeps or has died
 * costs nothing as long as it holds no part. Since the ticket changes with the job, nobody can claim a part of one job
 * with the description of another: a job is replaced only when all its parts are done.
 *
 * Words of `control`:  0 ticket   16 parts done   32 did a kernel throw?   48 kernel   49 parts   50 arguments of a part
 * 51 first room   52 bytes from one thread's room to the next   53 threads that may take part   64 … parts that each thread
 * has run so far   128 … the arguments
 */
export function member(kernels: readonly ((...numbers: number[]) => void)[], control: Int32Array, slot: number) {
  const row: number[] = []

  /** Claims and runs one part; false if none is left for this thread. */
  function takePart(): boolean {
    for (;;) {
      const ticket = Atomics.load(control, 0)
      const left = ticket & 4095
      if (left === 0 || slot >= control[53]) return false
      if (Atomics.compareExchange(control, 0, ticket, ticket - 1) !== ticket) continue
      const parts = control[49]
      const count = control[50]
      const at = 128 + (parts - left) * count
      // A plain array and a loop: a part may be a matter of microseconds, a spread view takes one.
      row.length = count + 1
      for (let i = 0; i < count; i++) row[i] = control[at + i]
      row[count] = control[51] + slot * control[52]
      try {
        kernels[control[48]].apply(undefined, row)
      } catch {
        Atomics.store(control, 32, 1)
      }
      control[64 + slot]++
      if (Atomics.add(control, 16, 1) + 1 === parts) Atomics.notify(control, 16)
      return true
    }
  }

  /** The life of a worker. It looks for a job for a short while after the last one, or after a call, then it sleeps. */
  function serve(): void {
    for (;;) {
      const seen = Atomics.load(control, 0)
      if (takePart()) continue
      for (let spin = 0; spin < 20_000 && Atomics.load(control, 0) === seen; spin++);
      Atomics.wait(control, 0, seen)
    }
  }

  return { takePart, serve }
}
