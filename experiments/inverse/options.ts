import type { Command } from 'commander'
import { flagOf, parseCount, presetOf, type Setting, type SettingValue, showValue } from '../shell/settings.js'

/** What `physgrad inverse` was asked. */
export interface InverseRequest {
  kind: 'inverse'
  /** Left out: what can be asked. */
  name?: string
  settings: Record<string, SettingValue>
  seed: number
  json: boolean
  out?: string
  report: boolean
}

type Checked = (flag: string, parse: (text: string) => SettingValue) => (text: string) => SettingValue

/** Adds the command `inverse`; only where `argv` names a case are its settings loaded, and become options. */
export async function addInverse(
  program: Command,
  argv: readonly string[],
  checked: Checked,
  found: (request: InverseRequest) => void
): Promise<void> {
  const command = program
    .command('inverse [physics]')
    .description(
      'how well a simulator, an operator or one in a module (a path) can be inverted; without a name, what there is'
    )
    .helpGroup('Operators:')
    .option(
      '--seed <n>',
      'seed of every random number',
      checked('--seed', t => parseCount(t, 0, 2 ** 32 - 1)),
      0
    )
    .option('--out <folder>', 'where numbers and picture go (default: results/inverse-<physics>)')
    .option('--json', 'print the results as JSON')
    .option('--no-report', 'no picture')
  const settings = await settingsOf(argv)
  for (const [key, setting] of Object.entries(settings))
    command.option(
      `${flagOf(key)} ${setting.argument}`,
      `${setting.about} (default: ${showValue(setting.presets.default)})`.trim(),
      checked(flagOf(key), setting.parse)
    )
  command.action((name: string | undefined, options: Record<string, unknown>) => {
    const values = presetOf(settings, 'default')
    for (const key of Object.keys(values))
      if (command.getOptionValueSource(key) === 'cli') values[key] = options[key] as SettingValue
    found({
      kind: 'inverse',
      name,
      settings: values,
      seed: options.seed as number,
      json: Boolean(options.json),
      out: options.out as string | undefined,
      report: options.report !== false
    })
  })
}

/** Also for `help inverse diffuse`. */
async function settingsOf(argv: readonly string[]): Promise<Record<string, Setting>> {
  const at = argv.indexOf('inverse')
  if (at < 0 || at > 1) return {}
  const { caseNamed, inverseCases } = await import('./cases.js')
  const name = argv
    .slice(at + 1)
    .map(caseNamed)
    .find(Boolean)
  return name ? inverseCases[name].settings : {}
}
