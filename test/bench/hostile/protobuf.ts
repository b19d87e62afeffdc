import { decode as decodeVarint, encode as varint } from 'uint8-varint'

/** A field of a protobuf message: a number, or bytes (a message within is its bytes). */
export function field(number: number, value: number | Uint8Array): Uint8Array {
  if (typeof value === 'number') return join(varint(number << 3), varint(value))
  return join(varint((number << 3) | 2), varint(value.length), value)
}

export const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))

/** As libp2p frames messages. */
export const framed = (message: Uint8Array): Uint8Array => join(varint(message.length), message)

/** The length that a frame begins with. */
export const lengthOf = (frame: Uint8Array): number => decodeVarint(frame)
