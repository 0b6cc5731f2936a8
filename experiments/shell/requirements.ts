import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** What experiments need besides the library; a clone has it, an installed package leaves it out. */
const packages = [
  'cli-progress',
  'vega',
  'd3-contour',
  '@viz-js/viz',
  'opentype.js',
  'dejavu-fonts-ttf',
  '@resvg/resvg-js',
  'pngjs',
  'katex'
]

/** What is not there. */
export function missingPackages(): string[] {
  const { resolve } = createRequire(import.meta.url)
  return packages.filter(name => !resolve.paths(name)?.some(folder => existsSync(join(folder, name))))
}

/** Throws one sentence where something is missing: before a long run, not after it. */
export function checkRequirements(): void {
  const missing = missingPackages()
  if (missing.length > 0)
    throw new Error(
      `experiments need ${missing.join(', ')}, which the installed package leaves out. Install ${missing.length === 1 ? 'it' : 'them'} beside physgrad, or run the experiment in a clone of physgrad by npm start.`
    )
}
