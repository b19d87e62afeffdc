import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChain, deploy, startAnvil } from '../../../node/chain/index.ts'
import type { Anvil, Chain } from '../../../node/chain/index.ts'
import { createModelsService } from '../../../node/models/index.ts'
import type {
  AskEvent,
  AskRequest,
  AskResult,
  ModelEvents,
  ModelsDeps,
  ModelsService
} from '../../../node/models/index.ts'
import { createEvents, createLog, silentLog, systemClock } from '../../../node/runtime/index.ts'
import type { Events, Log } from '../../../node/runtime/index.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import type { MessageStream, Streams } from '../../../node/transport/index.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { canonicalJson, toHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { startNode, until } from '../transport/nodes.ts'
import type { TestNode } from '../transport/nodes.ts'
import { fakeEngine, fakeSpeech } from './engine.ts'

// A network for this phase: real libp2p, real stores, a real chain; the engine is the test's.

export const coin = 10n ** 18n

export interface PeerOptions {
  engine?: ModelsDeps['engine']
  roles?: ModelsDeps['roles']
  policy?: ModelsDeps['policy']
  timing?: ModelsDeps['timing']
  attribute?: ModelsDeps['attribute']
  speech?: ModelsDeps['speech'] | null
  metrics?: ModelsDeps['metrics']
  /** What stands between the service and the parts it uses. */
  change?: (deps: ModelsDeps) => ModelsDeps
}

export interface TestPeer {
  readonly name: string
  readonly address: Address
  readonly key: Uint8Array
  readonly folder: string
  readonly chain: Chain
  readonly options: PeerOptions
  service: ModelsService
  events: Events<ModelEvents>
  node: TestNode
  store: Store
}

export interface TestNetwork {
  readonly anvil: Anvil
  readonly builder: TestPeer
  readonly model: Hex
  addPeer(name: string, options?: PeerOptions): Promise<TestPeer>
  /** Ends a peer as `kill -9` would, as far as that goes within a process: nothing is said to anybody. */
  kill(peer: TestPeer): Promise<void>
  revive(peer: TestPeer, options?: PeerOptions): Promise<void>
  /** A new service on the same node and store: what was only in memory is forgotten. */
  forget(peer: TestPeer): Promise<void>
  /** Serves the model and waits until the client has heard of it. */
  serve(worker: TestPeer, client: TestPeer, prices?: { inputPrice?: bigint; outputPrice?: bigint }): Promise<void>
  registerBase(folder: string, name: string): Promise<Hex>
  stop(): Promise<void>
}

const quick: ModelsDeps['timing'] = {
  renewMs: 1_000,
  voucherMs: 8_000,
  acceptMs: 20_000,
  silenceMs: 10_000,
  receiptMs: 20_000,
  busyMs: 3_000,
  findMs: 3_000,
  redeemMs: 500,
  marginSeconds: 60
}

export async function startNetwork(): Promise<TestNetwork> {
  const root = await mkdtemp(join(tmpdir(), 'tilth-models-'))
  const anvil = await startAnvil({ folder: join(root, 'anvil') })
  const addresses = await deploy({ rpcUrl: anvil.rpcUrl, privateKey: anvil.faucetKey, disputeSeconds: 60 })
  const faucet = await createChain({ rpcUrl: anvil.rpcUrl, addresses, privateKey: anvil.faucetKey })
  const peers: TestPeer[] = []
  const dead = new Set<TestPeer>()

  const logOf = ({ name }: Pick<TestPeer, 'name'>): Log =>
    process.env.MODELS_LOG === undefined ? silentLog : createLog({ level: 'debug' }).child({ peer: name })

  async function wire(
    peer: Omit<TestPeer, 'service' | 'events' | 'node' | 'store'>,
    options: PeerOptions
  ): Promise<Pick<TestPeer, 'service' | 'events' | 'node' | 'store'>> {
    const node = await startNode({
      privateKey: peer.key,
      directory: join(peer.folder, 'net'),
      join: peers.filter(other => other.address !== peer.address && !dead.has(other)).map(({ node }) => node)
    })
    const store = await openStore(join(peer.folder, 'store'))
    return { node, store, ...(await serviceOn(peer, node, store, options)) }
  }

  async function serviceOn(
    peer: Pick<TestPeer, 'name' | 'key' | 'address' | 'folder' | 'chain'>,
    node: TestNode,
    store: Store,
    options: PeerOptions
  ): Promise<Pick<TestPeer, 'service' | 'events'>> {
    const log = logOf(peer)
    const events = createEvents<ModelEvents>(log)
    const deps: ModelsDeps = {
      key: peer.key,
      self: peer.address,
      network: peer.chain.network,
      roles: options.roles ?? { worker: true, client: true },
      clock: systemClock,
      log,
      events,
      store,
      gossip: node.gossip,
      streams: node.streams,
      peers: node.peers,
      files: node.files,
      chain: peer.chain,
      engine: options.engine ?? fakeEngine(),
      folder: join(peer.folder, 'models'),
      timing: { ...quick, ...options.timing },
      ...(options.speech === null ? {} : { speech: options.speech ?? fakeSpeech }),
      ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
      ...(options.policy === undefined ? {} : { policy: options.policy }),
      ...(options.attribute === undefined ? {} : { attribute: options.attribute })
    }
    const service = createModelsService(options.change?.(deps) ?? deps)
    await service.start()
    return { service, events }
  }

  async function addPeer(name: string, options: PeerOptions = {}): Promise<TestPeer> {
    const key = Uint8Array.from(randomBytes(32))
    const address = addressOfKey(key)
    const folder = join(root, name)
    await mkdir(folder, { recursive: true })
    await faucet.tokens.sendGas(address, coin)
    await faucet.tokens.transfer(address, 1000n * coin)
    const chain = await createChain({ rpcUrl: anvil.rpcUrl, addresses, privateKey: toHex(key) })
    const start = { name, key, address, folder, chain, options }
    const peer: TestPeer = { ...start, ...(await wire(start, options)) }
    peers.push(peer)
    return peer
  }

  const builder = await addPeer('builder', { roles: { worker: false, client: false } })
  const folder = join(root, 'model')
  await mkdir(folder)
  await writeFile(join(folder, 'config.json'), '{}')
  const registerBase = async (path: string, name: string): Promise<Hex> =>
    (await builder.service.registerBase({ name, base: await builder.node.files.addDirectory(path) })).id
  const model = await registerBase(folder, 'tiny')

  return {
    anvil,
    builder,
    model,
    addPeer,
    registerBase,
    async kill(peer) {
      dead.add(peer)
      await peer.node.stop()
      await Promise.race([peer.service.stop().catch(() => undefined), systemClock.sleep(500)])
      await peer.store.close()
    },
    async revive(peer, options = peer.options) {
      Object.assign(peer, await wire(peer, options))
      dead.delete(peer)
    },
    async forget(peer) {
      await peer.service.stop()
      Object.assign(peer, await serviceOn(peer, peer.node, peer.store, peer.options))
    },
    async serve(worker, client, prices = {}) {
      await until(
        () => worker.service.model(model) !== undefined && client.service.model(model) !== undefined,
        'the model is known'
      )
      await worker.service.offer({ model, ...prices })
      await until(
        () => client.service.offers(model).some(offer => offer.worker === worker.address),
        'the offer is known'
      )
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

export const question = (text: string, more: Partial<AskRequest> = {}): AskRequest => ({
  model: 'tiny',
  messages: [{ role: 'user', content: text }],
  maxTokens: 24,
  seed: 7,
  ...more
})

/** Asks to the end. @returns the result and all that came before it */
export async function ask(
  peer: TestPeer,
  request: AskRequest,
  onEvent: (event: AskEvent) => void = () => undefined
): Promise<AskResult & { workers: { worker: Address; reason?: string }[]; streamed: string }> {
  const workers: { worker: Address; reason?: string }[] = []
  let streamed = ''
  for await (const event of peer.service.ask(request)) {
    onEvent(event)
    if (event.kind === 'text') streamed += event.text
    else if (event.kind === 'worker')
      workers.push({ worker: event.worker, ...(event.reason === undefined ? {} : { reason: event.reason }) })
    else return { ...event, workers, streamed }
  }
  throw new Error('the answer did not end')
}

type Frame = Record<string, unknown> & { kind: string }

/** Streams whose sender says something else than the service meant: the frame as JSON, or null to swallow it. */
export function tamper(
  streams: Streams,
  change: (frame: Frame, stream: MessageStream, count: number) => Frame | null | Promise<Frame | null>
): Streams {
  const wrap = (stream: MessageStream): MessageStream => {
    let count = 0
    return {
      ...stream,
      async send(value) {
        const changed = await change(JSON.parse(canonicalJson(value)) as Frame, stream, count++)
        if (changed !== null) await stream.send(changed)
      }
    }
  }
  return {
    handle: (protocol, serve) => streams.handle(protocol, stream => serve(wrap(stream))),
    open: async (peer, protocol, options) => wrap(await streams.open(peer, protocol, options))
  }
}
