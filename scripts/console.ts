// Builds the web console into web-console/dist, each file beside its compressed forms. `npm ci` runs it, and
// builds unless that was done since the last change; where the tools that build are not installed (npm ci --omit=dev)
// nothing is built, and the daemon says so to whoever opens it.
// Usage: node scripts/console.ts [--if-possible]
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isUpToDate } from './fresh.ts'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'web-console')
const isPossible = existsSync(join(root, 'node_modules', 'vite')) && existsSync(join(folder, 'index.html'))
const dist = join(folder, 'dist')
const isAsked = !process.argv.includes('--if-possible')
const sources = [
  'web-console',
  'protocol',
  'node',
  'client',
  'daemon/api/contract',
  'package-lock.json',
  'scripts/console.ts'
]
const isDue =
  isAsked ||
  !isUpToDate(
    join(dist, 'index.html'),
    sources.map(path => join(root, path))
  )
/** Below this a file is sent as it is. */
const leastBytes = 1_024

/** What is compressed already, or is its compressed form, stays alone. */
const isText = (name: string): boolean => /\.(html|js|css|svg|json)$/.test(name)

if (isPossible && isDue) {
  await import('./client.ts') // the library, which a page of it uses
  const { build } = await import('vite')
  // Built beside what is there, which a daemon may be serving, and put in its place at once when it is whole.
  const fresh = join(folder, '.cache', `dist-${process.pid}`)
  await build({
    root: folder,
    configFile: join(folder, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: fresh, emptyOutDir: true }
  })
  // Files that work wherever their folder is put: the page that asks no daemon.
  await build({
    root: join(folder, 'alone'),
    base: './',
    configFile: join(folder, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: join(fresh, 'alone'), emptyOutDir: true, chunkSizeWarningLimit: 2_500 }
  })
  for (const name of readdirSync(fresh, { recursive: true, encoding: 'utf8' })) {
    const path = join(fresh, name)
    if (!isText(name) || statSync(path).size < leastBytes) continue
    const bytes = readFileSync(path)
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
  }
  const before = `${fresh}-before`
  if (existsSync(dist)) renameSync(dist, before)
  renameSync(fresh, dist)
  rmSync(before, { recursive: true, force: true })
} else if (!isPossible && isAsked) {
  console.error('the console is not built: its tools are not installed; run npm ci')
  process.exitCode = 1
}
