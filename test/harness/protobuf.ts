/** Whole numbers, seven bits a byte, the least first. */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Uint8Array.of(...bytes, left)
    bytes.push((left % 128) | 128)
  }
}

/** A field of a protobuf message: a number, or bytes (a message within is its bytes). */
export function field(number: number, value: number | Uint8Array): Uint8Array {
  if (typeof value === 'number') return join(varint(number << 3), varint(value))
  return join(varint((number << 3) | 2), varint(value.length), value)
}

export const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

/** As libp2p frames messages. */
export const framed = (message: Uint8Array): Uint8Array => join(varint(message.length), message)
