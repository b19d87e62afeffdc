import { CID, varint } from 'multiformats'
import * as Digest from 'multiformats/hashes/digest'
import { protobufFields } from '../forms.ts'
import type { Field } from '../forms.ts'

// Messages of the DHT as others send them: https://github.com/libp2p/specs/tree/master/kad-dht#rpc-messages. They are
// looked at before the library does, which makes a key of each peer that one names, a square root of 256 bits each: a
// megabyte of names would keep the main thread for seconds.

const kinds = { putValue: 0, addProvider: 2 } as const
/** A value, who provides something, a peer, and whether anybody is there. */
const questions: readonly number[] = [1, 3, 4, 5]
const numbers = { kind: 1, key: 2, providers: 9, cluster: 10 } as const
const ofPeer = { id: 1, address: 2 } as const

/** Fields of a message, or of a peer in it, and bytes of a key: an honest request has five, with sixteen addresses. */
const maxFields = 64
const maxKey = 256

export type DhtRequest =
  /** Its sender has something, and can be dialled there. */
  | { readonly kind: 'provided'; readonly multihash: Uint8Array; readonly addresses: readonly Uint8Array[] }
  /** Its sender has something, and says not where; or says it of others. */
  | { readonly kind: 'nothing' }
  /** A value to keep. */
  | { readonly kind: 'value' }
  /** A question, made anew of its kind and key. */
  | { readonly kind: 'question'; readonly message: Uint8Array }

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

/** @param sender the multihash of its PeerId @returns undefined for what is no request */
export function readRequest(message: Uint8Array, sender: Uint8Array): DhtRequest | undefined {
  const fields = protobufFields(message, maxFields)
  if (fields === undefined || fields.some(isOfAnotherType)) return undefined
  const last = (number: number): Field | undefined => fields.findLast(field => field.number === number)
  const key = last(numbers.key)?.bytes
  if (key !== undefined && key.length > maxKey) return undefined
  const kind = last(numbers.kind)?.value ?? kinds.putValue
  if (kind === kinds.putValue) return { kind: 'value' }
  if (kind === kinds.addProvider) {
    const multihash = key === undefined ? undefined : multihashOf(key)
    return multihash === undefined ? undefined : provided(multihash, fields, sender)
  }
  return questions.includes(kind) ? { kind: 'question', message: question(kind, key) } : undefined
}

/** The library reads a field that it knows as of the type that it knows, whatever the field says that it is. */
const isOfAnotherType = ({ number, value, bytes }: Field): boolean =>
  ((number === numbers.kind || number === numbers.cluster) && value === undefined) ||
  (number === numbers.key && bytes === undefined)

/** Of nothing that was sent but these values: two decoders that read the same bytes need not read the same. */
function question(kind: number, key: Uint8Array | undefined): Uint8Array {
  const tag = (number: number, type: number): number => number * 8 + type
  const ofKind = [tag(numbers.kind, 0), kind]
  if (key === undefined) return Uint8Array.from(ofKind)
  const length = varint.encodeTo(key.length, new Uint8Array(varint.encodingLength(key.length)))
  return Uint8Array.from([...ofKind, tag(numbers.key, 2), ...length, ...key])
}

/** [ignore] A peer says of itself that it has something, and of nobody else. */
function provided(multihash: Uint8Array, fields: readonly Field[], sender: Uint8Array): DhtRequest {
  for (const { number, bytes } of fields) {
    const peer = number === numbers.providers && bytes ? protobufFields(bytes, maxFields) : undefined
    const id = peer?.find(field => field.number === ofPeer.id)?.bytes
    if (peer === undefined || id === undefined || !same(id, sender)) continue
    const addresses = peer.flatMap(field => (field.number === ofPeer.address && field.bytes ? [field.bytes] : []))
    if (addresses.length > 0) return { kind: 'provided', multihash, addresses }
  }
  return { kind: 'nothing' }
}

/** A key is a multihash of any kind, though the library reads none but SHA-256's there; or a CID. */
function multihashOf(key: Uint8Array): Uint8Array | undefined {
  for (const read of [Digest.decode, (bytes: Uint8Array) => CID.decode(bytes).multihash]) {
    try {
      return read(key).bytes
    } catch {
      continue
    }
  }
  return undefined
}
