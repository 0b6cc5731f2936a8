import { join } from 'node:path'
import { random } from '../../core/index.js'
import { inverseQuality, showQuality } from '../../physics/index.js'
import { checkFolder, writeAtomically } from '../shell/folder.js'
import { missingPackages } from '../shell/requirements.js'
import { flagOf, showValue } from '../shell/settings.js'
import { findCase, inverseCases } from './cases.js'
import type { InverseRequest } from './options.js'

const MANY = 64

/** Prints the quality of an inverse and writes it with a picture; of no name, what can be asked. */
export async function runInverse({ name, settings, seed, json, out, report }: InverseRequest): Promise<0> {
  if (name === undefined) {
    console.log(json ? JSON.stringify(listRows(), null, 2) : listText())
    return 0
  }
  const { name: title, found } = await findCase(name)
  const folder = out ?? join('results', `inverse-${title}`)
  checkFolder(folder)
  const stream = random(seed).split(title)
  const { P, x, toward } = found.at(settings, stream)
  // Of many numbers one draw is a mean already.
  const draws = x.size < MANY ? 2 : 1
  const quality = inverseQuality(P, x, { toward, draws, directions: draws, random: stream.split('quality') })
  const used = Object.entries(settings).map(([key, value]) => `${key} ${showValue(value)}`)
  const result = toJson({ physics: title, about: found.about, settings, seed, quality })
  writeAtomically(join(folder, 'result.json'), result)
  const missing = report ? missingPackages() : []
  if (report && missing.length === 0) {
    // The plotting libraries take half a second to load.
    const [{ figureToSvg, svgToPng }, { qualityFigure }] = await Promise.all([
      import('../shell/plots/render.js'),
      import('./figure.js')
    ])
    const svg = await figureToSvg(qualityFigure(title, quality))
    writeAtomically(join(folder, 'quality.svg'), svg)
    writeAtomically(join(folder, 'quality.png'), svgToPng(svg))
  }
  if (json) process.stdout.write(result)
  else {
    console.log(`${title}: ${found.about}${used.length ? `\n${used.join(', ')}, seed ${seed}` : ''}\n`)
    console.log(showQuality(quality))
    console.log(`\n${report && missing.length === 0 ? 'Picture and numbers' : 'Numbers'}: ${folder}`)
    if (missing.length > 0) console.log(`No picture without ${missing.join(', ')}.`)
  }
  return 0
}

/** Typed arrays as plain ones, what is not finite as text. */
const toJson = (value: unknown): string =>
  `${JSON.stringify(
    value,
    (_, v) =>
      ArrayBuffer.isView(v)
        ? Array.from(v as Float64Array)
        : typeof v === 'number' && !Number.isFinite(v)
          ? String(v)
          : v,
    2
  )}\n`

const listRows = () =>
  Object.entries(inverseCases).map(([physics, { about, settings }]) => ({
    physics,
    about,
    settings: Object.fromEntries(Object.entries(settings).map(([key, s]) => [flagOf(key), s.presets.default]))
  }))

function listText(): string {
  const width = Math.max(...Object.keys(inverseCases).map(n => n.length))
  const lines = listRows().flatMap(({ physics, about, settings }) => [
    `${physics.padEnd(width)}  ${about}`,
    ...(Object.keys(settings).length
      ? [
          `${' '.repeat(width)}  ${Object.entries(settings)
            .map(([flag, v]) => `${flag} ${showValue(v)}`)
            .join(' ')}`
        ]
      : [])
  ])
  return [
    ...lines,
    '',
    "Any other operator ('physgrad ops') is looked at where its examples are; so is the first operator of a module (a path)."
  ].join('\n')
}
