import { sha256 } from '@noble/hashes/sha2.js'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { pointCompress } from 'tiny-secp256k1'
import { addressOfPublicKey } from '../../protocol/crypto/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import type { Topic } from '../../protocol/wire/index.ts'
import { badKeyType } from './errors.ts'
import type { Peer } from './types.ts'

/** @throws InvalidError `key.invalid` unless 32 bytes within the curve's order */
export function libp2pKey(privateKey: Uint8Array): PrivateKey {
  try {
    const key = privateKeyFromRaw(privateKey)
    if (key.type === 'secp256k1') return key
  } catch (cause) {
    throw new InvalidError('key.invalid', 'that is not a secp256k1 private key', { cause })
  }
  throw new InvalidError('key.invalid', 'that is not a secp256k1 private key')
}

// From the multicodec table.
const rawCodec = 0x55
const sha256Code = 0x12

const known = new Map<string, Peer>()

/**
 * A PeerId under both its names. A secp256k1 PeerId is its public key, so nothing has to be looked up.
 * @throws InvalidError `peer.key-type`
 */
export function peerOf(id: PeerId): Peer {
  const peerId = id.toString()
  let peer = known.get(peerId)
  if (peer === undefined) {
    if (id.type !== 'secp256k1') throw badKeyType(peerId)
    peer = { peerId, address: addressOfPublicKey(pointCompress(id.publicKey.raw, false)) }
    if (known.size > 10_000) known.clear() // a stranger may show us many; it is only a memory of arithmetic
    known.set(peerId, peer)
  }
  return peer
}

/** The key by which something is sealed to a peer's account: its PeerId is that. @throws InvalidError as parsePeerId */
export function sealingKeyOfPeer(peerId: string): Uint8Array {
  const id = parsePeerId(peerId)
  if (id.type !== 'secp256k1') throw badKeyType(peerId)
  return id.publicKey.raw
}

export const hasNodeKey = (id: PeerId): boolean => id.type === 'secp256k1'

/** @throws InvalidError `peer.id`, `peer.key-type` */
export function parsePeerId(text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw new InvalidError('peer.id', `${text.slice(0, 80)} is no PeerId`, { cause })
  }
}

/** Who a text names as a PeerId; undefined for what is none of this network's. */
export function peerNamed(text: string): Peer | undefined {
  try {
    return peerOf(parsePeerId(text))
  } catch (error) {
    if (error instanceof InvalidError) return undefined
    throw error
  }
}

/**
 * The key under which a node announces itself in the DHT, so that an address leads to a peer. Whoever answers for it is
 * believed only if its own PeerId hashes to the address.
 */
export function addressKey(address: Address): CID {
  return keyOf(`tilth node ${address}`)
}

/** The key, as a CID's text, under which those announce themselves in the DHT who hear a topic. */
export const topicKey = (topic: Topic): string => keyOf(`tilth topic ${topic}`).toString()

/** The key under which nodes of a role announce themselves, where others look for the role and not for a node. */
export const roleKey = (role: 'relay'): CID => keyOf(`tilth role ${role}`)

// The library's DHT keeps and tells nothing of a key whose hash is another one.
const keyOf = (text: string): CID =>
  CID.createV1(rawCodec, createDigest(sha256Code, sha256(new TextEncoder().encode(text))))
