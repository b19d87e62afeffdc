// Where tokens stand in the text they were made of. The tokenizer gives none, but the tokens of the models that are
// supported say what text they are: bytes in GPT-2's letters, or words with a mark for blanks.

/** How a tokenizer writes text into its tokens. */
export type Spelling = 'bytes' | 'words'

/** Bytes of the text's UTF-8. */
export interface Offset {
  readonly start: number
  readonly end: number
}

/** Bytes passed over at most to find a token again, where a tokenizer left some out or knew none for them. */
const mostSkipped = 256

/** GPT-2's letter for each byte, turned round. */
const byteOf: ReadonlyMap<string, number> = (() => {
  const table = new Map<string, number>()
  let next = 256
  for (let byte = 0; byte < 256; byte++) {
    const isPlain = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
    table.set(String.fromCharCode(isPlain ? byte : next++), byte)
  }
  return table
})()

const single = /^<0x([0-9A-F]{2})>$/u

/** The bytes that a token writes in GPT-2's letters; undefined where it has others. */
export function lettersOf(token: string): Buffer | undefined {
  const bytes = Array.from(token, letter => byteOf.get(letter))
  return bytes.every(byte => byte !== undefined) ? Buffer.from(bytes) : undefined
}

/** The bytes that a token stands for. */
export function bytesOf(token: string, spelling: Spelling, isAdded: boolean): Buffer {
  if (isAdded) return Buffer.from(token)
  if (spelling === 'bytes') return lettersOf(token) ?? Buffer.from(token)
  const [, byte] = single.exec(token) ?? []
  return byte === undefined ? Buffer.from(token.replaceAll('\u2581', ' ')) : Buffer.from([Number.parseInt(byte, 16)])
}

/**
 * Each token's place in the text, in order. A blank that a tokenizer puts before words stands nowhere, and a token that
 * stands for text which its vocabulary lacks reaches to the next one. Undefined where tokens do not give the text back.
 */
export function offsetsOf(
  text: string,
  tokens: readonly string[],
  spelling: Spelling,
  isAdded: (token: string) => boolean
): Offset[] | undefined {
  const whole = Buffer.from(text)
  const startsAt = (bytes: Buffer, at: number): boolean =>
    whole.subarray(at, at + bytes.length).equals(bytes) && at + bytes.length <= whole.length
  const offsets: Offset[] = []
  /** Tokens that were not found, which stand for what is passed over. */
  let lost = 0
  let at = 0
  for (const token of tokens) {
    let bytes = bytesOf(token, spelling, isAdded(token))
    if (bytes.length > 0 && !startsAt(bytes, at) && bytes[0] === 0x20 && startsAt(bytes.subarray(1), at))
      bytes = bytes.subarray(1)
    if (startsAt(bytes, at) && lost === 0) {
      offsets.push({ start: at, end: at + bytes.length })
      at += bytes.length
      continue
    }
    const found = bytes.length === 0 ? -1 : whole.subarray(at, at + mostSkipped + bytes.length).indexOf(bytes)
    if (found === -1) {
      lost++
      offsets.push({ start: at, end: at })
      continue
    }
    for (; lost > 0; lost--) offsets[offsets.length - lost] = { start: at, end: at + found }
    offsets.push({ start: at + found, end: at + found + bytes.length })
    at += found + bytes.length
  }
  for (let i = 1; i <= lost; i++) offsets[offsets.length - i] = { start: at, end: whole.length }
  // Blanks at the end may be left out; more is text that no token stands for.
  return lost > 0 || whole.subarray(at).toString().trim() === '' ? offsets : undefined
}
