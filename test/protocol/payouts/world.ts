import fc from 'fast-check'
import { addressOfKey, digest, signDigest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Message, Network } from '../../../protocol/crypto/index.ts'
import { responseHash } from '../../../protocol/models/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import {
  assign,
  attributionHash,
  dataOf,
  inOrder,
  stretchOf,
  attributionOf,
  countReceipts,
  everyPlayer,
  heldOutValues,
  measureOf,
  pathIn,
  receiptId,
  buildEpoch,
  receiptsTree,
  soundReceipts,
  wordsTree
} from '../../../protocol/payouts/index.ts'
import type {
  ChannelFacts,
  HeldOutDocument,
  LeftOut,
  Measured,
  Measure,
  SelectFacts,
  EpochBundle,
  EpochInput,
  Scored
} from '../../../protocol/payouts/index.ts'
import { fromHex, keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

// A small world for the pure part: keys, a Datanet with a model, channels, receipts signed by both sides.

export const network: Network = { chainId: 31337, registry: '0xe7f1725e7734ce288f8367e1bb143e90bb3f0512' }
export const keyOf = (name: string): Uint8Array => fromHex(keccak(`key of ${name}`))
const accounts = new Map<string, Address>()
export function accountOf(name: string): Address {
  const known = accounts.get(name) ?? addressOfKey(keyOf(name))
  accounts.set(name, known)
  return known
}
export const pool = keccak('pool')
export const model = keccak('model')
export const players = ['foundation', 'late', 'copier', 'spammer'].map(accountOf)
export const coalitions = Array.from({ length: 16 }, (_, mask) => String(mask))
export const measure: Measure = measureOf({ model, players, coalitions, dataPoints: 3000 })
/** What chance has said here, unless it is said otherwise: one scorer weighs everything. */
export const seed = keccak('seed')
export const panel = [accountOf('scorer')]

/** Utilities where the first player's rows carry most, the second's some, the third's nothing, the fourth's harm. */
export function utilitiesOf(worth: readonly number[], base = 1000): number[] {
  return coalitions.map(mask =>
    Math.max(
      0,
      Math.min(10_000, base + worth.reduce((sum, value, i) => sum + ((Number(mask) >> i) & 1 ? value : 0), 0))
    )
  )
}
export const typical = utilitiesOf([4000, 1500, 0, -300])

/** With every player a candidate. */
export const measuredOf = (by: Measure, utilities: readonly number[]): Measured => ({
  utilities: [...utilities],
  candidates: everyPlayer(by)
})

export interface ReceiptPlan {
  client?: string
  worker?: string
  channel?: Hex
  sequence?: bigint
  fee?: bigint
  /** What the channel's receipts come to with it; as if all before had the same fee unless given. */
  total?: bigint
  model?: Hex
  confidential?: boolean
  /** What scorers find; null: an answer without tokens, of which there is nothing to find. */
  utilities?: readonly number[] | null
  answer?: number[]
}

export const channelOf = (client: string, worker: string): Hex => keccak(`${client} ${worker}`)

export function receipt({
  client = 'client',
  worker = 'worker',
  channel = channelOf(client, worker),
  sequence = 1n,
  fee = 1000n,
  total = sequence * fee,
  model: of = model,
  confidential = false,
  utilities = typical,
  answer = [5, 6, 7]
}: ReceiptPlan = {}): CosignedReceipt {
  const said = utilities === null ? [] : answer
  const message: Message<'Receipt'> = {
    channel,
    sequence,
    previous: zeroHash,
    model: of,
    request: keccak(`request ${sequence}`),
    response: responseHash({ nonce: zeroHash }, said),
    inputTokens: 10,
    outputTokens: said.length,
    fee,
    total,
    seed: 1n,
    startedAt: 100n,
    finishedAt: 101n,
    confidential
  }
  const cosigned = {
    receipt: signStatement(network, 'Receipt', message, keyOf(worker)),
    clientSignature: signDigest(digest(network, 'Receipt', message), keyOf(client)),
    client: accountOf(client),
    worker: accountOf(worker)
  }
  if (utilities !== null && !confidential) found.set(cosigned, utilities)
  return cosigned
}

/** What scorers find for the receipts made above. */
const found = new WeakMap<CosignedReceipt, readonly number[]>()

/** A scorer's word on a receipt. */
export function scored(
  receipt: CosignedReceipt,
  utilities: readonly number[] = typical,
  scorer = 'scorer',
  by: Measure = measure,
  counterfactual?: readonly number[]
): Scored {
  const measured = {
    ...measuredOf(by, utilities),
    ...(counterfactual === undefined ? {} : { counterfactual: [...counterfactual] })
  }
  const attribution = attributionHash(attributionOf(by, measured))
  const message = { receipt: receiptId(network, receipt), scorer: accountOf(scorer), attribution }
  return {
    scorer: message.scorer,
    ...measured,
    signature: signStatement(network, 'Scoring', message, keyOf(scorer)).signature,
    path: []
  }
}

/** Each word where it stands among all that its scorer has to weigh; and what each of the panel has committed to. */
export function committed(
  receipts: readonly CosignedReceipt[],
  words: ReadonlyMap<Hex, readonly Scored[]>,
  { panel: those = panel, by = measure }: { panel?: readonly Address[]; by?: Measure } = {}
): { scorings: Map<Hex, Scored[]>; commitments: Map<Address, Hex> } {
  const ids = receipts.map(one => receiptId(network, one))
  const parties = { builder: accountOf('builder'), players: [...by.players] }
  const { duties } = assign(network, receipts, {
    seed,
    panel: those,
    data: receipts.map(() => 1n),
    parties: new Map([[by.model, parties]])
  })
  const scorings = new Map([...words].map(([id, said]): [Hex, Scored[]] => [id, [...said]]))
  const commitments = new Map<Address, Hex>()
  for (const [scorer, places] of duties) {
    const own = places.map(at => ids[at] ?? zeroHash)
    const said = new Map(
      own.flatMap(id => {
        const word = scorings.get(id)?.find(one => one.scorer === scorer)
        return word === undefined ? [] : [[id, attributionHash(attributionOf(by, word))] as const]
      })
    )
    const tree = wordsTree(scorer, own, said)
    commitments.set(scorer, tree.root.hash)
    own.forEach((id, i) => {
      const list = scorings.get(id)?.map(one => (one.scorer === scorer ? { ...one, path: pathIn(tree, i) } : one))
      if (list !== undefined) scorings.set(id, list)
    })
  }
  return { scorings, commitments }
}

/** One scorer's words on all receipts that want weighing, and what it has committed to. */
export const saidOf = (receipts: readonly CosignedReceipt[]): ReturnType<typeof committed> =>
  committed(receipts, wordsOn(receipts))
export const scoringsFor = (receipts: readonly CosignedReceipt[]): Map<Hex, Scored[]> => saidOf(receipts).scorings
const wordsOn = (receipts: readonly CosignedReceipt[]): Map<Hex, Scored[]> =>
  new Map(
    receipts.flatMap(receipt => {
      const { outputTokens, confidential } = receipt.receipt.message
      const utilities = found.get(receipt) ?? typical
      return outputTokens === 0 || confidential
        ? []
        : [[receiptId(network, receipt), [scored(receipt, utilities)]] as const]
    })
  )

/** A model's held-out document of these questions; where its own answers are other ones, of those. */
export const heldOutOf = (
  by: Measure,
  truths: readonly (readonly number[])[],
  own: readonly (readonly number[])[] = truths
): HeldOutDocument => ({
  model: by.model,
  questions: truths.map((truth, i) => ({ truth: measuredOf(by, truth), own: measuredOf(by, own[i] ?? truth) }))
})
export const document: HeldOutDocument = heldOutOf(measure, [typical, typical])
/** What follows from it. */
export const worth = heldOutValues(document, measure)
export const heldOut = new Map([[model, document]])
export const measures = new Map([[model, measure]])
export const builders = new Map([[model, accountOf('builder')]])
export const versions = new Map([[model, 1]])

/** Every epoch's time here, and the end of every channel. */
export const now = 1000n
export const expiry = 10n ** 9n

/** What of a channel's fees comes into the pool, as the contract rounds it. */
export const dataPartOf = (fees: bigint): bigint => fees - (fees * 7000n) / 10_000n

/** Channels that have paid for all these receipts and nothing else, in one claim each. */
export function channelsOf(receipts: readonly CosignedReceipt[], claimed?: bigint): Map<Hex, ChannelFacts> {
  const channels = new Map<Hex, ChannelFacts>()
  for (const { receipt, client, worker } of receipts) {
    const { channel, model, total } = receipt.message
    const paid = claimed ?? [total, channels.get(channel)?.claimed ?? 0n].reduce((a, b) => (a > b ? a : b))
    const claims = [{ claimed: paid, data: dataPartOf(paid) }]
    channels.set(channel, { client, worker, model, claimed: paid, claims, expiry })
  }
  return channels
}

/** Receipts of these plans, each channel's with running totals in the order of their places. */
export function receiptsOf(plans: readonly ReceiptPlan[]): CosignedReceipt[] {
  const totals = new Map<string, bigint>()
  return plans
    .toSorted((a, b) => ((a.sequence ?? 1n) < (b.sequence ?? 1n) ? -1 : 1))
    .map(plan => {
      const channel = plan.channel ?? channelOf(plan.client ?? 'client', plan.worker ?? 'worker')
      const total = (totals.get(channel) ?? 0n) + (plan.fee ?? 1000n)
      totals.set(channel, total)
      return receipt({ ...plan, total })
    })
    .toSorted(inOrder)
}

/** An epoch's parts besides its receipts; what is left out is as in this world. */
type Plan = Partial<Omit<EpochInput, 'channels'>> & Pick<EpochInput, 'receipts'>

/** An epoch of these receipts, at this world's time; unless said otherwise the pool has what the channels paid. */
export function epochFrom({
  receipts,
  channels = channelsOf(receipts),
  ...input
}: Plan & {
  channels?: ReadonlyMap<Hex, ChannelFacts>
}): EpochBundle {
  const donated = input.donated ?? input.previous?.bundle.donated ?? 0n
  const claimsOf = (channel: Hex) => channels.get(channel)?.claims ?? []
  const paid = [...channels.values()].reduce((sum, { claims }) => sum + (claims.at(-1)?.data ?? 0n), 0n)
  return buildEpoch({
    network,
    pool,
    epoch: 1,
    at: now,
    scorings: scoringsFor(receipts),
    measures,
    heldOut,
    previous: undefined,
    seed,
    panel,
    builders: new Map([...(input.measures ?? measures).keys()].map(model => [model, accountOf('builder')])),
    versions: new Map([...(input.measures ?? measures).keys()].map(model => [model, 1])),
    keeping: null,
    ...input,
    receipts,
    channels,
    donated,
    deposited: input.deposited ?? donated + paid,
    data: receipts.map(({ receipt: { message } }) => dataOf(claimsOf(message.channel), [stretchOf(message)])),
    dataOf: ({ channel, stretches }) => dataOf(claimsOf(channel), stretches)
  })
}

/** The bundle with other receipts in it, as its maker would state them. */
export function withReceipts(bundle: EpochBundle, receipts: readonly CosignedReceipt[]): EpochBundle {
  const { root } = receiptsTree(network, receipts)
  return { ...bundle, receipts: [...receipts], receiptsRoot: root.hash, receiptsTotal: root.sum }
}

/** Facts in which every receipt's channel exists and has paid for them, or `claimed`. */
export function factsFor(
  receipts: readonly CosignedReceipt[],
  claimed?: bigint,
  over: Partial<SelectFacts> = {}
): SelectFacts {
  return {
    network,
    pool,
    channels: channelsOf(receipts, claimed),
    datanets: new Map([[model, pool]]),
    builders,
    versions,
    keeping: null,
    measures,
    settled: new Map(),
    at: now,
    ...over
  }
}

/** The receipts that an epoch counts, and why others are left out: the same in whatever order they come. */
export function selectReceipts(
  receipts: readonly CosignedReceipt[],
  facts: SelectFacts
): { counted: CosignedReceipt[]; left: LeftOut[] } {
  const { sound, left } = soundReceipts(receipts, facts)
  const chosen = countReceipts(sound, facts)
  return { counted: chosen.counted, left: [...left, ...chosen.left] }
}

/** Receipts at a few places of a few channels, with what a scorer may have said of them. */
export const plans = fc.uniqueArray(
  fc.record({
    client: fc.constantFrom('c1', 'c2'),
    worker: fc.constantFrom('w1', 'w2'),
    sequence: fc.bigInt(1n, 12n),
    fee: fc.bigInt(0n, 10n ** 20n),
    confidential: fc.boolean(),
    utilities: fc.option(fc.array(fc.nat(10_000), { minLength: 16, maxLength: 16 }))
  }),
  { maxLength: 12, selector: plan => `${plan.client} ${plan.worker} ${plan.sequence}` }
)
