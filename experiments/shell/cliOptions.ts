import { type Command, InvalidArgumentError, Option } from 'commander'
import { flagOf, type Preset, parseCount, type Setting, settingsOf, showValue, UsageError } from './settings.js'
import type { AnyExperiment } from './types.js'

/** How much: the preset and the first seed. */
export const addPresets = (command: Command): Command =>
  command
    .optionsGroup('How much:')
    .addOption(new Option('--quick', 'the quick preset, to see that it works').conflicts('full'))
    .addOption(new Option('--full', "the full preset: the source's own settings, where they differ"))
    .option(
      '--seed <n>',
      'seed of every random number',
      checked('--seed', text => parseCount(text, 0, 2 ** 32 - 1)),
      0
    )

/** An option for each setting; `parse` is how its words are read, by the setting itself unless given. */
export function addSettings(
  command: Command,
  experiment: AnyExperiment,
  parse: (key: string, setting: Setting, text: string) => unknown = (_key, setting, text) => setting.parse(text)
): Command {
  for (const [key, setting] of Object.entries(settingsOf(experiment) as Record<string, Setting>)) {
    const flag = flagOf(key)
    const about = `${setting.about} ${presetsText(setting)}`
    if (setting.argument === '') command.option(flag, about).option(flag.replace('--', '--no-'))
    else
      command.option(
        `${flag} ${setting.argument}`,
        about,
        checked(flag, text => parse(key, setting, text))
      )
  }
  return command
}

function presetsText({ presets }: Setting): string {
  const [usual, quick, full] = [presets.default, presets.quick, presets.full].map(showValue)
  const others = [quick === usual ? '' : `quick: ${quick}`, full === usual ? '' : `full: ${full}`].filter(Boolean)
  return `(${[`default: ${usual}`, ...others].join(', ')})`
}

/** The settings that the command line gives: the others are the preset's. */
export const givenSettings = (
  command: Command,
  experiment: AnyExperiment,
  options: Record<string, unknown>
): Record<string, unknown> =>
  Object.fromEntries(
    Object.keys(settingsOf(experiment))
      .filter(key => command.getOptionValueSource(key) === 'cli')
      .map(key => [key, options[key]])
  )

/** An option that counts something. */
export const addCount = (command: Command, flags: string, about: string): Command =>
  command.option(
    flags,
    about,
    checked(flags.split(' ')[0], text => parseCount(text, 1, 1024))
  )

/** Commander says which option; what would be right comes from the parser. */
export const checked =
  <T>(flag: string, parse: (text: string) => T) =>
  (text: string): T => {
    try {
      return parse(text)
    } catch (error) {
      if (error instanceof UsageError) throw new InvalidArgumentError(`${flag} wants ${error.message}.`)
      throw error
    }
  }

/** Lines of a command and what it does, under the options. */
export function addExamples(command: Command, lines: [words: string, about: string][]): Command {
  const width = Math.max(...lines.map(([words]) => words.length))
  const text = lines.map(([words, about]) => `  ${words.padEnd(width)}  ${about}`)
  return command.addHelpText('after', ['', 'Examples:', ...text, ''].join('\n'))
}

export const presetOfOptions = (options: Record<string, unknown>): Preset =>
  options.quick ? 'quick' : options.full ? 'full' : 'default'
