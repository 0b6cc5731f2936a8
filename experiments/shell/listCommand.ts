import type { ExitCode } from './ending.js'
import { presetTimes } from './format.js'
import { type ExperimentTable, loadExperiment } from './types.js'

/** Every experiment: what it is about, its methods, its named sweeps, and roughly how long it takes. */
export async function listCommand({ json }: { json: boolean }, table: ExperimentTable): Promise<ExitCode> {
  const listed = await Promise.all(
    Object.entries(table).map(async ([name, { about, module }]) => {
      const { methods, sweeps = {}, takes = {} } = await loadExperiment(module)
      return { name, about, methods: methods as string[], sweeps: Object.keys(sweeps), takes }
    })
  )
  if (json) {
    console.log(JSON.stringify(listed, null, 2))
    return 0
  }
  const width = Math.max(0, ...listed.map(({ name }) => name.length))
  for (const { name, about, methods, sweeps, takes } of listed) {
    const times = presetTimes(takes)
    const more = [
      methods.join(', '),
      sweeps.length > 0 ? `sweeps: ${sweeps.join(', ')}` : '',
      times ? `takes: ${times}` : ''
    ]
    console.log(`${name.padEnd(width)}  ${about}\n${' '.repeat(width)}  ${more.filter(Boolean).join('; ')}`)
  }
  return 0
}
