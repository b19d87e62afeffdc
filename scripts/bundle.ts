// Bundles the command line, the daemon and the programs that have threads and processes of their own into dist/: a few
// files of JavaScript where the sources are some two thousand modules, whose texts and compiled code each process would
// hold. `npm ci` runs it, and bundles unless that was done since the last change; where the tools that bundle are not
// installed (npm ci --omit=dev) the sources are run.
// Usage: node scripts/bundle.ts [--if-possible]
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isUpToDate } from './fresh.ts'
import type { Mapped } from './narrow.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const isAsked = !process.argv.includes('--if-possible')
const sources = [
  'protocol',
  'node',
  'daemon',
  'package-lock.json',
  'scripts/bundle.ts',
  'scripts/narrow.ts',
  'bin/bundle.js',
  'bin/memory.js'
]
const isDue =
  isAsked ||
  !isUpToDate(
    join(dist, 'daemon/cli/main.js'),
    sources.map(path => join(root, path))
  )
const isPossible = ['node_modules/rolldown', 'daemon/cli/main.ts'].every(path => existsSync(join(root, path)))

/**
 * What stays a package: native code, WebAssembly that is read from beside its module, and what is loaded by few and
 * brings much.
 */
const packages = [
  '@chainsafe/libp2p-quic',
  '@foundry-rs/anvil',
  '@libp2p/webrtc',
  'classic-level',
  'helia',
  'node',
  'onnxruntime-node',
  'rabin-wasm',
  'tiny-secp256k1',
  'unpdf'
]

/** The command line, and every module that is started by its name (node/runtime/program.ts), without their endings. */
function programs(): string[] {
  const found = new Set(['daemon/cli/main'])
  for (const layer of ['node', 'daemon'])
    for (const name of readdirSync(join(root, layer), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue
      const path = join(layer, name)
      for (const [, beside] of readFileSync(join(root, path), 'utf8').matchAll(
        /programBeside\(import\.meta\.url, '(\w+)'\)/g
      ))
        found.add(join(dirname(path), beside ?? '').replaceAll('\\', '/'))
    }
  return [...found]
}

const packageFile = /new URL\('([^']+)', import\.meta\.resolve\('([^']+)'\)\)\.href/g

/** Modules keep the address that they would have in dist/ if each were a file of its own, and find what lies beside. */
const addresses = {
  name: 'addresses',
  transform(code: string, id: string): { code: string; map: null } | undefined {
    const path = relative(root, id)
    if (/^\.\.|node_modules/.test(path) || !code.includes('import.meta.')) return undefined
    const address = `./${path.replaceAll('\\', '/').replace(/\.ts$/, '.js')}`
    const moved = code
      .replace(packageFile, (_, file: string, name: string) =>
        JSON.stringify(fileURLToPath(new URL(file, import.meta.resolve(name))))
      )
      .replaceAll('import.meta.url', `new URL(${JSON.stringify(address)}, import.meta.url).href`)
    return { code: moved, map: null }
  }
}

if (isPossible && isDue) {
  const [{ rolldown }, { narrowed }] = [await import('rolldown'), await import('./narrow.ts')]
  const names = programs()
  const flat = (name: string): string => name.replaceAll('/', '-')
  const bundle = await rolldown({
    cwd: root,
    input: Object.fromEntries(names.map(name => [flat(name), `./${name}.ts`])),
    platform: 'node',
    external: id => packages.some(name => id === name || (name !== 'helia' && id.startsWith(`${name}/`))),
    plugins: [addresses],
    logLevel: 'warn'
  })
  const fresh = join(root, '.cache', `dist-${process.pid}`)
  await bundle.write({
    dir: fresh,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // Names stay, so that a trace can be read as it is; `NODE_OPTIONS=--enable-source-maps` gives its lines as well.
    minify: { compress: true, mangle: false, codegen: true },
    keepNames: true,
    comments: false,
    sourcemap: true,
    sourcemapExcludeSources: true
  })
  for (const name of readdirSync(fresh).filter(name => name.endsWith('.js'))) {
    const path = join(fresh, name)
    const map = existsSync(`${path}.map`) ? (JSON.parse(readFileSync(`${path}.map`, 'utf8')) as Mapped) : undefined
    const code = narrowed(readFileSync(path, 'utf8'), map)
    if (code === undefined) continue
    writeFileSync(path, code)
    if (map !== undefined) writeFileSync(`${path}.map`, JSON.stringify(map))
  }
  for (const name of names) {
    const path = join(fresh, `${name}.js`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `export * from '${'../'.repeat(name.split('/').length - 1)}${flat(name)}.js'\n`)
  }
  // Put in place at once when it is whole: daemons of the one before may be starting.
  const before = join(root, '.cache', `dist-before-${process.pid}`)
  if (existsSync(dist)) renameSync(dist, before)
  renameSync(fresh, dist)
  rmSync(before, { recursive: true, force: true })
} else if (!isPossible && isAsked) {
  console.error('nothing is bundled: the tools for it are not installed; run npm ci')
  process.exitCode = 1
}
