import type { Node } from '../../../node/node.ts'
import { peerNamed } from '../../../node/transport/index.ts'
import type { NetworkPeerView, NetworkView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

/** What one picture shows. */
const most = { peers: 300, links: 2_000 } as const

type Link = NetworkView['links'][number]

/** Both ends tell of a connection: it is one. */
const nameOf = ({ from, to }: Pick<Link, 'from' | 'to'>): string => (from < to ? `${from}/${to}` : `${to}/${from}`)

export function networkOf({ transport, self, roles }: Pick<Node, 'transport' | 'self' | 'roles'>): NetworkView {
  const { peerId } = transport.peers.self
  const neighbours = transport.neighbours.view()
  const links = new Map<string, Link>()
  const others = new Map<string, NetworkPeerView>()
  const direct = new Set([peerId, ...neighbours.map(one => one.peerId)])
  const add = (link: Link): void => {
    const name = nameOf(link)
    // What is measured here counts before what somebody says.
    if (!links.has(name)) links.set(name, link)
  }
  for (const one of neighbours) add({ from: peerId, to: one.peerId, ms: one.ms })
  for (const one of neighbours)
    for (const { peerId: to, ms } of one.neighbours ?? []) {
      const address = direct.has(to) ? undefined : peerNamed(to)?.address
      // [ignore] What is no PeerId of a node is nobody.
      if (!direct.has(to) && address === undefined) continue
      if (address !== undefined)
        others.set(to, { peerId: to, address, way: null, ms: null, since: null, roles: null, connected: null })
      add({ from: one.peerId, to, ms })
    }
  const all: NetworkPeerView[] = [
    ...neighbours.map(({ neighbours: _told, toldAt: _at, ...view }) => view),
    ...others.values()
  ]
  const peers = all.slice(0, most.peers)
  const shown = new Set([peerId, ...peers.map(one => one.peerId)])
  const between = [...links.values()].filter(({ from, to }) => shown.has(from) && shown.has(to))
  return {
    self: { peerId, address: self, roles: [...roles] },
    peers,
    links: between.slice(0, most.links),
    silent: neighbours.filter(one => one.neighbours === null).length,
    leftOut: { peers: all.length - peers.length, links: links.size - Math.min(between.length, most.links) }
  }
}

export const networkHandlers = (node: Pick<Node, 'transport' | 'self' | 'roles'>): Pick<Handlers, 'network'> => ({
  network: async () => networkOf(node)
})
