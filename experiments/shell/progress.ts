import cliProgress from 'cli-progress'
import { duration, number } from './format.js'

/** Counts steps and shows them: a live bar on a terminal, plain lines now and then elsewhere. */
export class ProgressView {
  done = 0
  total = 0
  private before = 0
  private label = ''
  private numbers: Record<string, number> = {}
  private startedAt = 0
  private lastLineAt = 0
  private bar: cliProgress.SingleBar | undefined
  /** Of one bar only, but it is the kind that can print lines above it. */
  private bars: cliProgress.MultiBar | undefined

  private readonly live: boolean

  /** Of steps, unless it is said what else is counted. */
  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly unit = 'step'
  ) {
    this.live = Boolean(out.isTTY)
  }

  /** Announces `total` steps, the first `done` of which an earlier run has made. */
  start(total: number, label = '', done = 0): void {
    this.stop()
    Object.assign(this, { done, before: done, total, label, numbers: {}, startedAt: performance.now(), lastLineAt: 0 })
    if (this.live) {
      this.bars = new cliProgress.MultiBar({
        stream: this.out,
        format: (_options, { progress }) => `${drawBar(progress)} ${this.text()}`,
        hideCursor: true,
        linewrap: false,
        fps: 10,
        forceRedraw: true,
        // Ctrl-C is the shell's business.
        gracefulExit: false
      })
      this.bar = this.bars.create(total, done)
    } else this.out.write(`${label || 'Running'}: ${total} ${this.unit}${total === 1 ? '' : 's'}.\n`)
  }

  /** `count` steps more are done; the numbers replace those of the same names. */
  step(count: number, numbers: Record<string, number> = {}): void {
    const last = this.done
    this.done += count
    this.numbers = { ...this.numbers, ...numbers }
    if (this.bar) {
      this.bar.update(this.done)
      this.bars?.update()
    } else if (this.lineIsDue(last)) {
      this.lastLineAt = performance.now()
      this.out.write(`${this.text()}\n`)
    }
  }

  /** A line above the bar. */
  log(line: string): void {
    if (!this.bars) this.out.write(`${line}\n`)
    this.bars?.log(`${line}\n`)
    this.bars?.update()
  }

  /** Leaves the bar where it is and gives the cursor back. */
  stop(): void {
    this.bars?.update()
    this.bars?.stop()
    this.bars = this.bar = undefined
  }

  /** The first, the last, every tenth part, and otherwise every 15 seconds. */
  private lineIsDue(last: number): boolean {
    const tenth = (n: number) => Math.floor((10 * n) / this.total)
    const first = last === this.before
    if (this.done > last && (first || this.done === this.total || tenth(this.done) > tenth(last))) return true
    return performance.now() - this.lastLineAt > 15_000
  }

  private text(): string {
    const seconds = (performance.now() - this.startedAt) / 1000
    const made = this.done - this.before
    const left = (seconds / made) * (this.total - this.done)
    const time = this.done === this.total ? `took ${duration(seconds)}` : made ? `${duration(left)} left` : ''
    const rate = made ? `${number(made / seconds, 3)}/s` : ''
    const numbers = Object.entries(this.numbers).map(([name, value]) => `${name} ${number(value, 3)}`)
    return [this.label, `${this.unit} ${this.done}/${this.total}`, time, rate, ...numbers].filter(Boolean).join('  ')
  }
}

const drawBar = (part: number, width = 20) => {
  const full = Math.round(Math.min(1, Math.max(0, part)) * width)
  return '█'.repeat(full) + '░'.repeat(width - full)
}
