import { dirname, resolve } from 'node:path'
import { codesOf } from '../../node/store/errors.ts'
import { InvalidError, TilthError } from '../../protocol/primitives/index.ts'
import { makeFolder } from '../make-folder.ts'

// What a command writes for its owner, beside the daemon's folder: a report, a copy, an export.

/**
 * The folder that a file is to stand in, made if need be: that it can be is known before anything is looked for.
 * @throws InvalidError `flag-invalid`
 */
export async function folderFor(file: string, flag: string): Promise<void> {
  const folder = dirname(resolve(file))
  await makeFolder(folder).catch((cause: unknown) => {
    throw new InvalidError('flag-invalid', `no folder can be made at ${folder}`, {
      help: `Choose another ${flag}, in a folder that you may write to.`,
      cause
    })
  })
}

/**
 * What the file system says of a file that is written, as an error that says what to do; others as they are.
 * @param room how much is needed, as a sentence
 */
export function unwritten(error: unknown, file: string, room = ''): Error {
  if (error instanceof TilthError) return error
  const codes = codesOf(error)
  const is = (...wanted: string[]): boolean => wanted.some(code => codes.includes(code))
  if (is('ENOSPC', 'EDQUOT', 'EFBIG'))
    return new InvalidError('output.unwritten', `no space is left for ${file}`, {
      help: `Free some, or write to another disk.${room === '' ? '' : ` ${room}`}`,
      cause: error
    })
  if (is('EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'))
    return new InvalidError('output.unwritten', `${file} cannot be written`, {
      help: 'Choose a folder that you may write to.',
      cause: error
    })
  return error instanceof Error ? error : new Error(String(error))
}
