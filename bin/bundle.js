// Which program is run: the bundle that `npm ci` makes (scripts/bundle.ts), or the sources, where it was not made or
// they have changed since.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bundled = join(root, 'dist', 'daemon', 'cli', 'main.js')
const source = join(root, 'daemon', 'cli', 'main.ts')
const layers = ['protocol', 'node', 'daemon']
/** What children are started with is bundled as well. */
const flags = join(root, 'bin', 'memory.js')

/** Whether a source below a folder was changed, added or removed since. */
function changedSince(folder, time) {
  if (statSync(folder).mtimeMs > time) return true
  return readdirSync(folder, { withFileTypes: true }).some(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? changedSince(path, time) : path.endsWith('.ts') && statSync(path).mtimeMs > time
  })
}

function isFresh() {
  if (!existsSync(bundled)) return false
  if (!existsSync(source)) return true
  const made = statSync(bundled).mtimeMs
  if (statSync(flags).mtimeMs > made) return false
  return !layers.some(layer => changedSince(join(root, layer), made))
}

export const programEntry = () => (isFresh() ? bundled : source)
