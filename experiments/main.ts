// Placeholder: takes the main job's arguments and leaves a file where the report will be.
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, full: { type: 'boolean' }, json: { type: 'boolean' }, out: { type: 'string' } }
})
const out = values.out ?? 'results'
mkdirSync(out, { recursive: true })
writeFileSync(`${out}/${positionals[0] ?? 'heat'}.json`, '{}\n')
