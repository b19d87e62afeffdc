import { decodeUtf8, maxLineBytes } from '../../lines.ts'
import { issueInWords } from '../../explain.ts'
import type { Fault } from '../types.ts'
import { joinBytes } from '../../../primitives/bytes.ts'

/** One line of a text, without its end; longer ones are not held. */
export interface TextLine {
  readonly number: number
  readonly bytes: Uint8Array
  readonly isTooLong: boolean
}

const notUtf8: Fault = { code: 'not-utf8', says: issueInWords('not-utf8') }
const tooLong: Fault = { code: 'too-long', says: issueInWords('too-long') }
/** Shown of what cannot be read. */
const mostRaw = 400
const lossy = new TextDecoder('utf-8')

/** The lines of a text in UTF-8, as many at a time as came in at once. Lines end with LF, CRLF or CR LF's LF alone. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, most = maxLineBytes): AsyncGenerator<TextLine[]> {
  let held: Uint8Array[] = []
  let length = 0
  let number = 0
  const ended = (end: Uint8Array): TextLine => {
    const isTooLong = length + end.length > most
    const bytes = isTooLong ? joinBytes([...held, end]).slice(0, mostRaw) : joinBytes([...held, end])
    held = []
    length = 0
    number++
    const last = bytes.at(-1) === 0x0d && !isTooLong ? bytes.length - 1 : bytes.length
    return { number, bytes: bytes.subarray(0, last), isTooLong }
  }
  for await (const chunk of chunks) {
    const lines: TextLine[] = []
    let start = 0
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, start)) {
      lines.push(ended(chunk.subarray(start, at)))
      start = at + 1
    }
    const rest = chunk.subarray(start)
    // Of a line that is too long its beginning is enough.
    if (rest.length > 0 && length <= most) held.push(rest)
    length += rest.length
    if (lines.length > 0) yield lines
  }
  if (length > 0) yield [ended(new Uint8Array(0))]
}

/** What can be shown of bytes that cannot be read as they should. */
export const rawOf = (bytes: Uint8Array): string => lossy.decode(bytes.subarray(0, mostRaw))

/** A line's text, or what is wrong with it. [reject] Bytes that are no UTF-8 are named, never replaced. */
export function textOf({ bytes, isTooLong }: Pick<TextLine, 'bytes' | 'isTooLong'>): string | Fault {
  if (isTooLong) return tooLong
  return decodeUtf8(bytes) ?? notUtf8
}
