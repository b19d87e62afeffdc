import { lookup } from 'node:dns/promises'
import type { Connection, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { reachQuestion } from '../../../protocol/wire/index.ts'
import type { ReachAnswer } from '../../../protocol/wire/index.ts'
import { hostOf, isRelayed, parseMultiaddr, portOf, withoutPeer } from '../addresses.ts'
import { parsePeerId } from '../identity.ts'
import type { Streams } from '../types.ts'
import type { ReachPolicy } from './policy.ts'

/** Milliseconds for one dial: who is reachable answers in a few hundred. */
const dialMs = 5_000
/** Milliseconds for what libp2p says to each other on a new connection. */
const leaveMs = 5_000

/**
 * Ends a connection that was made to see whether it can be. Whatever of ours or the other's has begun to use it
 * meanwhile keeps it: closing would cut that off.
 */
async function leave(connection: Connection): Promise<void> {
  const until = Date.now() + leaveMs
  do
    await new Promise(resolve => {
      setTimeout(resolve, 250).unref()
    })
  while (connection.streams.length > 0 && Date.now() < until)
  try {
    if (connection.streams.length === 0) await connection.close()
  } catch (error) {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

type Outcome = ReachAnswer['outcomes'][number]['outcome']

/** Dials those who ask at the addresses they name, and says whether it worked. */
export function answerReach(
  { libp2p, streams }: { libp2p: Libp2p; streams: Pick<Streams, 'handle'> },
  policy: ReachPolicy
): () => Promise<void> {
  /** Where a peer is seen, if it came directly. */
  const seenAt = (peerId: string): Multiaddr | undefined =>
    libp2p
      .getConnections(parsePeerId(peerId))
      .map(({ remoteAddr }) => remoteAddr)
      .find(address => !isRelayed(address))

  /** The IP addresses of an address: its own, or those behind its name. */
  async function ipsOf(address: Multiaddr): Promise<string[]> {
    const host = hostOf(address) ?? ''
    if (/^[0-9a-f.:]+$/i.test(host)) return [host]
    try {
      return (await lookup(host, { all: true })).map(found => found.address)
    } catch {
      return [] // a name that leads nowhere is no address
    }
  }

  async function tryOne(text: string, peerId: string, seen: Multiaddr): Promise<Outcome> {
    const address = parseMultiaddr(text)
    // [reject] Only the asker's own host is dialled: nobody has others scanned through us.
    if (address === undefined || isRelayed(address) || portOf(address) === undefined) return 'refused'
    const host = hostOf(seen) ?? ''
    if (!(await ipsOf(address)).includes(host) || !policy.isPublic(seen)) return 'refused'
    try {
      const target = withoutPeer(address).encapsulate(`/p2p/${peerId}`)
      // A second connection, to be sure; the first one may have come through a door that opens only outwards.
      const connection = await libp2p.dial(target, { force: true, signal: AbortSignal.timeout(dialMs) })
      void leave(connection)
      return 'dialled'
    } catch {
      return 'failed'
    }
  }

  return streams.handle('/tilth/peers/reach/1', async stream => {
    const question = await stream.next(reachQuestion)
    if (question === undefined) return
    const seen = seenAt(stream.peerId)
    // [ignore] Who comes through a relay only is asked by the relay.
    if (seen === undefined)
      throw new InvalidError('reach.relayed', 'a connection through a relay says nothing of addresses', {
        consequence: 'ignore'
      })
    const outcomes: ReachAnswer['outcomes'] = []
    // One after the other: libp2p makes one dial of several to a peer.
    for (const address of new Set(question.addresses))
      outcomes.push({ address, outcome: await tryOne(address, stream.peerId, seen) })
    await stream.send({ outcomes } satisfies ReachAnswer)
  })
}
