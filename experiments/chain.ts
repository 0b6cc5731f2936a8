import { planTargets, random, showPlan, Tape, type Tensor, targetSweep, tensor } from '../core/index.js'
import { add, exp, matmul, mul, neg, tanh } from '../ops/index.js'
import { real } from './shell/settings.js'
import { defineExperiment } from './shell/types.js'

/**
 * A chain of physics whose parts invert in different ways, and what the target sweep makes of it:
 *
 *     u = eˣ              exact: the operator's own rule, ln ũ
 *     z = u + c tanh(u W) newton: u meets itself again, so the sites between are one block, solved by Gauss-Newton
 *     y = z e⁻ᶻ           adjoint: beyond the crest at z = 1, y = 1/e, there is no z; Newton finds no way up and
 *                         refuses, and the regular gradient with the Cauchy step answers
 *
 * The plan says before any number is known which sites form blocks; the report says after the sweep which rung answered.
 */
interface Data {
  dot: string
  plan: string
  report: string
  rungs: { rung: string; ops: string; mismatch: number }[]
  before: number
  after: number
}

const P = (x: Tensor, W: Tensor, coupling: number): Tensor => {
  const u = exp(x)
  const z = add(u, mul(tanh(matmul(u, W)), coupling))
  return mul(z, exp(neg(z)))
}

export default defineExperiment({
  name: 'chain',
  title: 'One chain, three rungs: exact, Newton and the gradient',
  problem:
    'A chain of three pieces of physics, of which one has an inverse, one has to be solved and one cannot reach its goal. The target sweep takes for each the first rung of the ladder that applies; the picture shows which.',
  formulas: [
    String.raw`u = e^x, \qquad z = u + c \tanh(u W), \qquad y = z\, e^{-z}`,
    String.raw`\tilde x = \ln \tilde u, \qquad \tilde u = \arg\min \lVert \tilde z - z(u) \rVert, \qquad \tilde z = z - \frac{\lVert g \rVert^2}{\lVert J g \rVert^2}\, g`
  ],
  source: 'Physics-based Deep Learning, "Scale-Invariance and Inversion", when the inverse is partly known',
  methods: ['SIP'],
  takes: { default: 2 },
  settings: {
    coupling: real('strength c of the coupling', { default: 0.5, above: 0 }),
    goal: real('goal for the first entry of y, whose largest value is 1/e = 0.368', { default: 0.45 })
  },
  steps: () => 1,

  run({ seed }, { coupling, goal }, ctx) {
    using tape = new Tape()
    const x = tape.watch(tensor([[-1, -0.8, -1.2]]))
    const W = random(seed).uniform([3, 3], -1, 1)
    const y = tape.record(() => P(x, W, coupling))
    const asked = tensor([[goal, ...Array.from(y.data).slice(1)]])
    const plan = showPlan(planTargets(tape, [y], [x]))
    const targets = targetSweep(tape, [[y, asked]], [x])
    const { report } = targets
    ctx.step()
    const data: Data = {
      dot: tape.toDot({ targets }),
      plan,
      report: String(report),
      rungs: report.rungs.map(r => ({ rung: r.rung, ops: r.ops, mismatch: r.mismatch[0] })),
      before: report.before[0],
      after: report.mismatch[0]
    }
    return { course: {}, data }
  },

  metrics: parts =>
    parts.flatMap(({ data }) =>
      data
        ? [
            ...data.rungs.map(({ rung, ops, mismatch }) => ({
              name: `${rung} (${ops}): mismatch`,
              value: mismatch,
              digits: 2,
              ...(rung === 'adjoint' ? {} : { expected: [0, 1e-9] as [number, number] })
            })),
            {
              name: 'mismatch after / before, end to end',
              value: data.after / data.before,
              expected: [0, 0.9] as [number, number],
              digits: 3,
              note: '0.37 to 0.61 over ten seeds: what cannot be reached is approached'
            }
          ]
        : []
    ),

  figures: parts =>
    parts
      .filter(p => p.data)
      .slice(0, 1)
      .map(p => ({
        kind: 'graph' as const,
        name: 'tape',
        title: 'The tape, painted by the rung that answered',
        caption:
          'From the bottom up: the gradient where Newton refused, Newton on a block, the exact rule. Dashed frames are blocks, which are solved as one.',
        dot: p.data!.dot
      })),

  notes: parts => parts.flatMap(({ data }) => (data ? [`Plan: ${data.plan}`, `Report: ${data.report}`] : []))
})
