import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/**
 * Written beside the path under a name of its own, brought to the disk, then renamed, which the file system does at once
 * or not at all. After an error nothing is left; after a crash at most the file beside it, which `name` may name: then the
 * next write takes it over.
 */
export function writeAtomically(path: string, content: Uint8Array | string, name: string = randomUUID()): void {
  const beside = join(dirname(path), `.${basename(path)}.${name}.tmp`)
  try {
    const file = openSync(beside, 'w')
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}
