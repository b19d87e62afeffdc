// Whether bytes have the form of an encoding at all: what an older version or a damaged disk left is told by it, with
// none of the schemas of the libraries whose records these are.

/** A varint. @returns its value and where it ends, or undefined */
function varint(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at + i]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, end: at + i + 1 }
  }
  return undefined
}

/** A field of a Protocol Buffers message. */
export interface Field {
  readonly number: number
  /** Of a number. */
  readonly value?: number
  /** Of a text, bytes or a message within. */
  readonly bytes?: Uint8Array
}

/**
 * A Protocol Buffers message: fields one after another, to the last byte.
 * @param most fields @returns undefined for what is none, or has more
 */
export function protobufFields(bytes: Uint8Array, most: number): Field[] | undefined {
  const fields: Field[] = []
  for (let at = 0; at < bytes.length;) {
    const tag = varint(bytes, at)
    if (tag === undefined || tag.value < 8 || fields.length >= most) return undefined
    const kind = tag.value % 8
    const next = kind === 0 || kind === 2 ? varint(bytes, tag.end) : undefined
    const end =
      kind === 1 ? tag.end + 8 : kind === 5 ? tag.end + 4 : next && (kind === 2 ? next.end + next.value : next.end)
    if (end === undefined || end > bytes.length) return undefined
    fields.push({
      number: Math.floor(tag.value / 8),
      ...(kind === 0 && next ? { value: next.value } : {}),
      ...(kind === 2 && next ? { bytes: bytes.subarray(next.end, end) } : {})
    })
    at = end
  }
  return fields
}

export const isProtobuf = (bytes: Uint8Array): boolean => protobufFields(bytes, Infinity) !== undefined

/** Where a CBOR item ends that begins here; undefined for what is none. */
function cborEnd(bytes: Uint8Array, at: number, depth = 0): number | undefined {
  const head = bytes[at]
  if (head === undefined || depth > 32) return undefined
  const [major, info] = [head >> 5, head & 31]
  const wide = info < 24 ? 0 : info < 28 ? 2 ** (info - 24) : undefined
  if (wide === undefined || at + 1 + wide > bytes.length) return undefined
  let value = info
  if (wide > 0) {
    value = 0
    for (let i = 0; i < wide; i++) value = value * 256 + (bytes[at + 1 + i] ?? 0)
  }
  let end: number | undefined = at + 1 + wide
  if (major === 2 || major === 3) end += value
  const items = major === 4 ? value : major === 5 ? 2 * value : major === 6 ? 1 : 0
  for (let i = 0; i < items && end !== undefined; i++) end = cborEnd(bytes, end, depth + 1)
  return end === undefined || end > bytes.length ? undefined : end
}

/** One CBOR map, to the last byte. */
export const isCborMap = (bytes: Uint8Array): boolean =>
  (bytes[0] ?? 0) >> 5 === 5 && cborEnd(bytes, 0) === bytes.length

export function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return true
  } catch {
    return false
  }
}
