import { existsSync, readFileSync } from 'node:fs'
import { writeAtomically } from '../ops/nn/writeAtomically.js'
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.js'

export { loadParameters, saveParameters } from '../ops/nn/files.js'

/**
 * A file that holds the last checkpoint of a run, in Node. Whenever the process dies, the file is a whole checkpoint: it is
 * written beside, brought to the disk, and renamed. One run per file.
 *
 *     const file = checkpointFile('run.checkpoint')
 *     await train({ …, checkpoint: { every: 100, save: file.save }, resume: file.load() })
 *
 * Run again, it goes on where it was. `load` gives undefined where there is no such file, and throws FormatError
 * for one that holds something else.
 */
export function checkpointFile(path: string): { save(c: Checkpoint): void; load(): Checkpoint | undefined } {
  return {
    save: c => writeAtomically(path, encodeCheckpoint(c), 'next'),
    load: () => (existsSync(path) ? decodeCheckpoint(readFileSync(path), `the checkpoint ${path}`) : undefined)
  }
}
