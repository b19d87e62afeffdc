// Files too long for one job, and lines too long for one look: part of `npm run lint`. Usage: node scripts/lines.ts
// The formatter leaves comments, texts and everything in Solidity as they are; here they are measured too.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const mostColumns = 120
const mostLines = 500
const root = join(import.meta.dirname, '..')

/** Written by programs, and read by none but them. */
const isGenerated = (name: string): boolean => name.split('/').includes('generated')

/** Tracked ones and those that would be with the next commit. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.tsx', '*.css', '*.sol'], {
  cwd: root,
  encoding: 'utf8'
})
  .split('\n')
  .filter(name => name !== '' && !isGenerated(name) && existsSync(join(root, name)))

let found = 0
const tell = (place: string, what: string): void => {
  found += 1
  console.log(`${place}: ${what}`)
}
for (const name of files) {
  const lines = readFileSync(join(root, name), 'utf8').replace(/\n$/, '').split('\n')
  if (lines.length > mostLines)
    tell(`${name}:${mostLines + 1}`, `${lines.length} lines; at most ${mostLines}, so split it`)
  for (const [i, line] of lines.entries()) {
    if (line.length > mostColumns)
      tell(`${name}:${i + 1}`, `${line.length} columns; at most ${mostColumns}, so name its parts`)
  }
}
process.exitCode = found === 0 ? 0 : 1
