import { FileError } from '../errors.ts'
import { peek } from './chunks.ts'

/** Text in UTF-8 from whatever Unicode it was in, and what that was, in words. */
interface Utf8 {
  readonly encoding: string
  readonly chunks: AsyncGenerator<Uint8Array>
}

type Unit = 'le' | 'be'

/** Without a mark: of ordinary text in UTF-16 every other byte is zero. */
function unmarked(head: Uint8Array): Unit | undefined {
  const looked = Math.min(head.length, 512) & ~1
  let [even, odd] = [0, 0]
  for (let i = 0; i < looked; i += 2) {
    if (head[i] === 0) even++
    if (head[i + 1] === 0) odd++
  }
  const most = looked / 2
  if (looked >= 4 && odd > most * 0.6 && even < most * 0.1) return 'le'
  return looked >= 4 && even > most * 0.6 && odd < most * 0.1 ? 'be' : undefined
}

/**
 * UTF-16 as UTF-8. What is no text stays wrong: half of a character becomes the three bytes that UTF-8 forbids, so that
 * it is found, and named, where the line is read.
 */
async function* transcoded(chunks: AsyncIterable<Uint8Array>, unit: Unit): AsyncGenerator<Uint8Array> {
  const [high, low] = unit === 'le' ? [1, 0] : [0, 1]
  let odd: number | undefined
  /** The first half of a character of two. */
  let first: number | undefined
  for await (const chunk of chunks) {
    const bytes = odd === undefined ? chunk : new Uint8Array([odd, ...chunk.subarray(0, 1)])
    const rest = odd === undefined ? undefined : chunk.subarray(1)
    const out = new Uint8Array(((bytes.length + (rest?.length ?? 0)) >> 1) * 3 + 6)
    let at = 0
    const put = (unit: number): void => {
      if (first !== undefined) {
        const before = first
        first = undefined
        if (unit >= 0xdc00 && unit < 0xe000) {
          const point = 0x10000 + ((before - 0xd800) << 10) + (unit - 0xdc00)
          out[at++] = 0xf0 | (point >> 18)
          out[at++] = 0x80 | ((point >> 12) & 63)
          out[at++] = 0x80 | ((point >> 6) & 63)
          out[at++] = 0x80 | (point & 63)
          return
        }
        three(before)
      }
      if (unit >= 0xd800 && unit < 0xdc00) first = unit
      else if (unit < 0x80) out[at++] = unit
      else if (unit < 0x800) {
        out[at++] = 0xc0 | (unit >> 6)
        out[at++] = 0x80 | (unit & 63)
      } else three(unit)
    }
    const three = (unit: number): void => {
      out[at++] = 0xe0 | (unit >> 12)
      out[at++] = 0x80 | ((unit >> 6) & 63)
      out[at++] = 0x80 | (unit & 63)
    }
    odd = undefined
    for (const part of rest === undefined ? [bytes] : [bytes, rest]) {
      const even = part.length & ~1
      for (let i = 0; i < even; i += 2) put(((part[i + high] ?? 0) << 8) | (part[i + low] ?? 0))
      if (even < part.length) odd = part[even]
    }
    yield out.subarray(0, at)
  }
  // What is left over is no character of any encoding.
  if (odd !== undefined || first !== undefined) yield new Uint8Array([0xff])
}

/** Skips the first bytes of a stream. */
async function* without(chunks: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const chunk of chunks) {
    if (left >= chunk.length) left -= chunk.length
    else {
      yield left === 0 ? chunk : chunk.subarray(left)
      left = 0
    }
  }
}

/** Lines as they ended on old Macs, and where spreadsheets still write them so: by a CR alone. */
export async function* withLineFeeds(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.map(byte => (byte === 0x0d ? 0x0a : byte))
}

/** Any of Unicode's usual encodings as UTF-8, without its mark. @throws FileError `file.encoding` */
export async function toUtf8(chunks: AsyncGenerator<Uint8Array>): Promise<Utf8> {
  const { head, whole } = await peek(chunks, 512)
  const [a, b, c, d] = head
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: 'UTF-8 with a mark', chunks: without(whole, 3) }
  // [reject] UTF-32 is written by nobody but by mistake.
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff))
    throw new FileError('file.encoding', 'it is text in UTF-32', 'Save it as UTF-8.')
  if (a === 0xff && b === 0xfe) return { encoding: 'UTF-16 LE', chunks: transcoded(without(whole, 2), 'le') }
  if (a === 0xfe && b === 0xff) return { encoding: 'UTF-16 BE', chunks: transcoded(without(whole, 2), 'be') }
  const unit = unmarked(head)
  if (unit !== undefined)
    return { encoding: `UTF-16 ${unit.toUpperCase()} without a mark`, chunks: transcoded(whole, unit) }
  return { encoding: 'UTF-8', chunks: whole }
}
