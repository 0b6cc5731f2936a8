import { execFileSync } from 'node:child_process'
import t from 'tap'
import { Arena, arena, type Block } from '../../core/arena.js'
import { claim } from '../../core/claim.js'
import {
  cotangentSweep,
  grad,
  jacobianOperator,
  keep,
  onesLike,
  random,
  sampleJacobian,
  sampleJacobianPieces,
  scoped,
  Tape,
  Tensor,
  targetSweep,
  tensor,
  valueAndGrad,
  vjp,
  zeros
} from '../../core/index.js'
import { alloc } from '../../core/memory.js'
import { adjoint } from '../../core/targets/adjoint.js'
import { BlockProblem } from '../../core/targets/blockProblem.js'
import { lbfgs } from '../../core/targets/lbfgs.js'
import { newton } from '../../core/targets/newton.js'
import { saddleFree } from '../../core/targets/saddleFree.js'
import { add, exp, l2, matmul, mul, reshape, sin, sum, tanh } from '../../ops/index.js'
import { evaluate, sipBackward } from '../../optim/index.js'
import { inArena } from '../inArena.js'

/** Large enough for the arena. */
const big = () => random(0).normal([100, 100])
const used = () => arena()!.used

t.test('blocks never overlap, and what is given back is one run again', async t => {
  const LIMIT = 1 << 26
  const store = new Arena({ reach: n => n <= LIMIT, holds: () => true, memory: new WebAssembly.Memory({ initial: 1 }) })
  const r = random(1)
  const alive: Block[] = []
  let refused = 0
  for (let i = 0; i < 20_000; i++) {
    if (alive.length > 0 && r.next() < 0.5) {
      const [block] = alive.splice(Math.floor(r.next() * alive.length), 1)
      store.give(block)
      store.give(block)
    } else {
      const bytes = Math.floor(2 ** (24 * r.next()))
      const block = store.take(bytes)
      if (block) alive.push(block)
      else refused++
    }
    if (i % 100 === 0) {
      const spans = alive.map(b => [store.address(b), store.address(b) + b.bytes]).sort((a, b) => a[0] - b[0])
      if (spans.some(([from], k) => k > 0 && from < spans[k - 1][1])) t.fail(`blocks overlap after ${i} steps`)
      if (alive.some(b => store.at(store.address(b)) !== b || store.at(store.address(b) + b.bytes - 1) !== b))
        t.fail(`a block is not found at its address after ${i} steps`)
    }
  }
  t.ok(refused > 0, `the limit was reached ${refused} times`)
  t.ok(
    alive.every(b => store.address(b) + b.bytes <= LIMIT),
    'and kept'
  )
  for (const block of alive) store.give(block)
  t.equal(store.used, 0)
  const whole = store.take(LIMIT - (1 << 23))
  t.ok(whole && !whole.fresh, 'one block of nearly all there is')
})

t.test('what a tape made belongs to it, large or small', async t => {
  const before = used()
  const tape = new Tape()
  const x = tape.watch(big())
  const { y, small } = tape.record(() => ({ y: mul(x, x), small: sum(x) }))
  const [flat, copy] = [reshape(y, [10_000]), keep(y)]
  t.ok(used() > before, 'in the arena')
  const [ct] = cotangentSweep(tape, [[y, onesLike(y)]]).values()
  tape.dispose()
  t.equal(used(), before, 'given back')
  for (const gone of [y, small, flat]) {
    t.ok(gone.gone)
    for (const read of [() => gone.data, () => gone.toArray(), () => sum(gone)])
      t.throws(read, { code: 'ERR_GRADIENT', message: /disposed/ })
    t.match(String(gone), /disposed/, 'printing does not throw')
  }
  t.same([flat.shape, flat.dtype, flat.size], [[10_000], 'f64', 10_000])
  t.notOk(x.gone || copy.gone || ct.gone, 'inputs, copies and results of sweeps stay')
  t.equal(copy.data[5], x.data[5] ** 2)
  t.equal(ct.data[5], 2 * x.data[5])
})

t.test('memory that is used again is zero where zeros were asked for', async t => {
  scoped(() => zeros([300, 300]).data.fill(7))
  scoped(() => t.ok(alloc(90_000, 'f64').every(v => v === 0)))
})

t.test('scopes', async t => {
  const before = used()
  const x = big()
  const { list, table, same, plain } = scoped(() => {
    const y = mul(x, 2)
    return { list: [y, y], table: new Map([['y', y]]), same: x, plain: { n: 3, f: sin } }
  })
  t.equal(used(), before)
  t.equal(list[0].data[3], 2 * x.data[3])
  t.equal(list[1], list[0], 'one tensor stays one')
  t.equal(table.get('y'), list[0])
  t.equal(same, x, 'what was made outside is not copied')
  t.same(plain, { n: 3, f: sin })
  let inner: Tensor | undefined
  const outer = scoped(() => {
    inner = scoped(() => mul(x, 3))
    t.equal(inner.data[0], 3 * x.data[0], 'an inner scope hands its result to the outer one')
    return inner.data[0]
  })
  t.equal(outer, 3 * x.data[0])
  t.ok(inner!.gone, 'which owns it')
  t.throws(() =>
    scoped(() => {
      inner = mul(x, 3)
      throw new Error('inside')
    })
  )
  t.ok(inner!.gone, 'an error ends a scope')
  t.throws(() => scoped(async () => x), { code: 'ERR_GRADIENT', message: /promise/ })
  t.equal(used(), before)
})

t.test('data does not outlive its block unseen', async t => {
  const x = big()
  const data = scoped(() => mul(x, 2).data)
  const part = scoped(() => new Tensor([5000], mul(x, 2).data.subarray(0, 5000)))
  let stale = x.data
  scoped(() => {
    stale = mul(x, 3).data
  })
  scoped(() => void mul(x, 7))
  t.equal(data[5], 2 * x.data[5], 'data that a scope returns is a copy')
  t.equal(part.data[5], 2 * x.data[5], 'so is a tensor on a part of it')
  t.throws(() => new Tensor([100, 100], stale), { code: 'ERR_GRADIENT' }, 'an array of freed memory makes no tensor')
  const [first] = scoped(() => new Set([mul(x, 2)]))
  t.equal(first.data[5], 2 * x.data[5], 'out of a set')
  t.throws(() => scoped(async () => Promise.reject(new Error('late'))), { code: 'ERR_GRADIENT' })
  await new Promise(done => setTimeout(done, 5))
  const rows: Tensor[] = []
  const theta = random(2).normal([100, 40])
  sampleJacobianPieces(
    (th: Tensor) => tanh(matmul(x, th)),
    ({ rows: piece }) => rows.push(mul(piece, 1))
  )(theta)
  t.ok(rows.length > 0 && rows.every(r => r.data.length > 0), 'what a visitor makes is its own')
})

t.test('verbs copy their results out and leave nothing behind', async t => {
  const x = big()
  const before = used()
  const f = (x: Tensor) => sum(sin(mul(x, x)))
  const { value, grad: g } = valueAndGrad(f)(x)
  t.equal(value.item(), f(x).item())
  t.equal(g.data[7], Math.cos(x.data[7] ** 2) * 2 * x.data[7])
  const second = grad((x: Tensor) => sum(grad(f)(x)))(x)
  const at = x.data[7] ** 2
  t.ok(Math.abs(second.data[7] - (2 * Math.cos(at) - 4 * at * Math.sin(at))) < 1e-12)
  const theta = random(2).normal([100, 40])
  const { J } = sampleJacobian((th: Tensor) => tanh(matmul(x, th)))(theta)
  t.same(J.shape, [100, 40, 100, 40])
  t.equal(used(), before)
  const { value: y, pullback } = vjp(sin)(x)
  t.equal(pullback(onesLike(y)).data[3], Math.cos(x.data[3]), 'a pullback works as long as it is there')
  const { apply, applyT } = jacobianOperator(sin)(x)
  t.same(apply(onesLike(x)).data, applyT(onesLike(x)).data)
})

t.test('a pullback and a Jacobian as products free their tape when they are disposed', async t => {
  const x = big()
  const before = used()
  const pulled = vjp(sin)(x)
  const products = jacobianOperator(sin)(x)
  t.ok(used() > before)
  const [ct, dx] = [pulled.pullback(onesLike(x)), products.apply(onesLike(x))]
  pulled.dispose()
  products[Symbol.dispose]()
  t.equal(used(), before)
  t.ok(pulled.value.gone && products.value.gone)
  t.same(ct.data, dx.data, 'what they gave stays')
  for (const f of [pulled.pullback, products.apply, products.applyT])
    t.throws(() => f(onesLike(x)), { code: 'ERR_GRADIENT', message: /disposed/ })
})

t.test('a solver of a block holds the point where it stands, and no other', async t => {
  inArena(() => {
    const [x, goal] = [random(0).normal([20, 8]), random(1).normal([20, 8])]
    const tape = new Tape()
    tape.watch(x)
    const y = tape.record(() => add(x, mul(x, mul(x, x))))
    for (const solver of [newton(), lbfgs({ maxIterations: 20 }), saddleFree(), adjoint()]) {
      const block = new BlockProblem(tape.sites, [x], [y], [claim(mul(goal, 5))])
      const before = used()
      const seen: number[] = []
      const at = block.at.bind(block)
      block.at = (...args) => {
        seen.push(used())
        return at(...args)
      }
      const { iterations } = scoped(() => solver.solve!(block))
      t.ok(seen.length > (iterations > 1 ? 5 : 1), `${solver.name}: ${iterations} iterations`)
      t.equal(seen[0], before)
      t.ok(seen[1] > before, 'the arena is in use')
      t.same(new Set(seen.slice(1)), new Set([seen[1]]), `flat over ${seen.length} points`)
      t.equal(used(), before)
    }
    tape.dispose()
  })
})

t.test('an evaluation frees its products', async t => {
  const theta = big()
  const before = used()
  {
    using e = evaluate(th => ({ loss: sum(mul(sin(th), th)), y: sin(th) }), theta, { jacobian: 'products' })
    e.hessianProduct(onesLike(theta))
    e.jacobian
    t.ok(used() > before)
  }
  t.equal(used(), before)
})

t.test('inside of a recording nothing ends before the tape', async t => {
  const x = big()
  using tape = new Tape()
  tape.watch(x)
  const slope = tape.record(() => scoped(() => grad((x: Tensor) => sum(exp(x)))(x)))
  const [second] = cotangentSweep(tape, [[slope, onesLike(slope)]]).values()
  t.equal(second.data[9], Math.exp(x.data[9]))
})

t.test('a sweep holds no more than what is under way', async t => {
  const x = big()
  using tape = new Tape()
  tape.watch(x)
  const LONG = 40
  const y = tape.record(() => {
    let y = x
    for (let i = 0; i < LONG; i++) y = sin(y)
    return y
  })
  const before = used()
  let most = 0
  const take = Arena.prototype.take
  Arena.prototype.take = function (...args) {
    const block = take.apply(this, args)
    most = Math.max(most, used())
    return block
  }
  const cts = cotangentSweep(tape, [[y, onesLike(y)]])
  Arena.prototype.take = take
  t.equal(used(), before)
  const each = x.data.byteLength
  t.ok(most - before >= each, 'it uses the arena')
  t.ok(most - before < 6 * each, `${((most - before) / each).toFixed(1)} cotangents at once, of ${2 * LONG}`)
  const want = Array.from({ length: LONG }).reduce<[number, number]>(
    ([v, d]) => [Math.sin(v), d * Math.cos(v)],
    [x.data[4], 1]
  )
  t.ok(Math.abs(cts.get(x)!.data[4] - want[1]) < 1e-14)
})

t.test('target sweeps and SIP hand out tensors that stay', async t => {
  const [x, theta] = [big(), tensor([1.1])]
  const goal = mul(big(), 0.5)
  const run = () => {
    using tape = new Tape()
    const th = tape.watch(theta)
    const { u, y, L } = tape.record(() => {
      const u = mul(th, x)
      const y = exp(mul(u, 0.1))
      return { u, y, L: l2(y, exp(mul(goal, 0.1))) }
    })
    const direct = targetSweep(tape, [[y, onesLike(y)]], [u])
    return { direct, sip: sipBackward(tape, L, { boundary: [u], wrt: th }) }
  }
  const before = used()
  const { direct, sip } = run()
  t.equal(used(), before)
  t.ok(
    direct.targets[0].value.data.every(v => Math.abs(v) < 1e-14),
    'log 1'
  )
  const want = Float64Array.from(x.data).reduce((s, v, i) => s + (theta.data[0] * v - goal.data[i]) * v, 0)
  t.ok(Math.abs(sip.grad.data[0] - want) < 1e-9 * Math.abs(want))
  t.ok(Math.abs(sip.targets[0].value.data[5] - goal.data[5]) < 1e-13)
})

t.test('without room in the arena the garbage collector takes over', async t => {
  const x = big()
  const { home } = arena()!
  const reach = home.reach
  const before = used()
  Object.assign(home, { reach: () => false })
  try {
    // More than what is free below.
    const many = scoped(() => {
      const list = Array.from({ length: 3000 }, () => mul(x, 2))
      t.ok(list.every(y => y.data[1] === 2 * x.data[1]))
      return list.at(-1)!
    })
    t.equal(many.data[2], 2 * x.data[2])
  } finally {
    Object.assign(home, { reach })
  }
  t.equal(used(), before)
})

t.test('a block that is not of the arena is no tensor of it', async t => {
  inArena(() => {
    const y = scoped(() => tensor([1, 2, 3]))
    t.same(y.toArray(), [1, 2, 3])
    t.notOk(y.gone)
  })
})

const api = (name: string) => JSON.stringify(new URL(`../../${name}/index.js`, import.meta.url).href)
const imports = `
  const { random, Tape, cotangentSweep, onesLike } = await import(${api('core')})
  const { mlp, l2, tanh } = await import(${api('ops')})
  const { adam } = await import(${api('optim')})
  const { arena } = await import(${JSON.stringify(new URL('../../core/arena.js', import.meta.url).href)})`

const training = `${imports}
  const net = mlp([8, 24, 8], { activation: tanh })
  const method = adam()
  let theta = net.init(random(0))
  let state = method.init(theta)
  const x = random(1).normal([96, 8])
  const seen = []
  for (let k = 1; k <= 20000; k++) {
    const tape = new Tape()
    const th = tape.watch(theta)
    const L = tape.record(() => l2(net(th, x), x))
    ;({ theta, state } = method.step(theta, cotangentSweep(tape, [[L, onesLike(L)]]).get(th), state))
    tape.dispose()
    if (k % 5000 === 0) {
      // The sweeper frees arrays beside us: the next collection waits for it.
      for (let i = 0; i < 3; i++) gc()
      seen.push([arena().used, process.memoryUsage().heapUsed, process.memoryUsage().arrayBuffers])
    }
  }
  console.log(JSON.stringify(seen))`

t.test('a tape that was never disposed is found out when nobody can reach it or its tensors', async t => {
  const text = `${imports}
    const { exp } = await import(${api('ops')})
    let held
    const leave = () => {
      for (let k = 0; k < 10; k++) {
        const tape = new Tape()
        const x = tape.watch(random(k).normal([100, 100]))
        held = tape.record(() => exp(x))
      }
    }
    leave()
    const seen = [arena().used]
    const collect = async () => {
      for (let i = 0; i < 5; i++) {
        gc()
        await new Promise(done => setTimeout(done, 10))
      }
      seen.push(arena().used)
    }
    await collect()
    const first = held.data[0]
    held = undefined
    await collect()
    console.log(JSON.stringify([...seen, first]))`
  const out = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', text], { encoding: 'utf8' })
  const [all, one, none, first] = JSON.parse(out)
  t.equal(one, all / 10, 'all but the one whose tensor is still there')
  t.equal(first, Math.exp(random(9).normal([100, 100]).data[0]), 'which is whole')
  t.equal(none, 0)
})

t.test('20,000 training steps in one synchronous loop with flat memory', async t => {
  const out = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', training], {
    encoding: 'utf8'
  })
  const [first, ...rest] = JSON.parse(out) as number[][]
  for (const [k, now] of rest.entries()) {
    t.equal(now[0], 0, `${5000 * (k + 2)} steps: nothing is left in the arena`)
    t.ok(
      now[1] < first[1] + 1e6,
      `the heap has ${(now[1] / 1e6).toFixed(2)} MB, ${(first[1] / 1e6).toFixed(2)} at the first`
    )
    t.ok(now[2] < first[2] + 1e6, `arrays ${(now[2] / 1e6).toFixed(2)} MB`)
  }
})
