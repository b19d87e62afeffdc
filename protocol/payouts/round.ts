import { z } from 'zod'
import { RandomStream } from '../jobs/index.ts'
import { maxPlayers } from '../jobs/types.ts'
import type { CosignedReceipt } from '../models/index.ts'
import { cosignedReceipt } from '../models/types.ts'
import type { Network } from '../crypto/index.ts'
import { fromHex, keccak } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import { address, amount, bytes32, cidText, uint } from '../primitives/hex.ts'
import { maxEpochModels } from './bounds.ts'
import { drawCount, piecesOf } from './draw.ts'
import { receiptId } from './leaves.ts'
import { maxSettledChannels, settledChannel } from './settled.ts'
import { divisionOf, keptScorings } from './weighing.ts'
import type { WordPlace } from './words.ts'

// The first step of an epoch: its receipts stand on chain before chance says which of them are weighed, and by whom.

/** Whoever gains or loses by what a model's answers are found to owe, besides their own client and worker. */
export const modelParties = z.strictObject({
  model: bytes32,
  builder: address,
  /** null for one that nothing is measured of. */
  players: z.array(address).max(maxPlayers).nullable()
})
export type ModelParties = z.infer<typeof modelParties>

/** Everything that an epoch counts, as it was when it was anchored: on IPFS under the CID that stands on chain. */
export const receiptsDocument = z.strictObject({
  pool: bytes32,
  epoch: z.int().min(1),
  /** CID of the epoch before; null for the first. */
  previous: cidText.nullable(),
  /** The chain's time when it was made. */
  at: uint(64),
  /** Ordered by (channel, sequence), with what each brought the pool. */
  receipts: z.array(cosignedReceipt).max(100_000),
  data: z.array(amount).max(100_000),
  /** What the pool's channels had paid by then. */
  channels: z
    .array(settledChannel.pick({ channel: true, model: true, claimed: true, expiry: true }))
    .max(maxSettledChannels),
  /** All that ever came into the pool by then, and what of it out of no channel. */
  deposited: amount,
  donated: amount,
  /** Of the models whose answers it counts, and others whose fees can be divided: payouts divide those of no more. */
  models: z.array(modelParties).max(maxEpochModels)
})
export type ReceiptsDocument = z.infer<typeof receiptsDocument>

/** What chance has said of a round. */
export interface Drawing {
  readonly seed: Hex
  /** The scorers that answer for this epoch. */
  readonly panel: readonly Address[]
}

/** Which of an epoch's receipts are weighed by whom; all by places of receipts. */
export interface Assigned {
  /**
   * What money goes by each: what it brought, where all of its model's are drawn or it is not weighed; else as many
   * pieces as it was drawn times.
   */
  readonly money: readonly (readonly bigint[])[]
  /** Who weighs each; nobody where it is not weighed, or not drawn, or nobody of the panel may. */
  readonly scorers: readonly (readonly Address[])[]
  /** What each of the panel has to weigh, in the order of receipts. */
  readonly duties: ReadonlyMap<Address, readonly number[]>
}

/**
 * Scorers are drawn for each answer by itself: who has a part of the seats decides that part of a part of the answers,
 * never all of a model's, nobody can be bought for a whole epoch, and nobody of them sees more than a few prompts.
 * Where fewer than three may weigh an answer those weigh it who may; where nobody may it goes by held-out values, like
 * one that nobody may see.
 * @param parties by model; null for one that nothing is measured of
 */
export function assign(
  network: Network,
  receipts: readonly CosignedReceipt[],
  {
    data,
    parties,
    seed,
    panel
  }: Drawing & {
    readonly data: readonly bigint[]
    readonly parties: ReadonlyMap<Hex, Pick<ModelParties, 'builder' | 'players'> | null>
  }
): Assigned {
  const money = drawnMoney(receipts, { data, measured: parties, seed })
  const duties = new Map<Address, number[]>(panel.map(scorer => [scorer, []]))
  const scorers = receipts.map((receipt, i): readonly Address[] => {
    const { model } = receipt.receipt.message
    const known = parties.get(model) ?? null
    if (known === null || money[i]?.length === 0 || divisionOf(receipt, known) !== 'weighed') return []
    // [reject] No party of an answer weighs it, nor whose model gave it, nor whose data that model learnt.
    const own = new Set([receipt.client, receipt.worker, known.builder, ...(known.players ?? [])])
    const id = receiptId(network, receipt)
    const drawn = panel
      .filter(scorer => !own.has(scorer))
      .map(scorer => ({ scorer, lot: keccak(fromHex(`${seed}${id.slice(2)}${scorer.slice(2)}`)) }))
      .sort((a, b) => (a.lot < b.lot ? -1 : 1))
      .slice(0, keptScorings)
      .map(({ scorer }) => scorer)
      .sort()
    for (const scorer of drawn) duties.get(scorer)?.push(i)
    return drawn
  })
  return { money, scorers, duties }
}

/** Whether chance has drawn somebody to weigh the answer at a place. */
export const isDrawn = ({ scorers }: Pick<Assigned, 'scorers'>, at: number, account: Address): boolean =>
  scorers[at]?.includes(account) === true

/** Where a scorer's word on the answer at a place stands. @param commitments of the panel, by scorer */
export function placeIn(
  { duties }: Pick<Assigned, 'duties'>,
  at: number,
  scorer: Address,
  commitments: ReadonlyMap<Address, Hex>
): WordPlace {
  const own = duties.get(scorer) ?? []
  return { word: commitments.get(scorer), index: own.indexOf(at), count: own.length }
}

/** @param measured by model: null for one that nothing is measured of */
export function drawnMoney(
  receipts: readonly CosignedReceipt[],
  { data, measured, seed }: { data: readonly bigint[]; measured: ReadonlyMap<Hex, unknown>; seed: Hex }
): bigint[][] {
  const money = receipts.map((_, i) => [data[i] ?? 0n])
  const weighed = receipts.flatMap((receipt, i) => {
    const { model } = receipt.receipt.message
    return divisionOf(receipt, measured.get(model) ?? null) === 'weighed' ? [{ model, i }] : []
  })
  for (const [model, answers] of Map.groupBy(weighed, one => one.model)) {
    const count = drawCount(answers.length)
    if (count === answers.length) continue
    for (const { i } of answers) money[i] = []
    const stream = new RandomStream(keccak(fromHex(`${seed}${model.slice(2)}`)))
    const brought = answers.map(({ i }) => data[i] ?? 0n)
    for (const piece of piecesOf(brought, count, bound => stream.below(bound)))
      money[answers[piece.answer]?.i ?? -1]?.push(piece.money)
  }
  return money
}

/** Of a document, as scorers and the holders of content find it. */
export const assignedIn = (network: Network, document: ReceiptsDocument, drawing: Drawing): Assigned =>
  assign(network, document.receipts, {
    ...drawing,
    data: document.data,
    parties: new Map(document.models.map(one => [one.model, one.players === null ? null : one]))
  })
