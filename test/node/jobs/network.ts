import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contentHash, toHex, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import type { TrainSettings } from '../../../protocol/jobs/index.ts'
import { createChain, deploy, startAnvil } from '../../../node/chain/index.ts'
import type { Addresses, Anvil, Chain } from '../../../node/chain/index.ts'
import { createEvents, createLog, silentLog, systemClock } from '../../../node/runtime/index.ts'
import type { Events, Log } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { createJobsService } from '../../../node/jobs/index.ts'
import type { JobEvents, JobsDeps, JobsService, JobsTiming, OwnedRow, Versions } from '../../../node/jobs/index.ts'
import { startNode } from '../transport/nodes.ts'
import type { TestNode } from '../transport/nodes.ts'

// A network for this phase: real libp2p, real store, a real chain with an anchored version; the engine is the test's.

export const coin = 10n ** 18n
export const tinyModel = join(import.meta.dirname, '../../vectors/parity/llama-tied')

export const settings: TrainSettings = {
  method: 'lora',
  lora: { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj'], dropout: 0 },
  epochs: 2,
  batch: 4,
  accumulation: 1,
  lr: 0.01,
  schedule: 'constant',
  warmupRatio: 0,
  weightDecay: 0,
  clip: 1,
  seed: 7,
  cutoff: 64,
  ema: 0,
  responseOnly: true
}

/** Three players with six, four and two rows. */
export const players: Address[] = [1, 2, 3].map((n): Address => `0x${`${n}${n}`.repeat(20)}`)
export const rows: OwnedRow[] = [0, 0, 1, 0, 1, 2, 0, 1, 0, 0, 2, 1].map((owner, i) => ({
  contributor: players[owner]!,
  row: {
    messages: [
      { role: 'user', content: `What is thing ${i}?` },
      { role: 'assistant', content: `Thing ${i} is a thing of kind ${owner}.` }
    ]
  }
}))
const versions: Versions = { rows: async () => rows, heldOut: async () => rows.slice(0, 3).map(({ row }) => row) }

export interface TestPeer {
  readonly name: string
  readonly address: Address
  readonly key: Uint8Array
  readonly folder: string
  readonly chain: Chain
  service: JobsService
  events: Events<JobEvents>
  node: TestNode
  store: Store
}

export interface TestNetwork {
  readonly anvil: Anvil
  readonly addresses: Addresses
  readonly datanet: Hex
  readonly builder: TestPeer
  /** CID of the tiny model's folder, which the builder provides. */
  readonly base: string
  addPeer(name: string, options: PeerOptions): Promise<TestPeer>
  /** An account with money and a folder, for a peer that somebody else runs. */
  addAccount(name: string): Promise<Start>
  /** Ends a peer as `kill -9` would, as far as that goes within a process: nothing is said to anybody. */
  kill(peer: TestPeer): Promise<void>
  /** Starts a killed peer again on its data folder. */
  revive(peer: TestPeer, options: PeerOptions): Promise<void>
  stop(): Promise<void>
}

export interface PeerOptions {
  engine: JobsDeps['engine']
  roles?: JobsDeps['roles']
  policy?: JobsDeps['policy']
  timing?: Partial<JobsTiming>
  log?: Log
  /** What stands between the service and the parts it uses. */
  change?: (deps: JobsDeps) => JobsDeps
}

const quick: JobsTiming = { bidMs: 4_000, aliveMs: 200, silenceMs: 8_000, announceMs: 500, tickMs: 50 }

type Wired = Pick<TestPeer, 'service' | 'events' | 'node' | 'store'>
type Start = Omit<TestPeer, keyof Wired>

/** Starts a peer's parts on its folder, in this process. */
export async function wirePeer(peer: Start, bootstrap: readonly string[], options: PeerOptions): Promise<Wired> {
  const log =
    options.log ??
    (process.env.JOBS_LOG === undefined ? silentLog : createLog({ level: 'info' }).child({ peer: peer.name }))
  const node = await startNode({ privateKey: peer.key, directory: join(peer.folder, 'net'), bootstrap })
  const store = await openStore(join(peer.folder, 'store'))
  const events = createEvents<JobEvents>(log)
  const deps: JobsDeps = {
    key: peer.key,
    self: peer.address,
    network: peer.chain.network,
    roles: options.roles ?? { builder: false, worker: true },
    clock: systemClock,
    log,
    events,
    store,
    gossip: node.gossip,
    streams: node.streams,
    peers: node.peers,
    files: node.files,
    chain: peer.chain,
    engine: options.engine,
    versions,
    folder: join(peer.folder, 'jobs'),
    timing: { ...quick, ...options.timing },
    ...(options.policy === undefined ? {} : { policy: options.policy })
  }
  const service = createJobsService(options.change?.(deps) ?? deps)
  await service.start()
  return { service, events, node, store }
}

export async function startNetwork(builderOptions: PeerOptions): Promise<TestNetwork> {
  const root = await mkdtemp(join(tmpdir(), 'tilth-jobs-'))
  const anvil = await startAnvil({ folder: join(root, 'anvil') })
  const addresses = await deploy({ rpcUrl: anvil.rpcUrl, privateKey: anvil.faucetKey })
  const faucet = await createChain({ rpcUrl: anvil.rpcUrl, addresses, privateKey: anvil.faucetKey })
  const peers: TestPeer[] = []
  const dead = new Set<TestPeer>()

  const wire = (peer: Start, options: PeerOptions): Promise<Wired> =>
    wirePeer(
      peer,
      peers
        .filter(other => other.address !== peer.address && !dead.has(other))
        .flatMap(({ node }) => node.peers.listening()),
      options
    )

  async function addAccount(name: string): Promise<Start> {
    const key = Uint8Array.from(randomBytes(32))
    const address = addressOfKey(key)
    const folder = join(root, name)
    await mkdir(folder, { recursive: true })
    await faucet.tokens.sendGas(address, coin)
    await faucet.tokens.transfer(address, 1000n * coin)
    const chain = await createChain({ rpcUrl: anvil.rpcUrl, addresses, privateKey: toHex(key) })
    return { name, key, address, folder, chain }
  }

  async function addPeer(name: string, options: PeerOptions): Promise<TestPeer> {
    const start = await addAccount(name)
    const peer: TestPeer = { ...start, ...(await wire(start, options)) }
    peers.push(peer)
    return peer
  }

  async function kill(peer: TestPeer): Promise<void> {
    // The connections go first, so that nothing the service does on its way out reaches anybody.
    dead.add(peer)
    // Work ends at once. A service held at a write never stops, and one without a network may complain on its way out.
    const stopped = peer.service.stop().catch(() => undefined)
    await peer.node.stop()
    await Promise.race([stopped, systemClock.sleep(300)])
    await peer.store.close()
  }

  const builder = await addPeer('builder', {
    ...builderOptions,
    roles: builderOptions.roles ?? { builder: true, worker: false }
  })
  const created = { rules: contentHash('rules'), createdAt: 1n, validators: [{ address: builder.address, weight: 1n }] }
  const { datanet } = await builder.chain.datanets.create(created)
  const version = {
    datanet,
    version: 1,
    root: zeroHash.replace('00', '11') as Hex,
    count: 3,
    cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
  }
  await builder.chain.datanets.anchorVersion(
    version,
    signStatement(builder.chain.network, 'Version', version, builder.key).signature
  )
  const folder = join(root, 'model')
  await mkdir(folder)
  for (const file of ['config.json', 'model.safetensors']) await cp(join(tinyModel, file), join(folder, file))
  for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'])
    await cp(join(tinyModel, '../tokenizer', file), join(folder, file))
  const base = await builder.node.files.addDirectory(folder)

  return {
    anvil,
    addresses,
    datanet,
    builder,
    base,
    addPeer,
    addAccount,
    kill,
    async revive(peer, options) {
      Object.assign(peer, await wire(peer, options))
      dead.delete(peer)
    },
    async stop() {
      for (const peer of peers.reverse()) {
        if (!dead.has(peer)) {
          await peer.service.stop()
          await peer.node.stop()
          await peer.store.close()
        }
        await peer.chain.stop()
      }
      await faucet.stop()
      await anvil.stop()
      await rm(root, { recursive: true, force: true })
    }
  }
}

export const request = ({ base, datanet }: Pick<TestNetwork, 'base' | 'datanet'>) => ({
  base,
  datanet,
  version: 1,
  settings,
  coalitions: 8,
  budget: 50n * coin,
  deadlineSeconds: 600,
  bidSeconds: 20,
  expectedBids: 2
})
