import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { InvalidError, LimitError } from '../protocol/primitives/index.ts'

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

/** Which letters a text has by the mark that editors put before it; UTF-8 where there is none. */
const marks: readonly (readonly [string, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]]
]

/**
 * Bytes as text, as editors and shells of any system save it, without their mark.
 * @throws InvalidError `file.encoding`: a letter that is lost would be one of a passphrase, or of a name
 */
export function textOf(bytes: Uint8Array, name: string): string {
  const [letters] = marks.find(([, mark]) => mark.every((byte, i) => bytes[i] === byte)) ?? ['utf-8']
  try {
    return new TextDecoder(letters, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new InvalidError('file.encoding', `${name} is no text in UTF-8`, { help: 'Save it as UTF-8.', cause })
  }
}

/** The same, as text. @throws as readBounded and textOf */
export const boundedText = async (path: string, bound?: Bound): Promise<string> =>
  textOf(await readBounded(path, bound), path)
