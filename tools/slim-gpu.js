// Runs before `npm pack`. gpu.js is shipped inside the package (bundleDependencies) as a copy without two dependencies
// that would follow it everywhere: `webgpu` (85 MB of binaries, which gpu.js never loads) and `gl` (compiled for
// minutes, used only under X; gpu.js does without it, silently). npm's `overrides` cannot do that for those who install
// us, since npm honours only those of the root project. The edit is made in node_modules, which `npm ci` restores.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const gpu = new URL('../node_modules/gpu.js/', import.meta.url)
const manifest = new URL('package.json', gpu)
const { webgpu: _, ...dependencies } = JSON.parse(readFileSync(manifest, 'utf8')).dependencies
const slim = { ...JSON.parse(readFileSync(manifest, 'utf8')), dependencies, optionalDependencies: undefined }
writeFileSync(manifest, `${JSON.stringify(slim, null, 2)}\n`)

// Of the builds for browsers, bundlers take the one that package.json names under "browser"; the others are ballast.
for (const file of readdirSync(new URL('dist/', gpu)))
  if (!slim.browser.endsWith(`/${file}`)) rmSync(new URL(`dist/${file}`, gpu))

// npm's cache of the tree still knows the old dependencies; without it, npm reads the folders.
rmSync(new URL('../node_modules/.package-lock.json', import.meta.url), { force: true })
