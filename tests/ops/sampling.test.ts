import t from 'tap'
import { grad, OptionError, random, ShapeError, type Tensor, tensor } from '../../core/index.js'
import { type Beyond, roll, sampleLinear, sum, warp } from '../../ops/index.js'
import { relativeError } from '../golden.js'

const BOUNDARIES: readonly Beyond[] = ['periodic', 'dirichlet', 'neumann']

/** The hat functions of linear interpolation, 1 - |p - j| around every grid point j, and what lies beyond the ends. */
function hat(p: number, j: number, n: number, boundary: Beyond): number {
  const at = (q: number) => Math.max(0, 1 - Math.abs(q - j))
  if (boundary === 'dirichlet') return at(p)
  if (boundary === 'neumann') return at(Math.min(n - 1, Math.max(0, p)))
  let total = 0
  for (let image = -10; image <= 10; image++) total += at(p + image * n)
  return total
}

t.test('the sum of hat functions, in one to three dimensions', t => {
  const r = random(1)
  for (const b of BOUNDARIES)
    for (const grid of [[5], [1], [3, 4], [2, 3, 4]]) {
      const d = grid.length
      const x = r.normal([2, ...grid])
      const p = r.uniform([2, d, 7], -6, 9)
      const boundary = grid.map((_, i) => (i === 0 ? b : BOUNDARIES[i]))
      const want = Array.from({ length: 2 }, (_, s) =>
        Array.from({ length: 7 }, (_, m) => {
          let y = 0
          const n = x.size / 2
          for (let c = 0; c < n; c++) {
            let weight = 1
            for (let axis = d - 1, rest = c; axis >= 0; axis--) {
              weight *= hat(p.data[(s * d + axis) * 7 + m], rest % grid[axis], grid[axis], boundary[axis])
              rest = Math.floor(rest / grid[axis])
            }
            y += weight * x.data[s * n + c]
          }
          return y
        })
      )
      t.ok(relativeError(sampleLinear(x, p, { boundary }), want) < 1e-14, `${b} ${grid}`)
    }
  t.end()
})

t.test('moved by whole cells is rolled; by displacements is sampled there', t => {
  const r = random(2)
  const x = r.normal([3, 4, 5])
  const s = tensor(
    Float64Array.from({ length: 2 * 20 }, (_, i) => (i < 20 ? -3 : 12)),
    { shape: [2, 4, 5] }
  )
  t.same(warp(x, s).data, roll(x, [3, -12], [-2, -1]).data)
  const own = r.normal([3, 2, 4, 5])
  const places = tensor(
    own.data.map((v, i) => v + (Math.floor(i / 20) % 2 ? i % 5 : Math.floor((i % 20) / 5))),
    { shape: [3, 2, 20] }
  )
  const [a, b] = [warp(x, own), sampleLinear(x, places)]
  t.ok(relativeError(tensor(a.data, { shape: b.shape }), b.toArray()) < 1e-14)
  t.end()
})

t.test('on a grid point the slope is the mean of both sides', t => {
  const x = tensor([0, 1, 4, 9, 16])
  const slope = (at: number, boundary: Beyond) =>
    grad((p: Tensor) => sum(sampleLinear(x, p, { boundary: [boundary] })))(tensor([[at]])).item()
  t.equal(slope(2, 'periodic'), 4)
  t.equal(slope(2.5, 'periodic'), 5)
  t.equal(slope(0, 'periodic'), (1 - 16) / 2)
  t.equal(slope(0, 'neumann'), 0.5)
  t.equal(slope(4, 'dirichlet'), (0 - 9) / 2)
  t.equal(slope(7, 'dirichlet'), 0, 'nothing out there')
  t.end()
})

t.test('a place that is no number has no value, and spoils no other', t => {
  const y = sampleLinear(tensor([1, 2, 3]), tensor([[Number.NaN, 1, Number.POSITIVE_INFINITY]]), {
    boundary: ['periodic']
  })
  t.same(Array.from(y.data), [Number.NaN, 2, Number.NaN])
  t.end()
})

t.test('wrong calls', t => {
  const r = random(3)
  const x = r.normal([2, 4, 5])
  t.throws(() => sampleLinear(x, r.normal([2, 3, 7])), ShapeError, 'three coordinates on two axes')
  t.throws(() => warp(x, r.normal([2, 2, 5, 4])), /another grid/)
  t.throws(() => warp(r.normal([4]), r.normal([2, 4])), /no field of 2 dimensions/)
  t.throws(() => warp(x, r.normal([2, 2, 4, 5]), { boundary: 'wall' as Beyond }), OptionError)
  t.throws(() => warp(x, r.normal([2, 2, 4, 5]), { boundary: ['periodic'], dimensions: 2 }), /one for each/)
  t.throws(() => sampleLinear(r.normal([3, 4, 5]), r.normal([2, 2, 7])), ShapeError, 'batches of 3 and 2')
  t.throws(() => warp(r.normal([2, 0, 5]), r.normal([2, 2, 0, 5])), /one cell or more/)
  t.end()
})
