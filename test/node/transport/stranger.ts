import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { StrictNoSign, gossipsub } from '@libp2p/gossipsub'
import type { GossipSub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { createHash } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { decode, encode } from 'it-length-prefixed'
import { createLibp2p } from 'libp2p'
import { sealEnvelope } from '../../../protocol/wire/index.ts'
import type { Protocol, Topic } from '../../../protocol/wire/index.ts'
import type { Transport } from '../../../node/transport/index.ts'

// A peer that keeps none of our rules: plain libp2p, with which a test says whatever bytes it likes.

export interface Stranger {
  readonly peerId: string
  readonly libp2p: Libp2p<{ identify: Identify; pubsub: GossipSub }>
  /** A raw stream. */
  open(protocol: Protocol): Promise<Stream>
  /** Says content in an envelope of its own, once subscribed; `at` in seconds, now if left out. */
  say(topic: Topic, content: string | Uint8Array, at?: number): Promise<void>
  connected(): boolean
  dial(): Promise<void>
}

const strangers = new Set<Libp2p>()

/** Whom a stranger meets: a node of this process, or what is known of one elsewhere. */
export interface Victim {
  readonly peers: Pick<Transport['peers'], 'listening'> & { readonly self: { readonly peerId: string } }
}

export async function startStranger(victim: Victim, keyType: 'secp256k1' | 'Ed25519' = 'secp256k1'): Promise<Stranger> {
  const privateKey = await generateKeyPair(keyType)
  const libp2p = await createLibp2p({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // Whoever is kept busy does not answer in time whether it is there.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      pubsub: gossipsub({
        globalSignaturePolicy: StrictNoSign,
        allowPublishToZeroTopicPeers: true,
        floodPublish: true,
        emitSelf: false,
        msgIdFn: message => message.data
      })
    }
  })
  strangers.add(libp2p)
  const target = victim.peers.listening().map(text => multiaddr(text))
  return {
    peerId: libp2p.peerId.toString(),
    libp2p,
    say: async (topic, content, at = Math.floor(Date.now() / 1000)) => {
      await libp2p.services.pubsub.publish(topic, envelope(topic, content, at, privateKey.raw))
    },
    open: async protocol => await libp2p.dialProtocol(target, protocol),
    connected: () =>
      libp2p
        .getConnections()
        .some(
          connection => connection.status === 'open' && connection.remotePeer.toString() === victim.peers.self.peerId
        ),
    dial: async () => {
      await libp2p.dial(target)
    }
  }
}

/** A sealed envelope's bytes. @param at seconds since 1970 */
export function envelope(topic: Topic, content: string | Uint8Array, at: number, key: Uint8Array): Uint8Array {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  return sealEnvelope(topic, { content: bytes, hash: createHash('sha256').update(bytes).digest() }, at, key)
}

export async function stopStrangers(): Promise<void> {
  for (const libp2p of strangers) await libp2p.stop()
  strangers.clear()
}

/** A frame with a tag, as the wire has it. */
export function frame(tag: number, body: string | Uint8Array): Uint8Array {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return encode.single(Buffer.concat([Uint8Array.of(tag), bytes])).subarray()
}

/** The code with which the other side closes a stream, or undefined when it closed without. */
export async function refusal(stream: Stream): Promise<string | undefined> {
  try {
    for await (const bytes of decode(stream)) {
      const data = bytes.subarray()
      if (data[0] === 1) return new TextDecoder().decode(data.subarray(1))
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return undefined // reset
  }
  return undefined
}

/** How many messages of a topic's family a node has given that verdict. */
export const verdicts = async (
  metrics: { metrics(): Promise<string> },
  topic: string,
  verdict: string
): Promise<number> =>
  Number(
    new RegExp(`tilth_gossip_messages_total\\{topic="${topic}",verdict="${verdict}"\\} (\\d+)`).exec(
      await metrics.metrics()
    )?.[1] ?? 0
  )
