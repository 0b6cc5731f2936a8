import { makeProgram } from './cli.js'
import { candidates } from './completion.js'
import { settingsOf } from './settings.js'
import { type ExperimentTable, loadExperiment } from './types.js'

/** What the last of these words may become: commands, experiments, their options and the names these take, operators. */
export async function complete(words: readonly string[], table: ExperimentTable): Promise<string[]> {
  const program = await makeProgram(words, table, 'physgrad', () => {})
  const named = words.find(word => Object.hasOwn(table, word))
  const settings = named === undefined ? {} : settingsOf(await loadExperiment(table[named].module))
  const operators = ['explain', 'check'].includes(words[0])
    ? (await import('../operators/catalogue.js')).catalogue.map(({ op }) => op.name)
    : []
  return candidates(program, words, of => {
    if ('attributeName' in of) return settings[of.attributeName()]?.choices ?? []
    return of.name() === 'operators' ? operators : []
  })
}
