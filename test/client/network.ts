import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { connect, folderStorage } from '../../client/node.ts'
import type { ConnectOptions, NetworkDescription, Tilth } from '../../client/node.ts'
import { toHex } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { coin } from '../harness/index.ts'
import { startNetwork } from '../node/models/network.ts'
import type { TestNetwork, TestPeer } from '../node/models/network.ts'

/** Where pages reach it, and its peers do. */
export const both = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'] as const

export interface LightNetwork extends TestNetwork {
  describe(peers: readonly TestPeer[]): NetworkDescription
  /** A light peer with money and nothing else, over WebSocket. */
  light(
    peers: readonly TestPeer[],
    options?: Partial<Omit<ConnectOptions, 'network' | 'wallet'>> & { privateKey?: Hex; tokens?: bigint }
  ): Promise<{ tilth: Tilth; privateKey: Hex }>
}

/** Real libp2p, a real chain and real stores; the engine is the test's. */
export async function startLightNetwork(): Promise<LightNetwork> {
  const network = await startNetwork(both)
  const { world } = network
  const describe = (peers: readonly TestPeer[]): NetworkDescription => {
    const { chainId, ...contracts } = world.addresses
    const bootstrap = peers.flatMap(({ node }) => node.peers.listening()).filter(address => address.includes('/ws'))
    return { chain: { rpc: world.anvil.rpcUrl, chainId, contracts }, bootstrap }
  }
  return {
    ...network,
    describe,
    async light(peers, { privateKey, tokens = 1000n * coin, ...options } = {}) {
      const key = privateKey ?? toHex(randomBytes(32))
      const account =
        privateKey === undefined ? await world.account({ key: Buffer.from(key.slice(2), 'hex'), tokens }) : undefined
      await account?.chain.stop()
      const storage = folderStorage(join(world.root, 'light'))
      const tilth = await connect({ network: describe(peers), wallet: { privateKey: key }, storage, ...options })
      return { tilth, privateKey: key }
    }
  }
}

/** All of an answer, piece by piece. */
export async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}

export async function allOf<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of values) found.push(value)
  return found
}
