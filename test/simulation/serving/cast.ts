import { createModelsService } from '../../../node/models/index.ts'
import type { ModelEvents, ModelsService } from '../../../node/models/index.ts'
import type { ManualClock } from '../../../node/runtime/index.ts'
import type { Streams } from '../../../node/transport/types.ts'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { modelId } from '../../../protocol/contracts/index.ts'
import { keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { fakeSpeech } from '../../harness/engine/serving.ts'
import { keyOf } from '../cast.ts'
import type { Chance } from '../chance.ts'
import { simulatedNetwork } from '../network.ts'
import type { SimulatedNetwork, Weather } from '../network.ts'
import { simulatedNode } from '../node.ts'
import type { Machine, SimulatedNode } from '../node.ts'
import { timeOf } from '../time.ts'
import type { StoryTime } from '../time.ts'
import { tokenChain } from '../tokens/chain.ts'
import type { TokenChain } from '../tokens/chain.ts'
import { register } from '../tokens/models.ts'
import { simulatedEngine } from './engine.ts'
import { createRecords } from './records.ts'
import type { Records } from './records.ts'
import { crookedStreams } from './crooks.ts'

// Two workers that serve two models, two clients that ask and pay them, and one of each who is a crook.

export type ServingNode = SimulatedNode<ModelsService>

export interface ServingCast extends StoryTime {
  readonly clock: ManualClock
  readonly wires: SimulatedNetwork
  readonly weather: Weather
  readonly chain: TokenChain
  readonly honest: readonly ServingNode[]
  readonly workers: readonly ServingNode[]
  readonly clients: readonly ServingNode[]
  readonly crooks: { readonly worker: ServingNode; readonly client: ServingNode }
  /** The crooks lie only while this is so. */
  readonly mood: { isCrooked: boolean }
  readonly models: readonly Hex[]
  readonly records: Records
  readonly nameOf: (address: Address) => string
}

export const tokens = 10n ** 6n
const cidLike = (name: string): string => name.padEnd(59, 'a')
const stranger = addressOfKey(keyOf('builder'))
/** One that stands on another, and on a Datanet: a fee of it has four parts. */
const lower = {
  name: 'lower',
  base: cidLike('bafybase'),
  adapter: '',
  result: '',
  datanet: zeroHash,
  version: 0,
  job: zeroHash,
  worker: stranger,
  split: { worker: 8000, builder: 2000, data: 0 }
}
const upper = {
  ...lower,
  name: 'upper',
  adapter: cidLike('bafyadapter'),
  result: cidLike('bafyresult'),
  datanet: keccak('datanet'),
  version: 1,
  job: keccak('job'),
  split: { worker: 4999, builder: 2501, data: 1700, upstream: 800 },
  upstream: modelId(stranger, lower)
}

const timing = {
  offerMs: 20_000,
  renewMs: 4_000,
  voucherMs: 4_000,
  acceptMs: 8_000,
  silenceMs: 4_000,
  receiptMs: 5_000,
  busyMs: 6_000,
  findMs: 4_000,
  reachMs: 4_000,
  awayMs: 6_000,
  redeemMs: 2_000,
  lookMs: 10_000,
  marginSeconds: 15
}
/** Tokens that a worker serves on credit, and what one costs. */
const credit = 8
const outputPrice = 10n
/** What a worker may lose by an answer. */
export const mostAhead = BigInt(credit) * outputPrice

function serviceOf(
  { events, ...machine }: Machine<ModelEvents>,
  roles: { readonly worker: boolean; readonly client: boolean },
  isCareless: boolean,
  channelSeconds: number
): ModelsService {
  return createModelsService({
    ...machine,
    events,
    roles,
    engine: simulatedEngine(machine.clock),
    speech: fakeSpeech,
    shelf: {
      sizes: async () => ({ bytes: 1, files: 1, paths: [] }),
      take: async cid => ({ cid, folder: cid, bytes: 1, release: () => undefined }),
      onNeed: () => () => undefined
    },
    versions: {
      leastDataShare: async () => 1000,
      requireQuotable: async () => undefined,
      context: async () => []
    },
    policy: {
      inputPrice: 3n,
      outputPrice,
      capacity: 3,
      // One that goes on without being paid is careless of its own.
      creditTokens: isCareless ? 512 : credit,
      mostCreditTokens: isCareless ? 512 : credit,
      lostCredits: 3,
      redeemAt: 400n,
      redeemAtClosing: 1n,
      depositRequests: 3,
      mostUnpaidTokens: credit,
      channelSeconds
    },
    timing
  })
}

/** @throws Error where the story cannot begin */
export async function gatherServing(clock: ManualClock, chance: Chance, weather: Weather): Promise<ServingCast> {
  const wires = simulatedNetwork(clock, chance, weather)
  const names = { workers: ['worker-1', 'worker-2'], clients: ['client-1', 'client-2'] }
  const everybody = [...names.workers, ...names.clients, 'crooked worker', 'crooked client']
  const chain = tokenChain(
    new Map(everybody.map(name => [addressOfKey(keyOf(name)), tokens])),
    [lower, upper].map(registration => ({ from: stranger, call: register(registration) })),
    Math.floor(clock.now() / 1000),
    account => clock.sleep(1 + everybody.findIndex(name => addressOfKey(keyOf(name)) === account))
  )
  const nameOf = (address: Address): string =>
    everybody.find(name => addressOfKey(keyOf(name)) === address) ?? 'somebody'
  const time = timeOf(clock, () => chain.mine())
  const records = createRecords()
  const mood = { isCrooked: false }
  const channelSeconds = chance.pick([120, 3_600])
  const surroundings = { clock, network: wires, chain }

  const node = (name: string, role: 'worker' | 'client'): ServingNode =>
    simulatedNode(name, keyOf(name), surroundings, (machine: Machine<ModelEvents>) => {
      const isCrook = name.startsWith('crooked')
      const by = chance.of(name)
      const streams: Streams = isCrook ? crookedStreams(machine, { by, clock, mood }) : records.heard(machine.streams)
      if (!isCrook) machine.events.on('models.receipt', ({ id }) => records.acknowledged(machine.self, id))
      const roles = { worker: role === 'worker', client: role === 'client' }
      return serviceOf({ ...machine, streams }, roles, isCrook && role === 'worker', channelSeconds)
    })
  const workers = names.workers.map(name => node(name, 'worker'))
  const clients = names.clients.map(name => node(name, 'client'))
  const crooks = { worker: node('crooked worker', 'worker'), client: node('crooked client', 'client') }
  const honest = [...workers, ...clients]

  const all = [...honest, crooks.worker, crooks.client]
  for (const one of all) await one.start()
  const models = [modelId(stranger, lower), modelId(stranger, upper)]
  const isKnown = (one: ServingNode): boolean => models.every(id => one.service.model(id) !== undefined)
  for (let waited = 0; !all.every(isKnown) && waited < 30_000; waited += 500) await time.pass(500)
  for (const one of [...workers, crooks.worker])
    for (const model of models)
      // The crook is cheaper, so that it is asked.
      await time.asked(
        one.service.offer({ model, ...(one === crooks.worker ? { outputPrice: outputPrice - 1n } : {}) }),
        20_000
      )
  const hears = (one: ServingNode): boolean => models.every(id => one.service.offers(id).length === 3)
  for (let waited = 0; !clients.every(hears) && waited < 30_000; waited += 500) await time.pass(500)
  if (!clients.every(hears)) throw new Error('the clients do not hear of the offers')
  mood.isCrooked = true
  return {
    ...time,
    clock,
    wires,
    weather,
    chain,
    honest,
    workers,
    clients,
    crooks,
    mood,
    models,
    records,
    nameOf
  }
}
