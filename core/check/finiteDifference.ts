/** Halvings of the step: from a tenth of the units of x down to 1e-4. */
const LEVELS = 10
const FIRST_STEP = 0.1

/**
 * d/dt g(t) at t = 0, entry by entry: central differences at steps h, h/2, h/4, … extrapolated to h = 0 (Richardson: the
 * error is a series in h²), and of the whole table the entry whose neighbours agree best (Ridders 1982). Truncation
 * falls with h, rounding grows like ε/h; the table finds the place between them, 1e-9 to 1e-12 for smooth functions.
 * Steps that leave the domain (NaN) or cross a kink do not agree with their neighbours, and are passed over.
 */
export function derivativeAtZero(g: (t: number) => ArrayLike<number>): Float64Array {
  const table: Float64Array[][] = []
  let best: Float64Array | undefined
  let error: Float64Array | undefined
  for (let k = 0; k < LEVELS; k++) {
    const h = FIRST_STEP / 2 ** k
    const up = g(h)
    const down = g(-h)
    const n = up.length
    const row = [Float64Array.from(up, (v, i) => (v - down[i]) / (2 * h))]
    best ??= new Float64Array(n).fill(Number.NaN)
    error ??= new Float64Array(n).fill(Number.POSITIVE_INFINITY)
    for (let j = 1; j <= k; j++) {
      const c = 4 ** j
      const left = row[j - 1]
      const above = table[k - 1][j - 1]
      const here = new Float64Array(n)
      for (let i = 0; i < n; i++) {
        here[i] = left[i] + (left[i] - above[i]) / (c - 1)
        const e = Math.max(Math.abs(here[i] - left[i]), Math.abs(here[i] - above[i]))
        if (e < error[i]) {
          error[i] = e
          best[i] = here[i]
        }
      }
      row.push(here)
    }
    table.push(row)
  }
  return best!
}
