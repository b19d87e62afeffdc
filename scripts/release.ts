// A release: what has to be true is checked, then its files are made in dist/release. Nothing is uploaded or pushed.
// Usage: node scripts/release.ts [--sbom] [--tag]
//   --sbom  only the list of parts (CycloneDX), to standard output
//   --tag   puts the tag vVERSION on the commit as well
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sectionOf } from './release/changelog.ts'
import { faultsOf, sbomOf } from './release/sbom.ts'
import type { Lock, Product } from './release/sbom.ts'

const root = join(import.meta.dirname, '..')
const read = (name: string): string => readFileSync(join(root, name), 'utf8')
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
const node = (...args: string[]): string => run(process.execPath, ...args)

const product = JSON.parse(read('package.json')) as Product
const lock = JSON.parse(read('package-lock.json')) as Lock & { version?: string }
const sbom = sbomOf(lock, product)
const sbomText = `${JSON.stringify(sbom, null, 2)}\n`

/** What keeps this commit from being a release. */
function faults(): string[] {
  const { version } = product
  const found = faultsOf(sbom).map(text => `a licence that may not be shipped: ${text}`)
  // [reject] What is released is what was committed.
  if (run('git', 'status', '--porcelain') !== '') found.push('something is not committed')
  // [reject] Whoever takes a version up reads what changed.
  if (sectionOf(read('CHANGELOG.md'), version) === undefined) found.push(`CHANGELOG.md says nothing of ${version}`)
  // [reject] A version is released once.
  if (run('git', 'tag', '--list', `v${version}`) !== '') found.push(`v${version} is a tag already`)
  if (lock.version !== version) found.push(`package-lock.json is of version ${lock.version}, not ${version}`)
  try {
    node('scripts/api-page.ts', '--check')
  } catch {
    found.push('docs/API.md is not current: npm run docs:api')
  }
  return found
}

function release(): void {
  const { name, version } = product
  const found = faults()
  for (const fault of found) console.error(fault)
  if (found.length > 0) {
    process.exitCode = 1
    return
  }
  const folder = join(root, 'dist', 'release')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const files = [`${name}-${version}.tar.gz`, `${name}-${version}.cdx.json`, `${name}-${version}.md`]
  const [archive = '', parts = '', notes = ''] = files
  // The commit's own files, with its time: whoever makes it again gets the same bytes.
  run('git', 'archive', '--format=tar.gz', `--prefix=${name}-${version}/`, `--output=${join(folder, archive)}`, 'HEAD')
  writeFileSync(join(folder, parts), sbomText)
  writeFileSync(join(folder, notes), `${sectionOf(read('CHANGELOG.md'), version)}\n`)
  const sums = files.map(
    file =>
      `${createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest('hex')}  ${file}`
  )
  writeFileSync(join(folder, 'SHA256SUMS'), `${sums.join('\n')}\n`)
  if (process.argv.includes('--tag')) run('git', 'tag', '--annotate', `v${version}`, '--message', `${name} ${version}`)
  console.log([`${folder}:`, ...sums].join('\n'))
}

if (process.argv.includes('--sbom')) process.stdout.write(sbomText)
else release()
