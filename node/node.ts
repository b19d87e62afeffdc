import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { addressOfKey } from '../protocol/crypto/index.ts'
import type { Network } from '../protocol/crypto/index.ts'
import { toHex } from '../protocol/primitives/index.ts'
import type { Address, Hex } from '../protocol/primitives/index.ts'
import { createAccount, declareAccountMetrics } from './account/index.ts'
import type { Account } from './account/index.ts'
import { backupParts } from './backup/index.ts'
import type { BackupPart } from './backup/index.ts'
import { createChain, declareChainMetrics, followChain } from './chain/index.ts'
import type { Addresses, Deployment, FollowedChain } from './chain/index.ts'
import { createDataService } from './data/index.ts'
import type { DataEvents, DataService } from './data/index.ts'
import { createBackends } from './engine/backend/index.ts'
import type { BackendOptions, Backends } from './engine/backend/index.ts'
import type { ProviderRequest } from './engine/graph/provider.ts'
import { createTrainer } from './engine/trainer/index.ts'
import type { TrainerOptions } from './engine/trainer/index.ts'
// The client alone: what it asks runs in threads of its own, and this one need not load ONNX Runtime.
import { openEngine } from './engine/host/client.ts'
import type { Engine } from './engine/types.ts'
import { createFlow } from './flow/index.ts'
import type { Flow } from './flow/index.ts'
import { createJobsService, privateRowsOf, versionsOf } from './jobs/index.ts'
import type { JobEvents, JobsService } from './jobs/index.ts'
import { createModelsService, folderSpeech } from './models/index.ts'
import type { ModelEvents, ModelsService } from './models/index.ts'
import { createPayoutsService } from './payouts/index.ts'
import type { PayoutEvents, PayoutsService } from './payouts/index.ts'
import { tellOwnNews } from './news.ts'
import type { OwnEvents } from './news.ts'
import { policiesFor } from './policies.ts'
import type { AutomationPolicies } from './policies.ts'
import { createAutomations, createAvailability, createEvents, createLifecycle, systemClock } from './runtime/index.ts'
import type {
  AutomationEvents,
  Automations,
  Availability,
  AvailabilityPolicy,
  Events,
  Log,
  Metrics
} from './runtime/index.ts'
import { createShelf } from './shelf/index.ts'
import type { Shelf } from './shelf/index.ts'
import { followByRole } from './roles.ts'
import { openStore } from './store/index.ts'
import { createUnpinning } from './unpinning.ts'
import { createTransport } from './transport/index.ts'
import type { Preset, Transport } from './transport/index.ts'

export type NodeRole = 'host' | 'validator' | 'builder' | 'worker' | 'client' | 'settler' | 'scorer' | 'relay'
export type NodeEvents = DataEvents & JobEvents & ModelEvents & PayoutEvents & AutomationEvents & OwnEvents

export interface NodeOptions {
  /** The node's data folder; everything it keeps is below. */
  directory: string
  /** 32 bytes: its PeerId and its account. */
  privateKey: Uint8Array
  roles: readonly NodeRole[]
  preset: Preset
  listen: readonly string[]
  /** Where others see it, if not where it listens. */
  announce?: readonly string[]
  upnp?: boolean
  bootstrap: readonly string[]
  chain: { rpc: string; contracts: Addresses & Partial<Deployment>; confirmations?: number }
  worker: {
    pricePerSecond: bigint
    maxParameters: number
    maxRows: number
    maxSeconds: number
    inputPrice: bigint
    outputPrice: bigint
    threads: number
    provider?: ProviderRequest
    quantize?: 'none' | 'int8' | 'int4'
    capacity: number
    /** Where the owner says that the machine is. */
    region?: string | undefined
    /** Servers of the owner's that answer for some bases. */
    backends?: readonly BackendOptions[]
    /** A command of the owner's that trains adapters. */
    trainer?: TrainerOptions | undefined
  }
  /**
   * Base models and adapters: bytes on disk, and bytes a second for what strangers cause; the defaults unless given.
   */
  shelf?: { quota?: number | undefined; pace?: number | undefined; states?: number | undefined }
  /** Validators vote by their own checks; false leaves it to a person. */
  autoVote: boolean
  /** Scorers judge drawn answers; not unless given. */
  judgeAnswers?: boolean
  /** Datanets followed by choice: names, ids, or beginnings of ids. */
  follow?: readonly string[]
  /** Bytes lent to shards of others' Datanets that too few have; 0 for none. */
  storage?: number
  /** Where it is not given, nothing is begun by itself: vouchers are redeemed, epochs watched and made final. */
  automation?: AutomationPolicies
  /** When a worker takes on work: always unless given. */
  availability?: AvailabilityPolicy
}

/** A running peer: its parts, in the order of the flow. */
export interface Node {
  readonly self: Address
  readonly roles: readonly NodeRole[]
  readonly network: Network
  readonly chain: FollowedChain
  readonly transport: Transport
  readonly engine: Engine
  readonly backends: Backends
  readonly shelf: Shelf
  readonly events: Events<NodeEvents>
  readonly data: DataService
  readonly jobs: JobsService
  readonly models: ModelsService
  readonly payouts: PayoutsService
  /** How the whole flow stands. */
  readonly flow: Flow
  /** Its own money. */
  readonly account: Account
  /** What it does by itself. */
  readonly automations: Automations
  /** When it takes on work for others. */
  readonly availability: Availability
  /** A consistent copy of its folder, as it runs. */
  backup(options: { whole: boolean }): AsyncGenerator<BackupPart>
  stop(): Promise<void>
}

/**
 * Wires a node: infrastructure first, then the services in the order of the flow (protocol/flow.ts). Each service is
 * given the few interfaces it uses. What was started is stopped in reverse, also when a later part cannot start.
 * @throws TilthError of the part that could not start, with what to do
 */
export async function createNode(
  options: NodeOptions,
  { log, metrics, onTwin }: { log: Log; metrics: Metrics; onTwin?: () => void }
): Promise<Node> {
  const { directory, privateKey: key } = options
  const self = addressOfKey(key)
  const is = (role: NodeRole): boolean => options.roles.includes(role)
  const folder = async (name: string): Promise<string> => {
    const path = join(directory, name)
    await mkdir(path, { recursive: true })
    return path
  }
  const lifecycle = createLifecycle(log)
  const keep = (name: string, stop: () => Promise<unknown>) =>
    lifecycle.start({
      name,
      start: async () => undefined,
      stop: async () => {
        await stop()
      }
    })
  try {
    const store = await openStore(await folder('store'), { log: log.child({ part: 'store' }) })
    await keep('store', () => store.close())
    const rpc = await createChain({
      rpcUrl: options.chain.rpc,
      addresses: options.chain.contracts,
      privateKey: toHex(key)
    })
    await keep('chain', () => rpc.stop())
    const chain = await followChain(rpc, {
      store,
      clock: systemClock,
      log: log.child({ part: 'chain' }),
      confirmations: options.chain.confirmations
    })
    await keep('ledger', () => chain.ledger.stop())
    declareChainMetrics(metrics, chain.ledger)
    const transport = await createTransport(
      {
        privateKey: key,
        listen: options.listen,
        ...(options.announce === undefined ? {} : { announce: options.announce }),
        upnp: options.upnp ?? false,
        roles: options.roles,
        relay: is('relay'),
        bootstrap: options.bootstrap,
        directory: await folder('ipfs'),
        preset: options.preset
      },
      { log: log.child({ part: 'transport' }), metrics, onTwin }
    )
    await keep('transport', () => transport.stop())
    const engine = openEngine({
      provider: options.worker.provider,
      quantize: options.worker.quantize,
      ...(options.worker.threads === 0 ? {} : { threads: options.worker.threads })
    })
    await keep('engine', () => engine.close())
    const backends = createBackends(options.worker.backends ?? [], {
      own: engine,
      clock: systemClock,
      log: log.child({ part: 'backends' })
    })
    await keep('backends', async () => {
      backends.stop()
    })
    const trainer =
      options.worker.trainer &&
      createTrainer(options.worker.trainer, { text: engine.text, log: log.child({ part: 'trainer' }) })
    await keep('trainer', async () => {
      trainer?.close()
    })
    const shelf = createShelf({
      files: transport.files,
      folder: await folder('shelf'),
      clock: systemClock,
      log: log.child({ part: 'shelf' }),
      metrics,
      engine,
      quota: options.shelf?.quota,
      pace: options.shelf?.pace
    })
    await lifecycle.start(shelf)

    const events = createEvents<NodeEvents>(log)
    const { gossip, streams, peers, files } = transport
    const { network } = chain
    const automations = createAutomations({ clock: systemClock, log, events, store, metrics })
    const policies = policiesFor(
      options.automation,
      { host: is('host'), builder: is('builder'), worker: is('worker') },
      shelf.status().quota
    )
    const availability = createAvailability(
      { clock: systemClock, log, store },
      options.availability ?? { hours: [], power: 'any' }
    )
    await availability.start()
    await keep('availability', async () => {
      availability.stop()
    })
    const { neighbours } = transport
    const unheardOwn = tellOwnNews(events, { neighbours, availability, peers, clock: systemClock })
    await keep('news', async () => {
      unheardOwn()
    })
    const common = {
      automations,
      availability,
      key,
      self,
      network,
      chain,
      gossip,
      streams,
      peers,
      files,
      shelf,
      store,
      engine,
      clock: systemClock,
      metrics
    }

    const data = createDataService({
      ...common,
      events,
      log: log.child({ phase: 'data' }),
      autoVote: options.autoVote,
      ...policies.data,
      ...(options.follow === undefined ? {} : { follow: options.follow }),
      ...(options.storage === undefined ? {} : { storage: options.storage })
    })
    const versions = versionsOf(data, { chain })
    const nameOf = async (datanet: Hex): Promise<string | undefined> => (await data.datanet(datanet))?.rules.name
    const jobs = createJobsService({
      ...common,
      events,
      log: log.child({ phase: 'jobs' }),
      versions,
      privateRows: privateRowsOf(data, chain.nodes),
      ...(trainer === undefined ? {} : { trainer }),
      folder: await folder('jobs'),
      roles: { builder: is('builder'), worker: is('worker') },
      policy: {
        pricePerSecond: options.worker.pricePerSecond,
        maxParameters: options.worker.maxParameters,
        maxRows: options.worker.maxRows,
        maxSeconds: options.worker.maxSeconds
      },
      statesBytes: options.shelf?.states
    })
    const models = createModelsService({
      ...common,
      events,
      log: log.child({ phase: 'models' }),
      speech: folderSpeech(engine.text),
      roles: { worker: is('worker'), client: is('client') },
      policy: {
        inputPrice: options.worker.inputPrice,
        outputPrice: options.worker.outputPrice,
        capacity: options.worker.capacity,
        region: options.worker.region ?? '',
        ...policies.redeem
      },
      backends,
      jobs,
      jobEvents: events,
      versions,
      nameOf,
      ...policies.models
    })
    const payouts = createPayoutsService({
      ...common,
      events,
      modelEvents: events,
      log: log.child({ phase: 'payouts' }),
      versions,
      result: cid => jobs.result(cid),
      trainings: jobs,
      models,
      folder: await folder('payouts'),
      roles: { settler: is('settler'), scorer: is('scorer') },
      policy: { ...policies.payouts.policy, judge: options.judgeAnswers === true },
      nameOf,
      pools: as => {
        const role = { followed: undefined, contributed: 'contributor', hosted: 'host' } as const
        const wanted = role[as]
        const theirs = data.followed().filter(({ roles }) => wanted === undefined || roles.includes(wanted))
        // Whoever gave to a Datanet is paid by what is made of it, too.
        return [...new Set(theirs.flatMap(({ id }) => [id, ...(as === 'hosted' ? [] : data.mixesOf(id))]))]
      }
    })
    const account = createAccount({ self, rpcUrl: options.chain.rpc, clock: systemClock, chain, models, payouts })
    declareAccountMetrics(metrics, account, { self, clock: systemClock, log: log.child({ part: 'account' }) })
    const unheard = followByRole(events, { data, jobs, models, self, log: log.child({ phase: 'data' }) })
    await keep('roles', async () => {
      unheard()
    })
    const flow = createFlow({
      clock: systemClock,
      log: log.child({ part: 'flow' }),
      events,
      store,
      chain,
      data,
      jobs,
      models,
      payouts
    })
    const unpinning = createUnpinning({
      store,
      files,
      caughtUp: () => chain.ledger.caughtUp(),
      clock: systemClock,
      log
    })
    for (const [name, service] of Object.entries({ unpinning, flow, data, jobs, models, payouts }))
      await lifecycle.start({ name, start: () => service.start(), stop: () => service.stop() })
    chain.ledger.start() // whoever must hear of every event has said so by now

    return {
      self,
      roles: options.roles,
      network,
      chain,
      transport,
      engine,
      backends,
      shelf,
      events,
      data,
      jobs,
      models,
      payouts,
      flow,
      account,
      automations,
      availability,
      backup: options => backupParts({ store, transport }, directory, options),
      stop: () => lifecycle.stop()
    }
  } catch (error) {
    await lifecycle.stop()
    throw error
  }
}
