import { dirname } from 'node:path'
import { quoted } from '../runtime/quoted.ts'
import { TilthError } from '../../protocol/primitives/index.ts'

export type StoreCode =
  | 'store.locked'
  | 'store.version'
  | 'store.disk-full'
  | 'store.corrupt'
  | 'store.closed'
  | 'store.failed'

/** The node's memory cannot be used; `help` says what the owner can do. */
export class StoreError extends TilthError {
  declare readonly code: StoreCode
  constructor(code: StoreCode, message: string, options: { help?: string; cause?: unknown } = {}) {
    super(code, message, { consequence: 'fatal', ...options })
  }
}

/** Every `code` along an error's chain of causes, Node's and LevelDB's. */
export function codesOf(error: unknown): string[] {
  const codes: string[] = []
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++) {
    if ('code' in at && typeof at.code === 'string') codes.push(at.code)
    // LevelDB passes the operating system's error on as text only.
    if (/no space left|disk quota exceeded/i.test(at.message)) codes.push('ENOSPC')
    else if (/permission denied|read-only file system/i.test(at.message)) codes.push('EACCES')
    // A table that is cut off, a file that is gone or garbled, a disk that cannot read it: any but what passes.
    else if (
      /^(IO error|invalid argument): /i.test(at.message) &&
      !/too many open files|cannot allocate/i.test(at.message)
    )
      codes.push('LEVEL_CORRUPTION')
  }
  return codes
}

export const damagedStore = (directory: string, cause?: unknown): StoreError =>
  new StoreError('store.corrupt', `the data folder ${directory} is damaged`, {
    help:
      `Run \`tilth doctor --repair --data ${quoted(dirname(directory))}\`, or restore it from a backup; ` +
      'or start with an empty folder and the same key: the network gives back what is public.',
    cause
  })

/** What LevelDB or the file system threw, as a StoreError that says what to do. */
export function storeError(error: unknown, directory: string): TilthError {
  if (error instanceof TilthError) return error
  const codes = codesOf(error)
  const is = (...wanted: string[]): boolean => wanted.some(code => codes.includes(code))
  if (is('LEVEL_LOCKED')) {
    return new StoreError('store.locked', `the data folder ${directory} is in use by another process`, {
      help: 'Stop the other node, or give this one a data folder of its own.',
      cause: error
    })
  }
  if (is('ENOSPC', 'EDQUOT')) {
    return new StoreError('store.disk-full', `no space is left for the data folder ${directory}`, {
      help: 'Free some space, and it goes on; or move the folder and start again. What was acknowledged is there.',
      cause: error
    })
  }
  if (is('EACCES', 'EPERM', 'EROFS')) {
    return new StoreError('store.failed', `the data folder ${directory} cannot be written`, {
      help: 'Give the node a data folder that its user owns.',
      cause: error
    })
  }
  if (is('LEVEL_CORRUPTION')) {
    return damagedStore(directory, error)
  }
  if (is('LEVEL_DATABASE_NOT_OPEN', 'LEVEL_ITERATOR_NOT_OPEN'))
    return new StoreError('store.closed', 'the store is closed', { cause: error })
  return new StoreError('store.failed', `the data folder ${directory} failed`, { cause: error })
}
