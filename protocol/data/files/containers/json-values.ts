const [quote, backslash, comma, open, close, brace, endBrace] = [0x22, 0x5c, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d]
const letter = (byte: number): Uint8Array => Uint8Array.of(byte)

/** Goes through JSON by its brackets and quotes alone. */
function walker(): (byte: number) => number {
  let depth = 0
  let [isInText, isEscaped] = [false, false]
  return byte => {
    if (isInText) {
      if (isEscaped) isEscaped = false
      else if (byte === backslash) isEscaped = true
      else if (byte === quote) isInText = false
    } else if (byte === quote) isInText = true
    else if (byte === open || byte === brace) depth++
    else if (byte === close || byte === endBrace) depth--
    return depth
  }
}

/** Where the first value in a text ends; undefined where it does not. */
export function endOfValue(text: string): number | undefined {
  const step = walker()
  for (let at = 0; at < text.length; at++) if (step(text.charCodeAt(at)) === 0) return at + 1
  return undefined
}

/** Values that stand one after another, over as many lines as each may take, as one array. */
export async function* asArray(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const step = walker()
  let depth = 0
  yield letter(open)
  for await (const chunk of chunks) {
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      const before = depth
      depth = step(byte)
      const isEnd = before > 0 && depth === 0
      // Commas between them are those that are put there.
      const isBetween = before === 0 && depth === 0 && byte === comma
      if (!isEnd && !isBetween) continue
      yield chunk.subarray(start, isEnd ? at + 1 : at)
      if (isEnd) yield letter(comma)
      start = at + 1
    }
    yield chunk.subarray(start)
  }
  yield letter(close)
}
