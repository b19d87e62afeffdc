import { join } from 'node:path'
import { InvalidError, NotFoundError, refusalsOf, refusalsText } from '../../protocol/primitives/index.ts'
import { readIfThere, writePrivate } from '../private-file.ts'
import { backendConfig, backendsConfig, keyVariable } from './backends.ts'
import type { BackendConfig } from './backends.ts'

// The list of a configuration file's servers, changed one at a time; a daemon uses it from its next start on.

type Tree = Record<string, unknown>
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value)

const fileOf = (folder: string): string => join(folder, 'config.json')

/** @throws InvalidError `config.json` */
async function readTree(file: string): Promise<Tree> {
  const text = (await readIfThere(file)) ?? '{}' // its first setting makes it
  try {
    const value = JSON.parse(text) as unknown
    if (isTree(value)) return value
  } catch (cause) {
    throw new InvalidError('config.json', `the configuration file ${file} is not JSON`, { cause })
  }
  throw new InvalidError('config.json', `the configuration file ${file} is not a JSON object`)
}

const listIn = (tree: Tree): Tree[] => {
  const { worker } = tree
  const list = isTree(worker) ? worker['backends'] : undefined
  return Array.isArray(list) ? list.filter(isTree) : []
}

async function write(file: string, tree: Tree, backends: readonly Tree[]): Promise<void> {
  const worker = { ...(isTree(tree['worker']) ? tree['worker'] : {}), backends }
  const parsed = backendsConfig.safeParse(backends)
  if (!parsed.success)
    throw new InvalidError('config.invalid', `the list ${parsed.error.issues[0]?.message ?? 'is none'}`)
  await writePrivate(file, `${JSON.stringify({ ...tree, worker }, null, 2)}\n`)
}

/**
 * Names a server. One of its name at the same address keeps whatever is not said now.
 * @throws InvalidError `config.invalid` in words, `config.backend-stands`, `config.json`
 */
export async function addBackendIn(file: string, backend: Tree): Promise<void> {
  const parsed = backendConfig.safeParse(backend)
  if (!parsed.success)
    throw new InvalidError(
      'config.invalid',
      refusalsText(refusalsOf(backendConfig, backend, parsed.error), ({ path }) => `the server's ${path.join('.')}`)
    )
  const { name, url } = parsed.data
  const tree = await readTree(file)
  const standing = listIn(tree).find(one => one['name'] === name)
  // [reject] Another address under the same name is another server: its key, names and limits would be those of the
  // old one, or be gone without a word.
  if (standing !== undefined && backendConfig.shape.url.safeParse(standing['url']).data !== url)
    throw new InvalidError('config.backend-stands', `${name} stands already, at another address`, {
      help: 'Remove it first, or name the new one otherwise.'
    })
  await write(file, tree, [...listIn(tree).filter(one => one !== standing), { ...standing, ...backend }])
}

/** @throws NotFoundError `config.no-backend` */
export async function removeBackendIn(file: string, name: string): Promise<void> {
  const tree = await readTree(file)
  const before = listIn(tree)
  const after = before.filter(one => one['name'] !== name)
  if (after.length === before.length)
    throw new NotFoundError('config.no-backend', `${file} names no server ${name}`, {
      help: 'See `tilth backend list`.'
    })
  await write(file, tree, after)
}

/** The same in a data folder's own file. @returns that file */
export async function addBackend(folder: string, backend: Tree): Promise<string> {
  await addBackendIn(fileOf(folder), backend)
  return fileOf(folder)
}
export async function removeBackend(folder: string, name: string): Promise<string> {
  await removeBackendIn(fileOf(folder), name)
  return fileOf(folder)
}

/** Those that a file's tree names, but for what is no server: the daemon would not start with that. */
export const backendsIn = (tree: Tree): readonly BackendConfig[] =>
  listIn(tree).flatMap(one => backendConfig.safeParse(one).data ?? [])

/** The servers that a daemon uses, and those that its file names by now. */
export interface NamedBackends {
  view(): Promise<{ readonly now: readonly BackendConfig[]; readonly coming: readonly BackendConfig[] }>
  /** @throws InvalidError `config.invalid`, `config.backend-key`, `config.backend-stands`, `config.json` */
  add(backend: Tree): Promise<void>
  /** @throws NotFoundError `config.no-backend` · InvalidError `config.json` */
  remove(name: string): Promise<void>
}

/**
 * @param given the configuration that the daemon was started with
 * @param inTurn one after another with whatever else writes the file
 */
export function createNamedBackends(
  file: string,
  given: Tree,
  inTurn: <T>(work: () => Promise<T>) => Promise<T>
): NamedBackends {
  return {
    async view() {
      const now = backendsIn(given)
      try {
        return { now, coming: backendsIn(await readTree(file)) }
      } catch (error) {
        // What runs is told all the same; that the file is no JSON is told to whoever changes it.
        if (error instanceof InvalidError) return { now, coming: now }
        throw error
      }
    },
    add: backend =>
      inTurn(async () => {
        const variable = keyVariable(String(backend['name']))
        // [reject] A key that stands ready would be sent to whatever address is named here: only who has the machine
        // itself says where to.
        if (process.env[variable] !== undefined)
          throw new InvalidError('config.backend-key', `${variable} holds a key, which would be sent to that address`, {
            help: 'Name the server on the machine itself: `tilth backend add`.'
          })
        await addBackendIn(file, backend)
      }),
    remove: name => inTurn(() => removeBackendIn(file, name))
  }
}
