import type { Argument, Command, Option } from 'commander'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

export const howToComplete = `To have it in every new shell:
  bash  physgrad completion bash >> ~/.bashrc
  zsh   physgrad completion zsh >> ~/.zshrc      (after compinit)
  fish  physgrad completion fish > ~/.config/fish/completions/physgrad.fish
`

/** What the scripts call the program with, before the words typed so far: it prints what the last may become. */
export const COMPLETE = '--complete'

/**
 * The script that makes a shell ask this program, called by `words`, for what may come next. Where the answer is empty,
 * the shell completes names of files.
 */
export function completionScript(shell: Shell, line: string): string {
  const ask = `${line} ${COMPLETE}`
  return {
    bash: `_physgrad() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$(printf '%q' "$word")"); done \\
    < <(${ask} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _physgrad physgrad
`,
    zsh: `_physgrad() {
  local -a found=("\${(@f)$(${ask} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -a found; else _files; fi
}
compdef _physgrad physgrad
`,
    fish: `complete -c physgrad -n 'not __fish_seen_subcommand_from compare report; and not __fish_prev_arg_in --out' -f
complete -c physgrad -a '(${ask} (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`
  }[shell]
}

/**
 * What the last of these words may become, from the tree of commands. `namesOf` knows what an argument or the value of an
 * option may be, where commander does not.
 */
export function candidates(
  program: Command,
  words: readonly string[],
  namesOf: (of: Argument | Option) => readonly string[]
): string[] {
  const last = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  let command = program
  let place = 0
  let open: Option | undefined
  for (const word of before) {
    const next: Command | undefined = open ? undefined : command.commands.find(c => c.name() === word)
    if (open) open = undefined
    else if (next) [command, place] = [next, 0]
    else if (word.startsWith('-')) open = command.options.find(o => (o.long === word || o.short === word) && o.required)
    else place++
  }
  const choices = (of: Argument | Option) => of.argChoices ?? namesOf(of)
  // Of several names between commas, the last.
  const list = last.slice(0, last.lastIndexOf(',') + 1)
  if (open)
    return startingWith(
      last,
      choices(open).map(name => list + name)
    )
  if (last.startsWith('-')) {
    const given = new Set(before)
    return startingWith(
      last,
      [...command.options.map(o => o.long ?? o.short!), '--help'].filter(o => !given.has(o))
    )
  }
  const argument = command.registeredArguments[place] ?? command.registeredArguments.findLast(a => a.variadic)
  return startingWith(last, [...command.commands.map(c => c.name()), ...(argument ? choices(argument) : [])])
}

const startingWith = (start: string, names: readonly string[]): string[] =>
  [...new Set(names)].filter(name => name.startsWith(start))
