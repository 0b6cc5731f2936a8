import t from 'tap'
import {
  apply,
  cotangentSweep,
  defineBlock,
  defineOp,
  GradientError,
  grad,
  keep,
  NonFiniteError,
  random,
  Tape,
  type Tensor,
  tangentSweep,
  targetSweep,
  tensor,
  valueAndGrad
} from '../../core/index.js'
import { activeTapes } from '../../core/tape.js'
import {
  add,
  div,
  exp,
  identity,
  layerNorm,
  log,
  maxPool2d,
  mlp,
  mul,
  reshape,
  square,
  sum,
  tanh
} from '../../ops/index.js'

const cube = defineBlock({
  name: 'cube',
  forward: ([x]) => mul(square(x), x),
  examples: r => [{ inputs: [r.normal([2])] }]
})

t.test('recording', async t => {
  t.test('only what depends on a watched tensor becomes a site, in order', async t => {
    const tape = new Tape()
    const x = tape.watch(tensor([1, 2]))
    const c = tensor([3, 4])
    const before = square(x)
    const y = tape.record(() => {
      square(c)
      return sum(mul(square(x), c))
    })
    t.same(
      tape.sites.map(s => s.op.name),
      ['square', 'mul', 'sum']
    )
    t.ok(tape.knows(x) && tape.knows(y))
    t.notOk(tape.knows(c) || tape.knows(before))
    t.same(tape.watched, [x])
  })

  t.test('several tensors, watched again, watched in the middle', async t => {
    const tape = new Tape()
    const [a, b] = tape.watch([tensor(2), tensor(3)] as const)
    tape.watch(a)
    t.equal(tape.watched.length, 2)
    const y = tape.record(() => mul(tape.watch(mul(a, b)), b))
    t.equal(
      cotangentSweep(tape, [[y, tensor(1)]])
        .get(a)!
        .item(),
      9
    )
  })

  t.test('recording inside of recording on one tape makes one site of each application', async t => {
    const tape = new Tape()
    const x = tape.watch(tensor(3))
    const y = tape.record(() => tape.record(() => square(x)))
    t.equal(tape.sites.length, 1)
    t.equal(
      cotangentSweep(tape, [[y, tensor(1)]])
        .get(x)!
        .item(),
      6
    )
  })

  t.test('tapes nest: each records what depends on its own', async t => {
    const [outer, inner] = [new Tape(), new Tape()]
    const x = outer.watch(tensor(2))
    const y = inner.watch(tensor(5))
    outer.record(() => {
      square(x)
      inner.record(() => mul(square(y), x))
    })
    t.same(
      outer.sites.map(s => s.op.name),
      ['square', 'mul']
    )
    t.same(
      inner.sites.map(s => s.op.name),
      ['square', 'mul']
    )
  })

  t.test('an exception, also from a nested tape, leaves no tape recording', async t => {
    const [outer, inner] = [new Tape(), new Tape()]
    const x = outer.watch(tensor(2))
    t.throws(
      () =>
        outer.record(() => {
          square(x)
          inner.record(() => {
            throw new Error('mine')
          })
        }),
      { message: 'mine' }
    )
    t.equal(activeTapes().length, 0)
    square(x)
    t.equal(outer.sites.length, 1)
    // One inside that was caught: the outer tape goes on.
    outer.record(() => {
      try {
        grad(() => {
          throw new Error('mine')
        })(x)
      } catch {}
      square(x)
    })
    t.equal(outer.sites.filter(s => s.op.name === 'square').length, 2)
  })

  t.test('paused: the tape is silent, outer ones go on', async t => {
    const [outer, inner] = [new Tape(), new Tape()]
    const x = tensor(2)
    outer.watch(x)
    inner.watch(x)
    outer.record(() => inner.record(() => inner.pausedWhile(() => square(x))))
    t.equal(outer.sites.length, 1)
    t.equal(inner.sites.length, 0)
    t.notOk(inner.paused)
    t.throws(() =>
      inner.pausedWhile(() => {
        throw new Error('mine')
      })
    )
    t.notOk(inner.paused)
  })

  t.test('a sweep of one tape is recorded by the other, and can be differentiated', async t => {
    const outer = new Tape()
    const x = outer.watch(tensor(3))
    const slope = outer.record(() => {
      const inner = new Tape()
      const z = inner.watch(identity(x))
      const y = inner.record(() => mul(square(z), z))
      return cotangentSweep(inner, [[y, tensor(1)]]).get(z)!
    })
    t.equal(slope.item(), 27)
    t.equal(
      cotangentSweep(outer, [[slope, tensor(1)]])
        .get(x)!
        .item(),
      18
    )
  })

  t.test('an async function is refused; what it throws later reaches nobody', async t => {
    const tape = new Tape()
    const late = () => Promise.reject(new Error('late'))
    t.throws(() => tape.record(late), GradientError)
    t.throws(() => tape.record(async () => 1), GradientError)
    await new Promise(done => setTimeout(done, 5))
    t.equal(activeTapes().length, 0)
  })

  t.test('using: a tape is gone at the end of its block, and says so', async t => {
    let kept: Tape
    let y: Tensor
    let copy: Tensor
    {
      using tape = new Tape()
      kept = tape
      const x = tape.watch(tensor([1, 2]))
      y = tape.record(() => sum(square(x)))
      copy = keep(y)
      t.same(
        cotangentSweep(tape, [[y, tensor(1)]])
          .get(x)!
          .toArray(),
        [2, 4]
      )
    }
    t.ok(kept.disposed)
    t.equal(copy.item(), 5, 'a copy outlives the tape')
    t.throws(() => y.item(), { code: 'ERR_GRADIENT', message: /disposed.*keep\(t\)/ })
    for (const use of [
      () => cotangentSweep(kept, [[y, tensor(1)]]),
      () => tangentSweep(kept, [], []),
      () => kept.watch(y),
      () => kept.record(() => y),
      () => kept.toText()
    ])
      t.throws(use, { code: 'ERR_GRADIENT', found: 'the tape was disposed' })
  })
})

t.test('blocks', async t => {
  const f = (x: Tensor) => sum(apply(cube, [x]))

  t.test('one site, derivatives to fourth order through its inside', async t => {
    const tape = new Tape()
    const x = tape.watch(tensor([1, -2]))
    tape.record(() => apply(cube, [x]))
    t.equal(tape.sites.length, 1)
    const first = (x: Tensor) => sum(grad(f)(x))
    const second = (x: Tensor) => sum(grad(first)(x))
    const third = (x: Tensor) => sum(grad(second)(x))
    t.same(grad(f)(x).toArray(), [3, 12])
    t.same(grad(first)(x).toArray(), [6, -12])
    t.same(grad(second)(x).toArray(), [6, 6])
    t.same(grad(third)(x).toArray(), [0, 0])
  })

  t.test('what it reads from outside must not depend on a watched tensor', async t => {
    const weighted = (w: Tensor) =>
      defineBlock({ name: 'weighted', forward: ([x]) => mul(x, w), examples: () => [{ inputs: [tensor(1)] }] })
    const x = tensor(2)
    t.throws(() => grad((w: Tensor) => apply(weighted(w), [x]))(tensor(3)), { code: 'ERR_GRADIENT' })
    t.throws(() => grad((w: Tensor) => apply(weighted(w), [w]))(tensor(3)), { code: 'ERR_GRADIENT' })
    t.equal(grad((z: Tensor) => apply(weighted(tensor(3)), [z]))(x).item(), 3, 'a constant may be read')
    const both = defineBlock({ name: 'both', forward: ([x, w]) => mul(x, w), examples: () => [] })
    t.equal(grad((w: Tensor) => apply(both, [x, w]))(tensor(3)).item(), 2)
  })

  t.test('a block inside of a block', async t => {
    const ninth = defineBlock({ name: 'ninth', forward: ([x]) => apply(cube, [apply(cube, [x])]), examples: () => [] })
    const g = (x: Tensor) => apply(ninth, [x])
    t.equal(grad(g)(tensor(2)).item(), 9 * 2 ** 8)
    t.equal(grad((x: Tensor) => grad(g)(x))(tensor(2)).item(), 72 * 2 ** 7)
  })
})

t.test('inspection', async t => {
  const small = () => {
    const tape = new Tape()
    const x = tape.watch(
      tensor([
        [1, 2, 3],
        [4, 5, 6]
      ])
    )
    tape.record(() => sum(reshape(mul(square(x), tensor([1, 2, 3])), [6])))
    return tape
  }

  t.test('toText is a table; what is shared counts nothing', async t => {
    t.equal(
      small().toText(),
      [
        'site  op       inputs    output      bytes',
        'x0    watched            f64 [2, 3]',
        '%0    square   x0        f64 [2, 3]     48',
        '%1    mul      %0, c[3]  f64 [2, 3]     48',
        '%2    reshape  %1        f64 [6]         0',
        '%3    sum      %2        f64 []          8',
        '      4 sites                          104'
      ].join('\n')
    )
  })

  t.test('toJSON is plain data; JSON.stringify uses it', async t => {
    const tape = small()
    const json = tape.toJSON()
    t.same(JSON.parse(JSON.stringify({ tape })).tape, JSON.parse(JSON.stringify(json)))
    t.equal(json.bytes, 104)
    t.same(json.watched, [{ ref: 'x0', shape: [2, 3], dtype: 'f64' }])
    t.same(json.sites[1], {
      index: 1,
      op: 'mul',
      inputs: [
        { ref: '%0', shape: [2, 3], dtype: 'f64' },
        { ref: 'c', shape: [3], dtype: 'f64' }
      ],
      output: { ref: '%1', shape: [2, 3], dtype: 'f64' },
      bytes: 48
    })
  })

  t.test('what a rule saved counts: the places of a maximum', async t => {
    const tape = new Tape()
    const x = tape.watch(random(0).normal([1, 4, 4], 0, 1, { dtype: 'f32' }))
    tape.record(() => maxPool2d(x, 2))
    t.equal(tape.toJSON().bytes, 4 * 4 + 4 * 4, 'four f32 and four Int32')
  })

  t.test('blocks expand; their bytes are those of their inside', async t => {
    const tape = new Tape()
    const x = tape.watch(tensor([1, 2]))
    tape.record(() => apply(cube, [add(x, 1)]))
    t.equal(
      tape.toText({ expand: true }),
      [
        'site    op       inputs      output   bytes',
        'x0      watched              f64 [2]',
        '%0      add      x0, c[]     f64 [2]     16',
        '%1      cube     %0          f64 [2]     32',
        '  x1.0  watched              f64 [2]',
        '  %1.0  square   x1.0        f64 [2]     16',
        '  %1.1  mul      %1.0, x1.0  f64 [2]     16',
        '        2 sites                          48'
      ].join('\n')
    )
    t.equal(tape.toJSON().bytes, 48, 'the same bytes when closed')
    t.equal(tape.toJSON().sites[1].inside, undefined)
    t.equal(tape.toJSON({ expand: true }).sites[1].inside?.result?.ref, '%1')
  })

  t.test('toDot: every arrow joins two nodes, frames close, names are quoted', async t => {
    const strange = defineOp({ ...cube, name: 'a "strange"\\name', noInverse: 'none' })
    const tape = new Tape()
    const x = tape.watch(random(0).normal([3, 2]))
    tape.record(() => sum(layerNorm(apply(strange, [x]), tensor([1, 1]), tensor([0, 0]))))
    for (const expand of [false, true]) {
      const dot = tape.toDot({ expand })
      const node = /"(?:[^"\\]|\\.)*"/y
      const nodes = new Set<string>()
      const arrows: string[][] = []
      let depth = 0
      for (const line of dot
        .trim()
        .split('\n')
        .map(l => l.trim())) {
        depth += Number(line.endsWith('{')) - Number(line === '}')
        node.lastIndex = 0
        const [from] = node.exec(line) ?? []
        if (!from) continue
        const rest = line.slice(from.length)
        if (rest.startsWith(' -> ')) {
          node.lastIndex = from.length + 4
          arrows.push([from, node.exec(line)![0]])
        } else if (rest.startsWith(' [label=')) nodes.add(from)
      }
      t.equal(depth, 0)
      for (const [a, b] of arrows) t.ok(nodes.has(a) && nodes.has(b), `${a} -> ${b}`)
      const all = tape.toJSON({ expand }).sites
      const inner = all.flatMap(s => s.inside?.sites ?? [])
      t.equal(arrows.filter(([, b]) => b.includes('%')).length, count(all) + count(inner) + (expand ? 2 : 0))
      t.equal(dot.includes('cluster_1'), expand)
      t.match(dot, 'a \\"strange\\"\\\\name')
    }
    function count(rows: { inputs: unknown[] }[]): number {
      return rows.reduce((n, r) => n + r.inputs.length, 0)
    }
  })

  t.test('a network of 1,444 parameters: reading them costs their size once', async t => {
    const net = mlp([4, 20, 20, 20, 24])
    const tape = new Tape()
    const theta = tape.watch(net.init(random(0)))
    tape.record(() => net(theta, random(1).normal([8, 4])))
    const { sites, bytes } = tape.toJSON()
    const read = sites.filter(s => s.op === 'slice').reduce((n, s) => n + s.bytes, 0)
    t.equal(read, 8 * 1444)
    t.ok(sites.filter(s => s.op === 'reshape').every(s => s.bytes === 0))
    t.equal(
      bytes,
      sites.reduce((n, s) => n + s.bytes, 0)
    )
  })

  t.test('the first site that made NaN or infinity: operator, shapes, ranges of its inputs', async t => {
    const tape = new Tape()
    const x = tape.watch(tensor([2, 0, -1]))
    t.equal(tape.firstNonFinite(), undefined)
    tape.record(() => mul(log(div(1, x)), 0))
    const found = tape.firstNonFinite()
    t.equal(found?.index, 0)
    t.equal(found?.site.op.name, 'div')
    t.equal(found?.message, 'site 0, div of [] in [1, 1], [3] in [-1, 2]')
    t.throws(() => tape.checkFinite(), NonFiniteError)
    t.throws(() => tape.checkFinite(), /made by site 0, div of \[\] in \[1, 1\], \[3\] in \[-1, 2\]/)
    t.match(tape.toText(), /%0 +div +c\[\], x0 +f64 \[3\] +24 {2}← first NaN or infinity/)
    t.equal(tape.toText().match(/first NaN/g)?.length, 1)
    t.match(tape.toDot(), /"%0" \[label="%0 div\\nf64 \[3\]", color=red/)
    const second = new Tape()
    const y = second.watch(tensor([Number.NaN, 1]))
    second.record(() => square(y))
    t.equal(second.firstNonFinite()?.message, 'site 0, square of [2] in [1, 1] and 1 not finite')
  })

  t.test('toDot with targets: every site that was swept is painted by its rung, blocks have a frame', async t => {
    const tape = new Tape()
    const x = tape.watch(tensor([0.5, 2]))
    const y = tape.record(() => exp(mul(x, tanh(x))))
    const targets = targetSweep(tape, [[y, mul(y, 1.1)]], [x])
    const dot = tape.toDot({ targets })
    t.match(dot, /"%2" \[label="%2 exp\\nf64 \[2\]\\nexact", style="rounded,filled"/)
    t.match(
      dot,
      /subgraph "cluster_rung1" \{ label="one block"; labeljust=l; fontsize=11; style=dashed\n.*%0 tanh.*newton.*\n.*%1 mul.*newton/
    )
    t.equal(dot.match(/fillcolor/g)?.length, 3)
    t.same(
      targets.covered.map(sites => sites.map(s => s.op.name)),
      [['exp'], ['tanh', 'mul']]
    )
  })

  t.test('a tape without sites', async t => {
    t.match(new Tape().toText(), /^site {2}op +inputs {2}output {2}bytes\n +0 sites +0$/)
    t.equal(new Tape().toJSON().bytes, 0)
  })
})

t.test('the value of a verb does not belong to a tape of the caller', async t => {
  const tape = new Tape()
  const x = tape.watch(tensor([1, 2]))
  const { value, grad: g } = valueAndGrad((z: Tensor) => sum(square(z)))(x)
  t.notOk(tape.knows(value) || tape.knows(g))
})

t.test('tangents that meet at one tensor add up, as cotangents do', async t => {
  const tape = new Tape()
  const x = tape.watch(tensor([1, 2]))
  const [y, z] = tape.record(() => {
    const y = mul(x, 2)
    return [y, mul(y, 3)]
  })
  const named = tangentSweep(
    tape,
    [
      [x, tensor([5, 6])],
      [x, tensor([1, 1])]
    ],
    [y]
  )
  t.same(named[0]!.toArray(), [12, 14], 'a tensor named twice')
  const both = tangentSweep(
    tape,
    [
      [x, tensor([1, 1])],
      [y, tensor([1, 0])]
    ],
    [z]
  )
  t.same(both[0]!.toArray(), [9, 6], 'a tensor that a site makes besides')
})
