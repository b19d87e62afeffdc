import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What is made, beside what it is made of. */
const isMade = (name: string): boolean => name === 'dist' || name === 'node_modules' || name.startsWith('.')

/** The latest change below a path, of files and of folders in it. */
const latest = (path: string): number =>
  statSync(path).isDirectory()
    ? readdirSync(path, { withFileTypes: true })
        .filter(({ name }) => !isMade(name))
        .reduce((time, entry) => {
          const inner = join(path, entry.name)
          return Math.max(time, latest(inner), entry.isDirectory() ? statSync(inner).mtimeMs : 0)
        }, 0)
    : statSync(path).mtimeMs

/**
 * Whether something that is built is younger than all that it is built of. npm asks for it to be built again when
 * somebody types `npx tilth` for the first time, which is when daemons run that read it: then it stays as it is.
 */
export const isUpToDate = (built: string, sources: readonly string[]): boolean =>
  existsSync(built) && sources.every(source => existsSync(source) && latest(source) < statSync(built).mtimeMs)
