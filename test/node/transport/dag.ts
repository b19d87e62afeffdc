import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'

// dag-pb by hand (https://ipld.io/specs/codecs/dag-pb/spec/), to make what no library would.

const sha256 = (bytes: Uint8Array): ReturnType<typeof create> =>
  create(0x12, createHash('sha256').update(bytes).digest())
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
const field = (number: number, bytes: Uint8Array | number[]): number[] => [
  (number << 3) | 2,
  ...varint(bytes.length),
  ...bytes
]
const integer = (number: number, value: number): number[] => [number << 3, ...varint(value)]

export interface Block {
  cid: CID
  bytes: Uint8Array
}

export function rawBlock(bytes: Uint8Array): Block {
  return { cid: CID.createV1(0x55, sha256(bytes)), bytes }
}

/** A dag-pb CID for any bytes. */
export function nodeBlock(bytes: Uint8Array): Block {
  return { cid: CID.createV1(0x70, sha256(bytes)), bytes }
}

function node(data: number[], links: { name: string; to: CID; size: number }[]): Block {
  const bytes = Uint8Array.from([
    ...links.flatMap(({ name, to, size }) =>
      field(2, [...field(1, to.bytes), ...field(2, new TextEncoder().encode(name)), ...integer(3, size)])
    ),
    ...field(1, data)
  ])
  return nodeBlock(bytes)
}

export const directoryBlock = (links: { name: string; to: CID; size: number }[]): Block => node(integer(1, 1), links)

/** A file whose root says it has `says` bytes in each part. */
export const fileBlock = (parts: CID[], says: number): Block =>
  node(
    [...integer(1, 2), ...integer(3, says * parts.length), ...parts.flatMap(() => integer(4, says))],
    parts.map(to => ({ name: '', to, size: says }))
  )

export const symlinkBlock = (target: string): Block =>
  node([...integer(1, 4), ...field(2, new TextEncoder().encode(target))], [])
