import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import type { DatanetRules } from '../../../protocol/data/index.ts'
import { toHex } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { createChain, deploy, startAnvil } from '../../../node/chain/index.ts'
import type { Chain } from '../../../node/chain/index.ts'
import { createDataService } from '../../../node/data/index.ts'
import type { DataDeps, DataEvents, DataService } from '../../../node/data/index.ts'
import { createEvents, createLog, silentLog, systemClock } from '../../../node/runtime/index.ts'
import type { Events } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { startNode } from '../transport/nodes.ts'
import type { TestNode } from '../transport/nodes.ts'

// A network for this phase: real libp2p, store and chain in one process.

export const coin = 10n ** 18n

export interface TestPeer {
  readonly name: string
  readonly address: Address
  readonly key: Uint8Array
  readonly folder: string
  readonly chain: Chain
  service: DataService
  events: Events<DataEvents>
  node: TestNode
  store: Store
}
type Start = Omit<TestPeer, 'service' | 'events' | 'node' | 'store'>
export type Options = Partial<Pick<DataDeps, 'autoVote' | 'chain' | 'checks' | 'timing'>>

export interface TestNetwork {
  readonly peers: TestPeer[]
  account(name: string, stake?: bigint): Promise<Start>
  add(name: string, options?: Options): Promise<TestPeer>
  start(account: Start, options?: Options): Promise<TestPeer>
  /** Ends a peer's parts; its folder stays. */
  stopPeer(peer: TestPeer): Promise<void>
  stop(): Promise<void>
}

export async function startNetwork(): Promise<TestNetwork> {
  const root = await mkdtemp(join(tmpdir(), 'tilth-data-'))
  const anvil = await startAnvil({ folder: join(root, 'anvil') })
  const addresses = await deploy({ rpcUrl: anvil.rpcUrl, privateKey: anvil.faucetKey })
  const faucet = await createChain({ rpcUrl: anvil.rpcUrl, addresses, privateKey: anvil.faucetKey })
  const chains = [faucet]
  const peers: TestPeer[] = []

  const network: TestNetwork = {
    peers,
    async account(name, stake = 0n) {
      const key = Uint8Array.from(randomBytes(32))
      const address = addressOfKey(key)
      await faucet.tokens.sendGas(address, coin)
      const chain = await createChain({ rpcUrl: anvil.rpcUrl, addresses, privateKey: toHex(key) })
      chains.push(chain)
      if (stake > 0n) {
        await faucet.tokens.transfer(address, stake)
        await chain.nodes.stake(stake)
      }
      return { name, key, address, folder: join(root, name), chain }
    },
    async start(account, options = {}) {
      const log =
        process.env.DATA_LOG === undefined ? silentLog : createLog({ level: 'debug' }).child({ peer: account.name })
      const node = await startNode({
        privateKey: account.key,
        directory: join(account.folder, 'net'),
        join: peers.map(peer => peer.node)
      })
      const store = await openStore(join(account.folder, 'store'))
      const events = createEvents<DataEvents>(log)
      const { chain, key, address } = account
      const service = createDataService({
        key,
        self: address,
        network: chain.network,
        chain,
        gossip: node.gossip,
        streams: node.streams,
        peers: node.peers,
        files: node.files,
        store,
        events,
        clock: systemClock,
        log,
        ...options,
        timing: { pollMs: 100, tickMs: 100, syncMs: 500, ...options.timing }
      })
      await service.start()
      const peer = { ...account, node, store, events, service }
      peers.push(peer)
      return peer
    },
    add: async (name, options) => network.start(await network.account(name), options),
    async stopPeer(peer) {
      peers.splice(peers.indexOf(peer), 1)
      await peer.service.stop()
      await peer.node.stop()
      await peer.store.close()
    },
    async stop() {
      await Promise.all([...peers].map(peer => network.stopPeer(peer)))
      await Promise.all(chains.map(chain => chain.stop()))
      await anvil.stop()
      await rm(root, { recursive: true, force: true })
    }
  }
  return network
}

export const rulesFor = (
  validators: readonly Address[],
  changes: Partial<DatanetRules> = {}
): Omit<DatanetRules, 'heldOut'> => ({
  name: 'things',
  description: '',
  licence: 'CC0-1.0',
  maxRows: 1000,
  maxBytes: 1 << 20,
  uploadsPerContributor: 2,
  nearDuplicate: 500,
  minOwnShare: 500,
  validators: validators.map(address => ({ address, weight: 1 })),
  revealSeconds: 30,
  voteSeconds: 30,
  ...changes
})

export const jsonl = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([prompt, response]) => JSON.stringify({ prompt, response })).join('\n')
