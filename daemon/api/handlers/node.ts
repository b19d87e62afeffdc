import { pageOf } from '../../../protocol/primitives/index.ts'
import type { Node } from '../../../node/node.ts'
import type { Handlers } from '../server/index.ts'

export function nodeHandlers(
  node: Node,
  { version, rpc }: { version: string; rpc: string }
): Pick<Handlers, 'health' | 'status' | 'peers'> {
  const started = Date.now()
  const {
    chain,
    transport: { peers }
  } = node
  return {
    async health() {
      const reached = await chain.head().then(
        () => true,
        () => false
      )
      return { ok: reached, peers: peers.connected().length, chain: reached }
    },
    async status() {
      const [{ block }, balance] = await Promise.all([chain.head(), chain.tokens.balanceOf(node.self)])
      return {
        version,
        peerId: peers.self.peerId,
        address: node.self,
        roles: [...node.roles],
        addresses: peers.listening(),
        peers: peers.connected().length,
        chain: { id: chain.network.chainId, rpc, block: block.toString(), contracts: { ...chain.addresses } },
        balance: balance.toString(),
        uptimeSeconds: Math.round((Date.now() - started) / 1000)
      }
    },
    peers: async ({ params }) =>
      pageOf(
        peers.connected().map(({ peerId, address }) => ({ peerId, address })),
        params,
        ({ peerId }) => peerId
      )
  }
}
