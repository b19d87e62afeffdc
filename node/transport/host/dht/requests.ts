import { CID } from 'multiformats'
import { protobufFields } from '../forms.ts'
import type { Field } from '../forms.ts'

// Messages of the DHT as others send them: https://github.com/libp2p/specs/tree/master/kad-dht#rpc-messages. They are
// looked at before the library does, which makes a key of each peer that one names, a square root of 256 bits each: a
// megabyte of names would keep the main thread for seconds.

const kinds = { putValue: 0, addProvider: 2 } as const
const numbers = { kind: 1, key: 2, providers: 9, cluster: 10 } as const
const ofPeer = { id: 1, address: 2 } as const

/** Fields of a message, or of a peer in it, and bytes of a key: an honest request has five, with sixteen addresses. */
const maxFields = 64
const maxKey = 256

export type DhtRequest =
  /** Its sender has something, and can be dialled there. */
  | { readonly kind: 'provided'; readonly cid: CID; readonly addresses: readonly Uint8Array[] }
  /** Its sender has something, and says not where; or says it of others. */
  | { readonly kind: 'nothing' }
  /** A value to keep. */
  | { readonly kind: 'value' }
  /** A question, without anything that answers have. */
  | { readonly kind: 'question'; readonly message: Uint8Array }

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

/** @param sender the multihash of its PeerId @returns undefined for what is no request */
export function readRequest(message: Uint8Array, sender: Uint8Array): DhtRequest | undefined {
  const fields = protobufFields(message, maxFields)
  if (fields === undefined) return undefined
  const last = (number: number): Field | undefined => fields.findLast(field => field.number === number)
  const key = last(numbers.key)?.bytes
  if (key !== undefined && key.length > maxKey) return undefined
  const kind = last(numbers.kind)?.value ?? kinds.putValue
  if (kind === kinds.putValue) return { kind: 'value' }
  if (kind === kinds.addProvider) {
    const cid = key === undefined ? undefined : cidOf(key)
    return cid === undefined ? undefined : provided(cid, fields, sender)
  }
  const asked: readonly number[] = [numbers.kind, numbers.key, numbers.cluster]
  const parts = fields.filter(({ number }) => asked.includes(number)).map(({ whole }) => whole)
  return { kind: 'question', message: joined(parts) }
}

/** [ignore] A peer says of itself that it has something, and of nobody else. */
function provided(cid: CID, fields: readonly Field[], sender: Uint8Array): DhtRequest {
  for (const { number, bytes } of fields) {
    const peer = number === numbers.providers && bytes ? protobufFields(bytes, maxFields) : undefined
    const id = peer?.find(field => field.number === ofPeer.id)?.bytes
    if (peer === undefined || id === undefined || !same(id, sender)) continue
    const addresses = peer.flatMap(field => (field.number === ofPeer.address && field.bytes ? [field.bytes] : []))
    if (addresses.length > 0) return { kind: 'provided', cid, addresses }
  }
  return { kind: 'nothing' }
}

function cidOf(key: Uint8Array): CID | undefined {
  try {
    return CID.decode(key)
  } catch {
    return undefined
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
