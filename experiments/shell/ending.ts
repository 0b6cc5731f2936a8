import { sentence } from './sentence.js'
import { UsageError } from './settings.js'

/** 0 it worked; 1 it failed; 2 it was called wrongly; 130 it was interrupted. */
export type ExitCode = 0 | 1 | 2 | 130

/** A sentence for people; the stack for those who set DEBUG. */
export function fail(error: unknown): 1 | 2 {
  const stack = process.env.DEBUG && error instanceof Error ? error.stack : undefined
  process.stderr.write(`${stack ?? `Error: ${sentence(error)}`}\n`)
  return error instanceof UsageError ? 2 : 1
}

/** Lines for people: on standard output, or beside it where that holds JSON. */
export const teller =
  (json: boolean) =>
  (line: string): void => {
    ;(json ? process.stderr : process.stdout).write(`${line}\n`)
  }
