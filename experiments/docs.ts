import { fileURLToPath } from 'node:url'
import { operatorPage } from './operators/page.js'
import { writeAtomically } from './shell/folder.js'

// `npm run docs`: writes docs/operators.html from the operators themselves.
const path = fileURLToPath(new URL('../../docs/operators.html', import.meta.url))
const page = operatorPage()
writeAtomically(path, page)
console.log(`${path}: ${(page.length / 1e3).toFixed(0)} kB`)
