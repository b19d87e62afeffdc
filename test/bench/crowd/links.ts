import type { GossipSubComponents } from '@libp2p/gossipsub'
import type { Connection, PeerId, PrivateKey, Stream, Topology } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'

// Links within one process, as far as gossipsub asks for them: what is sent at one end is read at the other, in order.

/** What went over all links. */
export const carried = { bytes: 0, frames: 0 }

const silent = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined, enabled: false })
const log = Object.assign(silent, { newScope: () => silent })

/** One direction of a link. */
function pipeOf(protocol: string): { readonly outbound: Stream; readonly inbound: Stream } {
  const queue: Uint8Array[] = []
  let wake = (): void => undefined
  let isOver = false
  const close = async (): Promise<void> => {
    isOver = true
    wake()
  }
  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const frame = queue.shift()
      if (frame !== undefined) yield frame
      else if (isOver) return
      else
        await new Promise<void>(resolve => {
          wake = resolve
        })
    }
  }
  const end = { protocol, close, abort: () => void close() }
  const outbound = {
    ...end,
    addEventListener: () => undefined,
    send(bytes: Uint8Array) {
      carried.bytes += bytes.byteLength
      carried.frames++
      queue.push(bytes.slice())
      wake()
      return true
    }
  }
  const inbound = { ...end, [Symbol.asyncIterator]: read }
  return { outbound: outbound as unknown as Stream, inbound: inbound as unknown as Stream }
}

type Handler = (stream: Stream, connection: Connection) => void

/** Where a node's gossipsub is plugged in. */
export class Socket {
  readonly handlers = new Map<string, Handler>()
  readonly topologies: Topology[] = []
  readonly peerId: PeerId
  private readonly privateKey: PrivateKey

  constructor(peerId: PeerId, privateKey: PrivateKey) {
    this.peerId = peerId
    this.privateKey = privateKey
  }

  components(): GossipSubComponents {
    const registrar = {
      handle: async (protocol: string, handler: Handler) => void this.handlers.set(protocol, handler),
      register: async (_: string, topology: Topology) => {
        if (!this.topologies.includes(topology)) this.topologies.push(topology)
        return ''
      },
      unhandle: async () => undefined,
      unregister: () => undefined,
      getTopologies: () => this.topologies
    }
    return {
      peerId: this.peerId,
      privateKey: this.privateKey,
      registrar,
      peerStore: { merge: async () => undefined },
      connectionManager: {},
      logger: { forComponent: () => log }
    } as unknown as GossipSubComponents
  }
}

const place = multiaddr('/ip4/127.0.0.1/tcp/1')

/** Links two nodes, the first of which has dialled. */
export function link(a: Socket, b: Socket): void {
  const connection = (to: Socket, direction: 'inbound' | 'outbound'): Connection => {
    const one = {
      remotePeer: to.peerId,
      remoteAddr: place,
      direction,
      status: 'open',
      newStream: async ([protocol = '']: string[]) => {
        const { outbound, inbound } = pipeOf(protocol)
        to.handlers.get(protocol)?.(inbound, other())
        return outbound
      }
    }
    const other = (): Connection => ends.get(to) ?? (one as unknown as Connection)
    return one as unknown as Connection
  }
  const ends = new Map([
    [a, connection(b, 'outbound')],
    [b, connection(a, 'inbound')]
  ])
  for (const [self, own] of ends) for (const topology of self.topologies) void topology.onConnect?.(own.remotePeer, own)
}
