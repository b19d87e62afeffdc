import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { LimitError } from '../protocol/primitives/index.ts'

/** How much of what somebody names is read, what more than that is not, and what to do then. */
export interface Bound {
  readonly bytes: number
  /** `no question`, as the end of a sentence */
  readonly isNot: string
  readonly help?: string
}

/** Settings, keys, passphrases, addresses: none comes near it. */
export const smallFile: Bound = { bytes: 1 << 20, isNot: 'no file of this kind' }

const tooLarge = (name: string, { bytes, isNot, help }: Bound): LimitError =>
  new LimitError('file.too-large', `${name} has more than ${bytes / 1024} KiB, which is ${isNot} any more`, {
    help: help ?? 'Is it the file that was meant?'
  })

/** All that comes out of a stream. @throws LimitError `file.too-large` as soon as it is more than the bound */
export async function gathered(source: AsyncIterable<Buffer>, name: string, bound: Bound): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of source) {
    size += part.length
    if (size > bound.bytes) throw tooLarge(name, bound)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/**
 * The bytes of a file that somebody names: a device or a pipe says no size, and may never end.
 * @throws LimitError `file.too-large`; else as the system does
 */
export async function readBounded(path: string, bound: Bound = smallFile): Promise<Buffer> {
  if ((await stat(path)).size > bound.bytes) throw tooLarge(path, bound)
  return gathered(createReadStream(path), path, bound)
}

/** The same, as text. @throws as readBounded */
export const boundedText = async (path: string, bound?: Bound): Promise<string> =>
  (await readBounded(path, bound)).toString('utf8')
