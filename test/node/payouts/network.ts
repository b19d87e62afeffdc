import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Anvil } from '../../../node/chain/index.ts'
import { createContexts } from '../../../node/jobs/index.ts'
import type { OwnedRow } from '../../../node/jobs/deps.ts'
import type { ModelEvents } from '../../../node/models/types.ts'
import { createPayoutsService } from '../../../node/payouts/index.ts'
import type { PayoutEvents, PayoutsDeps, PayoutsService } from '../../../node/payouts/index.ts'
import { addressOfKey, digest, signDigest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Message, Network } from '../../../protocol/crypto/index.ts'
import type { KeptBackRule, Row } from '../../../protocol/data/index.ts'
import { coalitionsOf, jobResult } from '../../../protocol/jobs/index.ts'
import type { JobResult, TrainSettings } from '../../../protocol/jobs/index.ts'
import { responseHash } from '../../../protocol/models/index.ts'
import type { CosignedReceipt, InferenceContent, Opening } from '../../../protocol/models/index.ts'
import { attributionHash, measureOf, receiptId } from '../../../protocol/payouts/index.ts'
import type {
  Attribution,
  EpochBundle,
  Measure,
  ReceiptsDocument,
  ScoringDocument
} from '../../../protocol/payouts/index.ts'
import { canonicalJson, contentHash, keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { worthEngine } from '../../harness/engine/scoring.ts'
import { trainedResult } from './trained.ts'
import { coin, peersOf, startNode, startWorld, until as untilSoon } from '../../harness/index.ts'
import type { Account, Peer, World } from '../../harness/index.ts'

// A network for this phase: real libp2p, real stores, the real contracts on a real chain. Receipts and vouchers are
// signed here as the models phase would; the engine is the test's.

/** Until a condition holds; two minutes, for machines that do other things as well. */
export const until = (holds: () => boolean | Promise<boolean>, what: string): Promise<void> =>
  untilSoon(holds, what, 120_000)

export const minStake = 100n * coin
export const bond = 10n * coin
export const challengeSeconds = 60n
export const split = { worker: 5000, builder: 2000, data: 3000 }

const settings: TrainSettings = {
  method: 'lora',
  lora: { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj'], dropout: 0 },
  epochs: 1,
  batch: 2,
  accumulation: 1,
  lr: 0.01,
  schedule: 'constant',
  warmupRatio: 0,
  weightDecay: 0,
  clip: 1,
  seed: 1,
  cutoff: 128,
  ema: 0,
  responseOnly: true
}
const qa = (question: string, answer: string): Row => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer }
  ]
})
export const heldOut: Row[] = [qa('What is the symbol of iron?', 'Fe'), qa('What is the symbol of gold?', 'Au')]

export interface PeerOptions {
  engine?: PayoutsDeps['engine']
  settler?: boolean
  scorer?: boolean
  stake?: boolean
  key?: Uint8Array
  /** What stands between the service and the parts it uses. */
  change?: (deps: PayoutsDeps) => PayoutsDeps
}

/** What the models phase of a peer would hold. */
interface Holdings {
  readonly own: { readonly id: Hex; readonly receipt: CosignedReceipt }[]
  readonly openings: Map<Hex, Opening>
  /** Vouchers to be claimed at `redeem`: cumulative and the client's signature. */
  readonly vouchers: Map<Hex, { cumulative: bigint; signature: Hex }>
}
type Events = PayoutEvents & ModelEvents
export type TestPeer = Peer<PayoutsService, Events, PeerOptions> & Holdings

export interface TestNetwork {
  readonly anvil: Anvil
  readonly network: Network
  readonly pool: Hex
  readonly model: Hex
  readonly base: Hex
  readonly host: Account
  readonly client: Account
  readonly players: readonly Address[]
  readonly rows: readonly OwnedRow[]
  addPeer(name: string, options?: PeerOptions): Promise<TestPeer>
  /** One with the least stake and no node. */
  account(): Promise<Account>
  kill(peer: TestPeer): Promise<void>
  revive(peer: TestPeer): Promise<void>
  openChannel(worker: Address, model?: Hex): Promise<Hex>
  /** An answer as the models phase would leave it: signed by both, paid by voucher, on the bus. */
  answer(worker: TestPeer, channel: Hex, options?: AnswerOptions): Promise<CosignedReceipt>
  stop(): Promise<void>
}

export interface AnswerOptions {
  text?: string
  ids?: number[]
  fee?: bigint
  model?: Hex
  confidential?: boolean
  announce?: boolean
  paid?: boolean
  /** When its client asked, in seconds. */
  issuedAt?: bigint
}

/** A scorer's word on an answer, signed whatever it says. */
export function scoringBy(
  scorer: { key: Uint8Array; address: Address },
  network: Network,
  receipt: CosignedReceipt,
  attribution: Attribution
): ScoringDocument {
  const message = {
    receipt: receiptId(network, receipt),
    scorer: scorer.address,
    attribution: attributionHash(attribution)
  }
  return { statement: signStatement(network, 'Scoring', message, scorer.key), attribution, path: [] }
}

/** What is anchored for a bundle. @param builder of the models that nothing is measured of */
export function documentOf(bundle: EpochBundle, builder?: Address): ReceiptsDocument {
  const { pool, epoch, previous, at, receipts, data, deposited, donated } = bundle
  const named = bundle.models.map(({ model, players }, i) => ({ model, builder: bundle.builders[i] ?? '0x', players }))
  const unmeasured = bundle.unmeasured.map(model => ({ model, builder: builder ?? '0x', players: null }))
  const models = [...named, ...unmeasured]
  return { pool, epoch, previous, at, receipts, data, deposited, donated, channels: [], models }
}

/** Both steps of an epoch by whoever states what it likes, where nobody scores; what it was drawn by is put in. */
export async function proposeAs(
  { chain, node }: Pick<TestPeer, 'chain' | 'node'>,
  bundle: EpochBundle,
  over: {
    receiptsTotal?: bigint
    payoutsRoot?: Hex
    payoutsTotal?: bigint
    /** What stands on IPFS, if not the bundle. */
    text?: (bundle: EpochBundle) => string
    builder?: Address
  } = {}
): Promise<void> {
  const add = (text: string): Promise<string> => node.files.addBytes(new TextEncoder().encode(text))
  const { pool, epoch, receipts } = bundle
  const document = documentOf(bundle, over.builder)
  const step = {
    pool,
    epoch,
    receiptsRoot: bundle.receiptsRoot,
    receiptsTotal: over.receiptsTotal ?? bundle.receiptsTotal,
    receiptCount: receipts.length
  }
  await chain.payouts.anchorReceipts({ ...step, receipts: await add(canonicalJson(document)) })
  await chain.payouts.draw(pool, epoch)
  const { drawn } = (await chain.payouts.round(pool, epoch)) ?? {}
  const made = { ...bundle, seed: drawn?.seed ?? zeroHash, panel: [...(drawn?.panel ?? [])] }
  await chain.payouts.propose({
    ...step,
    payoutsRoot: over.payoutsRoot ?? bundle.payoutsRoot,
    payoutsTotal: over.payoutsTotal ?? bundle.payoutsTotal,
    bundle: await add(over.text?.(made) ?? canonicalJson(made))
  })
}

/** The model's measure, as everybody finds it. */
export const measureIn = ({ model, players }: Pick<TestNetwork, 'model' | 'players'>): Measure =>
  measureOf({
    model,
    players: [...players],
    coalitions: Array.from({ length: 16 }, (_, mask) => String(mask)),
    dataPoints: split.data
  })

interface ModelOptions {
  /** Base folder and what siblings hold; the adapters' folders are made of a text each unless given. */
  readonly base?: string | undefined
  readonly adapters?: readonly string[] | undefined
  readonly validators?: readonly Uint8Array[]
}

/** A version that holds these rows. */
export const versionOf = (rows: readonly OwnedRow[]) => ({
  rows: async () => rows,
  remaining: async () => rows,
  owners: async () => rows.map(({ contributor }) => contributor)
})

/** A Datanet with an anchored version, a job's result with all sibling adapters on IPFS, the model on chain. */
export async function publishModel(world: World, { base, adapters, validators = [] }: ModelOptions = {}) {
  const { root } = world
  const { network } = world.faucet
  const host = await world.account()
  const players = ['foundation', 'late', 'copier', 'spammer'].map(name =>
    addressOfKey(new Uint8Array(Buffer.from(keccak(`${name} ${root}`).slice(2), 'hex')))
  )
  const rows = players.map((contributor, index) => ({
    contributor,
    contribution: keccak(contributor),
    index,
    row: qa(`question ${index}`, `answer ${index}`)
  }))
  const seeder = await startNode({ directory: join(root, 'seeder') })
  world.onStop(() => seeder.stop())
  const { datanet: pool } = await host.chain.datanets.create({
    rules: keccak('rules'),
    createdAt: 1n,
    validators: [host.address, ...validators.map(addressOfKey)].map(address => ({ address, weight: 1 }))
  })
  const folder = async (name: string, content: string): Promise<string> => {
    const path = join(root, 'content', name)
    await mkdir(path, { recursive: true })
    await writeFile(join(path, 'adapter_config.json'), content)
    return path
  }
  const manifest = await seeder.files.addBytes(new TextEncoder().encode('a manifest'))
  const version = { datanet: pool, version: 1, root: keccak('root'), count: players.length, cid: manifest }
  const anchored = await host.chain.datanets.anchorVersion(
    version,
    signStatement(network, 'Version', version, host.key).signature
  )
  const draw = (await host.chain.source.header(anchored.block))!.hash
  const spec = {
    base: await seeder.files.addDirectory(base ?? (await folder('base', '{}'))),
    datanet: pool,
    version: 1,
    manifest,
    settings,
    coalitions: 16
  }
  const coalitions = coalitionsOf(draw, players.length, spec.coalitions)
  const cids: (string | null)[] = [null]
  for (let k = 1; k < coalitions.length; k++)
    cids.push(await seeder.files.addDirectory(adapters?.[k] ?? (await folder(`adapter-${k}`, `adapter ${k}`))))
  const product = { spec, draw, players, coalitions: coalitions.map(String), adapters: cids }
  const trainer = await world.account({ tokens: 0n })
  const result = await trainedResult({ network, builder: host, trainer, files: seeder.files }, product)
  const { job } = result
  const resultCid = await seeder.files.addBytes(new TextEncoder().encode(canonicalJson(result)))
  const register = async (name: string, tuned: boolean): Promise<Hex> =>
    (
      await host.chain.models.register({
        name,
        base: spec.base,
        adapter: tuned ? (cids.at(-1) ?? '') : '',
        result: tuned ? resultCid : '',
        datanet: tuned ? pool : zeroHash,
        version: tuned ? 1 : 0,
        job: tuned ? job : zeroHash,
        worker: seeder.peers.self.address,
        split: tuned ? split : { worker: 8000, builder: 2000, data: 0 }
      })
    ).model
  const [model, baseModel] = [await register('elements', true), await register('base', false)]
  const fetchResult = async (files: PayoutsDeps['files'], cid: string): Promise<JobResult> => {
    const bytes = await files.fetchBytes(cid, { maxBytes: 1 << 20, providers: [seeder.peers.self.peerId] })
    return jobResult.parse(JSON.parse(new TextDecoder().decode(bytes)))
  }
  return { seeder, host, players, rows, pool, model, base: baseModel, fetchResult }
}

/** What the network's contracts ask for. */
export const startPayoutsWorld = (name: string): Promise<World> =>
  startWorld(name, {
    disputeSeconds: 60,
    challengeSeconds: Number(challengeSeconds),
    bond,
    minStake
  })

export async function startNetwork({
  held = heldOut,
  closingMs = 5_000,
  keptBack = null,
  auditedSegments = 0,
  ...options
}: ModelOptions & {
  held?: readonly Row[]
  closingMs?: number
  keptBack?: KeptBackRule | null
  auditedSegments?: number
} = {}): Promise<TestNetwork> {
  const world = await startPayoutsWorld('payouts')
  const { anvil } = world
  const { network } = world.faucet
  const client = await world.account()
  const { seeder, host, players, rows, pool, model, base: baseModel, fetchResult } = await publishModel(world, options)

  let nonces = 0
  const holdings = new Map<Address, Holdings>()
  const holdingsOf = (address: Address): Holdings => {
    const known = holdings.get(address) ?? { own: [], openings: new Map(), vouchers: new Map() }
    holdings.set(address, known)
    return known
  }
  const peers = peersOf<PayoutsService, Events, PeerOptions>(
    world,
    (common, { address, chain, folder }, { scorer = true, settler = false, engine = worthEngine(), change }) => {
      const { own, openings, vouchers } = holdingsOf(address)
      const deps: PayoutsDeps = {
        ...common,
        modelEvents: common.events,
        roles: { scorer, settler },
        engine,
        folder: join(folder, 'payouts'),
        result: cid => fetchResult(common.files, cid),
        versions: {
          ...versionOf(rows),
          heldOut: async () => held,
          leastDataShare: async () => 1000,
          auditedSegments: async () => auditedSegments,
          keptBack: async () => keptBack,
          requireQuotable: async () => undefined,
          requireSome: async () => undefined,
          context: createContexts(async () => rows)
        },
        models: {
          receipts: async ({ after = -1, limit = own.length } = {}) =>
            own.slice(after + 1, after + 1 + limit).map(({ receipt }, i) => ({ number: after + 1 + i, receipt })),
          receipt: async id => own.find(one => one.id === id)?.receipt,
          release: async () => undefined,
          opening: async id => openings.get(id),
          show: async id => openings.has(id),
          async *openings() {
            yield* openings.keys()
          },
          async forget(ids) {
            for (const id of ids) openings.delete(id)
          },
          async redeem() {
            let amount = 0n
            for (const [channel, { cumulative, signature }] of vouchers) {
              if (((await chain.channels.channel(channel))?.claimed ?? 0n) < cumulative)
                amount += (await chain.channels.claim({ channel, cumulative }, signature)).paid
            }
            return { channels: vouchers.size, amount }
          }
        },
        timing: {
          closingMs,
          roundMs: 120_000,
          announceMs: 1_000,
          tickMs: 300,
          redeemPauseMs: 200,
          contentKeepMs: 0,
          sweepMs: 300
        }
      }
      return createPayoutsService(change?.(deps) ?? deps)
    },
    [seeder]
  )

  return {
    anvil,
    network,
    pool,
    model,
    base: baseModel,
    host,
    client,
    players,
    rows,
    async addPeer(name, options = {}) {
      const stake = options.stake === false ? 0n : minStake
      const peer = await peers.add(name, options, { key: options.key, stake })
      // At once, where it would else take its seat once it hears of an answer.
      if (options.scorer !== false && stake > 0n) await peer.chain.payouts.join(pool)
      return Object.assign(peer, holdingsOf(peer.address))
    },
    account: () => world.account({ stake: minStake }),
    kill: peer => peers.kill(peer),
    revive: peer => peers.revive(peer),
    async openChannel(worker, of = model) {
      const { timestamp } = await client.chain.head()
      return (await client.chain.channels.open({ worker, model: of, deposit: 10n * coin, expiry: timestamp + 86_400n }))
        .channel
    },
    async answer(
      worker,
      channel,
      {
        text = 'What is the symbol of tin?',
        ids = [11, 12, 13],
        fee = 1_000_003n,
        model: of = model,
        confidential = false,
        announce = true,
        paid = true,
        issuedAt = 100n
      } = {}
    ) {
      const content: InferenceContent = {
        nonce: keccak(`nonce ${++nonces}`),
        day: 0,
        messages: [{ role: 'user', content: text }],
        maxTokens: 16,
        temperature: 0,
        topK: 0,
        topP: 1,
        stop: [],
        resume: []
      }
      const before = worker.own.filter(({ receipt }) => receipt.receipt.message.channel === channel)
      const request = signStatement(
        network,
        'InferenceRequest',
        { channel, model: of, content: contentHash(content), seed: 7n, maxFee: coin, issuedAt, confidential },
        client.key
      )
      const message: Message<'Receipt'> = {
        channel,
        sequence: BigInt(before.length + 1),
        previous: before.length === 0 ? zeroHash : digest(network, 'Receipt', before.at(-1)!.receipt.receipt.message),
        model: of,
        request: digest(network, 'InferenceRequest', request.message),
        response: responseHash(content, ids),
        inputTokens: 5,
        outputTokens: ids.length,
        fee,
        total: fee + (before.at(-1)?.receipt.receipt.message.total ?? 0n),
        seed: 7n,
        startedAt: 100n,
        finishedAt: BigInt(101 + before.length),
        confidential
      }
      const receipt: CosignedReceipt = {
        receipt: signStatement(network, 'Receipt', message, worker.key),
        clientSignature: signDigest(digest(network, 'Receipt', message), client.key),
        client: client.address,
        worker: worker.address
      }
      const id = digest(network, 'Receipt', message)
      worker.own.push({ id, receipt })
      worker.openings.set(id, { request, content, answer: ids })
      if (paid) {
        const cumulative = (worker.vouchers.get(channel)?.cumulative ?? 0n) + fee
        worker.vouchers.set(channel, {
          cumulative,
          signature: signStatement(network, 'Voucher', { channel, cumulative }, client.key).signature
        })
      }
      if (announce) worker.events.emit('models.receipt', { id, role: 'worker', receipt })
      return receipt
    },
    stop: () => world.stop()
  }
}
