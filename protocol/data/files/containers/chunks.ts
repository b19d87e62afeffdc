import { joinBytes } from '../../../primitives/bytes.ts'
import type { FileSource } from '../types.ts'

/** Read at once. */
export const chunkBytes = 64 << 10

/** The bytes of a file in order. @param said told how many bytes were read so far */
export async function* chunksOf(source: FileSource, said?: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += chunkBytes) {
    const to = Math.min(source.size, at + chunkBytes)
    yield await source.slice(at, to)
    said?.(to)
  }
}

/** The first bytes of a stream, and the whole stream again. */
export async function peek(
  chunks: AsyncGenerator<Uint8Array>,
  bytes: number
): Promise<{ head: Uint8Array; whole: AsyncGenerator<Uint8Array>; ended: boolean }> {
  const parts: Uint8Array[] = []
  let length = 0
  let ended = false
  while (length < bytes && !ended) {
    const { value, done } = await chunks.next()
    if (done === true) ended = true
    else {
      parts.push(value)
      length += value.length
    }
  }
  const head = joinBytes(parts)
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head
    if (!ended) yield* chunks
  }
  return { head, whole: whole(), ended }
}

/** All bytes of a stream. @throws what `over` makes where there are more than so many */
export async function allOf(chunks: AsyncIterable<Uint8Array>, most: number, over: () => Error): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of chunks) {
    length += part.length
    if (length > most) throw over()
    parts.push(part)
  }
  return joinBytes(parts)
}

/** Bytes in memory as a file. */
export const sourceOfBytes = (name: string, bytes: Uint8Array): FileSource => ({
  name,
  size: bytes.length,
  slice: async (from, to) => bytes.subarray(from, to)
})
