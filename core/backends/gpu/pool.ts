import { type Shape, size } from '../../shape.js'
import type { Tensor } from '../../tensor.js'
import { address, coordinates, divide, kernel, loops, stepsOf } from './code.js'
import { launch } from './launch.js'

/** Max pooling over the last axes: windows of `window`, `stride` apart. */
export interface Windows {
  readonly window: Shape
  readonly stride: Shape
}

const rowMajor = (shape: Shape): number[] => shape.map((_, k) => size(shape.slice(k + 1)))
const counted = (prefix: string, shape: Shape): string[] => shape.map((_, d) => `${prefix}${d}`)

/** For each window the place of its largest entry in its plane, the first of several; `small`: windows per axis. */
export function largestPlaces(x: Tensor, { window, stride }: Windows, small: Shape): Tensor {
  const large = x.shape.slice(-window.length)
  const planes = size(x.shape.slice(0, -window.length))
  const at = coordinates('i', [planes, ...small], 'c')
  const counters = counted('l', window)
  const steps = rowMajor(large)
  const place = address([...at.names.slice(1), ...counters], [...steps.map((s, d) => s * stride[d]), ...steps])
  const first = address(
    at.names.slice(1),
    steps.map((s, d) => s * stride[d])
  )
  const plane = address([at.names[0]], [size(large)])
  const body = `${at.code}
  const plane = ${plane};
  let best = ${first};
  let largest = xs[plane + best];
  ${loops(
    counters,
    window,
    `const place = ${place};
const v = xs[plane + place];
if (v > largest) { largest = v; best = place; }`
  )}
  return best;`
  return launch(kernel(['xs'], body), [...x.shape.slice(0, -window.length), ...small], [x])
}

/** The entry of x at each of these places, whose planes repeat over further leading axes. */
export function takePlaces(x: Tensor, places: Tensor, large: Shape, small: Shape): Tensor {
  const planes = size(x.shape.slice(0, -large.length))
  const repeat = (planes * size(small)) / places.size
  const at = coordinates('i', [repeat, places.size / size(small), size(small)], 'c')
  const plane = address(at.names.slice(0, 2), [(planes / repeat) * size(large), size(large)])
  const body = `${at.code}
  const place = ms[${address(at.names.slice(1), stepsOf([places.size / size(small), size(small)]))}];
  return xs[${plane === '0' ? 'place' : `${plane} + place`}];`
  return launch(kernel(['xs', 'ms'], body), [...x.shape.slice(0, -large.length), ...small], [x, places])
}

/** The adjoint: each entry looks at the windows that hold it. */
export function putPlaces(ct: Tensor, places: Tensor, { window, stride }: Windows, large: Shape, small: Shape): Tensor {
  const planes = size(ct.shape.slice(0, -small.length))
  const own = places.size / size(small)
  const at = coordinates('i', [planes / own, own, ...large], 'c')
  const [r, p] = [at.names[0], at.names[1]]
  const pixel = at.names.slice(2)
  const [q, counters] = [counted('q', large), counted('l', large)]
  const read = (front: readonly string[], steps: readonly number[]) =>
    address([...front, ...q], [...steps, ...rowMajor(small)])
  let inner = `if (ms[${read([p], [size(small)])}] === here) { sum += cts[${read([r, p], [own * size(small), size(small)])}]; }`
  for (let d = large.length - 1; d >= 0; d--)
    inner = `const q${d} = last${d} - l${d};
if (q${d} >= 0) { if (q${d} < ${small[d]}) {
${inner}
} }`
  const body = `${at.code}
  const here = ${address(pixel, rowMajor(large))};
  ${pixel.map((name, d) => (name === '0' ? `const last${d} = 0;` : divide(name, stride[d], `last${d}`, `rest${d}`))).join('\n  ')}
  let sum = 0;
  ${loops(
    counters,
    window.map((w, d) => Math.ceil(w / stride[d])),
    inner
  )}
  return sum;`
  return launch(kernel(['cts', 'ms'], body), [...ct.shape.slice(0, -small.length), ...large], [ct, places])
}
