// A training step and what runs it, on pages that forbid what others allow.
import { backends, cotangentSweep, onesLike, onNotice, random, Tape } from '../../core/index.js'
import { conv2d, l2, relu, reshape } from '../../ops/index.js'

/** Loss and gradient of a small convolution, large enough for the arena and for every heavy kernel that it has. */
export function step(): number[] {
  const [x, w] = [random(0).normal([8, 3, 20, 20]), random(1).normal([4, 3, 3, 3])]
  using tape = new Tape()
  tape.watch(w)
  const L = tape.record(() => {
    const y = reshape(relu(conv2d(x, w)), [8, 4 * 18 * 18])
    return l2(y, onesLike(y))
  })
  return [...L.data, ...cotangentSweep(tape, [[L, onesLike(L)]]).get(w)!.data]
}

/** Which backends there are, and what was noticed. */
export function about(): { available: Record<string, boolean>; shared: boolean; notices: string[] } {
  const notices: string[] = []
  step()
  onNotice(n => notices.push(n.code))
  onNotice(n => n)
  return {
    available: Object.fromEntries(backends().map(b => [b.name, b.available])),
    shared: typeof SharedArrayBuffer === 'function',
    notices
  }
}
