import { createHash } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where `npm run console` puts what it builds, from the sources and from a built package (dist/daemon/…). */
const candidates = ['../../../../web-console/dist/', '../../../../../web-console/dist/'].map(path =>
  fileURLToPath(new URL(path, import.meta.url))
)

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2'
}
/** Compressed forms beside a file, the smaller one first. */
const encodings = { br: '.br', gzip: '.gz' } as const
export type Encoding = keyof typeof encodings

/** One file of the console. */
export interface ConsoleFile {
  readonly path: string
  readonly type: string
  readonly tag: string
  /** Its name changes with its content. */
  readonly isImmutable: boolean
  readonly encoded: Partial<Record<Encoding, string>>
}
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>

export const isConsoleBuilt = async (): Promise<boolean> => (await builtAt(candidates)) !== undefined

async function builtAt(folders: readonly string[]): Promise<{ folder: string; built: number } | undefined> {
  for (const folder of folders) {
    const index = await stat(join(folder, 'index.html')).catch(() => undefined)
    if (index !== undefined) return { folder, built: index.mtimeMs }
  }
  return undefined
}

/** Every file that may be asked for, by its address: what is not among them is not there, however it is spelt. */
async function filesOf(folder: string): Promise<ConsoleFiles> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
  const files = new Map<string, ConsoleFile>()
  for (const path of names) {
    const type = types[extname(path)]
    if (type === undefined) continue
    const address = `/${path.slice(folder.length).replaceAll('\\', '/').replace(/^\/+/, '')}`
    const bytes = await readFile(path)
    files.set(address, {
      path,
      type,
      tag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
      isImmutable: /^\/(?:alone\/)?assets\//.test(address),
      encoded: Object.fromEntries(
        Object.entries(encodings)
          .map(([name, ending]) => [name, path + ending] as const)
          .filter(([, file]) => names.includes(file))
      )
    })
  }
  return files
}

/** The files of the console as it is built now, read again once it is built anew. */
export function consoleFolder(folders: readonly string[] = candidates): () => Promise<ConsoleFiles | undefined> {
  let known: { readonly key: string; readonly files: Promise<ConsoleFiles> } | undefined
  return async () => {
    const found = await builtAt(folders)
    if (found === undefined) return undefined
    const key = `${found.folder} ${found.built}`
    if (known?.key !== key) known = { key, files: filesOf(found.folder) }
    return known.files
  }
}
