import { readFileSync } from 'node:fs'

/** A step of docs/your-own-operator.md: what to run, and what it must print. */
export interface Step {
  kind: 'file' | 'program' | 'command'
  text: string
  /** Of a file: its path in the repository. */
  path?: string
  output?: string
}

/** The steps of a text: each code block, with the block of output that follows it. */
export function stepsOf(markdown: string): Step[] {
  const steps: Step[] = []
  for (const [, file, language, text] of markdown.matchAll(
    /(?:<!-- file: (\S+) -->\s*)?^```(\w+)\n([\s\S]*?)^```$/gm
  )) {
    if (file) steps.push({ kind: 'file', text, path: file })
    else if (language === 'ts') steps.push({ kind: 'program', text })
    else if (language === 'sh') steps.push({ kind: 'command', text: text.trim() })
    else if (language === 'text') steps[steps.length - 1].output = text
  }
  return steps
}

export const walkthrough = (root: URL): Step[] =>
  stepsOf(readFileSync(new URL('docs/your-own-operator.md', root), 'utf8'))

/** Without what a table of checks may say otherwise next time: how many checks there are, and the seconds that they took. */
export const timeless = (text: string): string =>
  text
    .replace(/\d+\.\d\d(?= │ (?:yes|NO) )/g, '0.00')
    .replace(/(│ \w+ +│ ) *\d+(?= │)/g, '$1n')
    .replace(/\d+ checks/, 'n checks')
    .trim()
