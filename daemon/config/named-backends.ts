import { join } from 'node:path'
import { InvalidError, NotFoundError, refusalsOf, refusalsText } from '../../protocol/primitives/index.ts'
import { readIfThere, writePrivate } from '../private-file.ts'
import { backendConfig, backendsConfig } from './backends.ts'

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

/** Names a server, in the place of one with its name. @throws InvalidError `config.invalid` in words · `config.json` */
export async function addBackend(folder: string, backend: Tree): Promise<string> {
  const parsed = backendConfig.safeParse(backend)
  if (!parsed.success)
    throw new InvalidError(
      'config.invalid',
      refusalsText(refusalsOf(backendConfig, backend, parsed.error), ({ path }) => `the server's ${path.join('.')}`)
    )
  const file = fileOf(folder)
  const tree = await readTree(file)
  await write(file, tree, [...listIn(tree).filter(({ name }) => name !== parsed.data.name), backend])
  return file
}

/** @throws NotFoundError `config.no-backend` */
export async function removeBackend(folder: string, name: string): Promise<string> {
  const file = fileOf(folder)
  const tree = await readTree(file)
  const before = listIn(tree)
  const after = before.filter(one => one['name'] !== name)
  if (after.length === before.length)
    throw new NotFoundError('config.no-backend', `${file} names no server ${name}`, {
      help: 'See `tilth backend list`.'
    })
  await write(file, tree, after)
  return file
}
