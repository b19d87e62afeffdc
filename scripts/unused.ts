// Names that production code exports and only tests use, or nobody: part of `npm run lint`.
// Usage: node scripts/unused.ts
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const entrances = [
  'scripts/',
  'bin/',
  'client/browser/',
  'client/browser.ts',
  'client/node.ts',
  'web-console/api/snappy.ts'
]
/** What is there for tests, and says so. */
const forTests = new Set([
  'manualClock', // a clock that tests move on
  'checkContribution', // all steps of the check at once, which production takes one by one
  'inSumTree' // what the contracts compute, for whoever checks a proof outside of them
])

const files = execFileSync('git', ['ls-files', '*.ts', '*.tsx'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter(name => name !== '' && !/generated|assembly/.test(name))
const texts = new Map(
  files.filter(name => existsSync(join(root, name))).map(name => [name, readFileSync(join(root, name), 'utf8')])
)
const isTest = (name: string): boolean => name.startsWith('test/')

/** Every word of the code, by how many files beside those of tests have it; comments do not count. */
const words = new Map<string, Set<string>>()
for (const [name, text] of texts) {
  if (isTest(name)) continue
  const code = text.replaceAll(/^\s*(\/\/|\/?\*).*$|^export [^;]*? from '[^']*'$/gm, '')
  for (const [word] of code.matchAll(/[A-Za-z_$][\w$]*/g)) words.set(word, (words.get(word) ?? new Set()).add(name))
}

const unused: string[] = []
for (const [name, text] of texts) {
  if (isTest(name) || entrances.some(folder => name.startsWith(folder))) continue
  for (const [, word] of text.matchAll(/^export (?:async )?(?:function\*?|const|class) ([A-Za-z_$][\w$]*)/gm)) {
    if (word === undefined) continue
    const within = [...text.matchAll(new RegExp(`(?<![\\w$.])${word.replaceAll('$', '\\$')}(?![\\w$])`, 'g'))].length
    const elsewhere = [...(words.get(word) ?? [])].filter(other => other !== name)
    if (elsewhere.length === 0 && within < 2 && !forTests.has(word)) unused.push(`${name}: ${word}`)
  }
}
for (const line of unused) console.log(`${line} is used by tests alone, or by nobody`)
process.exitCode = unused.length === 0 ? 0 : 1
