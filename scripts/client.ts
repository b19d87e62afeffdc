// Builds `tilth/client` into client/dist, a package that needs no other: for Node and for browsers each one file beside
// its types.
// `npm ci` runs it, and builds unless that was done since the last change; where the tools that build are not installed
// (npm ci --omit=dev) nothing is built. Usage: node scripts/client.ts [--if-possible]
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InputOptions, OutputOptions } from 'rolldown'
import { isUpToDate } from './fresh.ts'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'client')
const dist = join(folder, 'dist')
const isAsked = !process.argv.includes('--if-possible')
const sources = ['client', 'node', 'protocol', 'docs/client.md', 'package.json', 'scripts/client.ts']
const isDue =
  isAsked ||
  !isUpToDate(
    join(dist, 'browser.js'),
    sources.map(path => join(root, path))
  )
const isPossible = ['node_modules/rolldown', 'client/browser.ts'].every(path => existsSync(join(root, path)))

const beside = (name: string): string => join(folder, 'browser', name)

/** Own modules do nothing by being there, so what nobody calls of them is left out. */
const pure: InputOptions = {
  cwd: root,
  logLevel: 'warn',
  treeshake: { moduleSideEffects: id => /node_modules/.test(id) && !/[/\\](pino|prom-client)[/\\]/.test(id) }
}

const common: InputOptions = {
  ...pure,
  // Of modules of which nothing is left, in a browser; that none is, is looked at below.
  external: /^node:/,
  resolve: {
    alias: {
      // A light peer shows nobody its metrics.
      'prom-client': beside('no-metrics.ts'),
      // Its WebAssembly is loaded by means that a strict policy of a page refuses, and from beside its module.
      'tiny-secp256k1': beside('secp256k1.ts')
    }
  }
}
const forms: Record<'browser' | 'node', InputOptions> = {
  browser: { ...common, input: join(folder, 'browser.ts'), platform: 'browser' },
  node: { ...common, input: join(folder, 'node.ts'), platform: 'node' }
}
const output: OutputOptions = {
  format: 'esm',
  comments: false,
  codeSplitting: false
}

if (isPossible && isDue) {
  const { rolldown } = await import('rolldown')
  const fresh = join(root, '.cache', `client-${process.pid}`)
  for (const [name, input] of Object.entries(forms)) {
    const bundle = await rolldown(input)
    const { output: made } = await bundle.write({
      ...output,
      file: join(fresh, `${name}.js`),
      // Node shows the line that an error came from: one of all the program would bury what the error says.
      minify: name === 'browser' || { compress: true, mangle: false, codegen: { removeWhitespace: false } }
    })
    await bundle.close()
    const left = made.flatMap(one => (one.type === 'chunk' ? one.imports : []))
    if (name === 'browser' && left.length > 0) throw new Error(`a browser has none of ${left.join(', ')}`)
  }
  // The types import nothing, and the two entrances have names of their own.
  copyFileSync(join(folder, 'types.ts'), join(fresh, 'types.d.ts'))
  for (const name of ['browser', 'node'])
    writeFileSync(
      join(fresh, `${name}.d.ts`),
      readFileSync(join(folder, 'published', `${name}.d.ts`), 'utf8').replaceAll("'../types.ts'", "'./types.js'")
    )
  // A package by itself, which needs no other: what is published is this folder.
  const { version, license, description } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
    string,
    string
  >
  const entrance = (name: keyof typeof forms) => ({ types: `./${name}.d.ts`, default: `./${name}.js` })
  const exports = { './client': { browser: entrance('browser'), default: entrance('node') } }
  const files = ['browser.js', 'browser.d.ts', 'node.js', 'node.d.ts', 'types.d.ts']
  const engines = { node: '>=20' }
  const published = {
    name: 'tilth',
    version,
    description,
    license,
    type: 'module',
    sideEffects: false,
    engines,
    exports,
    files
  }
  writeFileSync(join(fresh, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  copyFileSync(join(root, 'docs', 'client.md'), join(fresh, 'README.md'))
  copyFileSync(join(root, 'LICENSE'), join(fresh, 'LICENSE'))
  const before = join(root, '.cache', `client-before-${process.pid}`)
  if (existsSync(dist)) renameSync(dist, before)
  renameSync(fresh, dist)
  rmSync(before, { recursive: true, force: true })
} else if (!isPossible && isAsked) {
  console.error('tilth/client is not built: its tools are not installed; run npm ci')
  process.exitCode = 1
}
