import { isOver } from '../../protocol/payouts/index.ts'
import type { ChannelClaim, ChannelFacts, Measure, PoolFacts, Settled } from '../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { allOf, everyOf } from '../chain/index.ts'
import type { ChannelOnChain } from '../chain/types.ts'
import type { PayoutsErrorCode } from './codes.ts'
import type { Models } from './models.ts'
import type { PayoutsDeps } from './types.ts'

const notYet: PayoutsErrorCode = 'audit.waiting'

/** What of a pool an epoch is made of and checked by. */
export interface KnownFacts extends PoolFacts {
  /** What each of its channels had claimed at a block. */
  claimedAt(block: bigint): Map<Hex, bigint>
}

/** A channel with its claims, and with the block of each. */
type WithClaims = Omit<ChannelFacts, 'claims'> & {
  readonly claims: readonly (ChannelClaim & { readonly block: bigint })[]
}
export type Paying = ReadonlyMap<Hex, WithClaims>

/** What the chain says about the channels and models that some receipts name. */
export interface Facts {
  /** Parties, what is in them, and what was claimed by now. */
  channels(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, ChannelOnChain>>
  datanets(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, Hex>>
  /**
   * Channels that have paid into a pool, with their claims, but for those of which nothing can be counted any more: as
   * they are at one moment, so that whoever goes by them twice goes by the same.
   */
  paying(pool: Hex, at: bigint, before: Settled): Promise<Paying>
  /** Whether it is known how a model's answers are weighed, by what stood before the epoch's time. */
  counts(model: Hex, at: bigint): Promise<boolean>
  /**
   * All of it, for the receipts of one pool; also of the channels that have paid into the pool and can still count,
   * and of the models that are named. A model whose result is wrong has no measure. `patient`: one whose result is not
   * to be had now is an error; else it has none either.
   * `at` is the epoch's time: a model is admitted by the words of auditors that stood before it, and a channel that is
   * over by then counts no more, unless `before` names it: what the epoch before has counted.
   */
  of(
    pool: Hex,
    receipts: readonly CosignedReceipt[],
    options: {
      readonly at: bigint
      readonly before: Settled
      readonly patient?: boolean
      readonly named?: Iterable<Hex>
      /** Read a moment ago. */
      readonly paying?: Paying
    }
  ): Promise<KnownFacts>
  /** What a receipt has brought its pool by now, by its part of what its channel has paid; nothing where it is not. */
  brought(receipt: Pick<CosignedReceipt, 'receipt'>): Promise<bigint>
  /** What came into a pool out of no channel. */
  donated(pool: Hex): Promise<bigint>
}

export function createFacts(
  { chain, network, log, versions }: Pick<PayoutsDeps, 'chain' | 'network' | 'log' | 'versions'>,
  models: Models
): Facts {
  const distinct = (values: readonly Hex[]): Hex[] => [...new Set(values)]
  const modelsOf = (receipts: readonly CosignedReceipt[]): Hex[] =>
    distinct(receipts.map(({ receipt }) => receipt.message.model))

  async function channels(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, ChannelOnChain>> {
    const found = await Promise.all(
      distinct(receipts.map(({ receipt }) => receipt.message.channel)).map(
        // Whoever needs what was claimed to the last block has the ledger catch up first.
        async id => (await chain.channels.known(id)) ?? chain.channels.channel(id)
      )
    )
    return new Map(found.flatMap(channel => (channel === undefined ? [] : [[channel.id, channel] as const])))
  }
  async function datanets(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, Hex>> {
    return poolsOf(modelsOf(receipts))
  }
  async function poolsOf(names: readonly Hex[]): Promise<Map<Hex, Hex>> {
    const found = await Promise.all(names.map(async model => [model, await models.poolOf(model)] as const))
    return new Map(found.flatMap(([model, pool]) => (pool === undefined ? [] : [[model, pool] as const])))
  }
  async function measures(
    names: readonly Hex[],
    { at, patient }: { readonly at: bigint; readonly patient: boolean }
  ): Promise<Map<Hex, Measure | null>> {
    const found = new Map<Hex, Measure | null>()
    for (const model of names) {
      try {
        found.set(model, (await models.admitted(model, at))?.measure ?? null)
      } catch (error) {
        // Receipts of a model that is not admitted now, or whose measure is not known, wait; the others go on. Who was
        // not admitted before the epoch's time is not of it, whatever its auditors say later.
        const isKnown = error instanceof TilthError && (error.consequence === 'reject' || error.code === notYet)
        if (patient && !isKnown) throw error
        log.warn("a model's measure cannot be had", { model, error })
      }
    }
    return found
  }
  /** Who registered models, and for which version of the Datanet. */
  async function registrations(names: readonly Hex[]): Promise<Pick<PoolFacts, 'builders' | 'versions'>> {
    const found = await Promise.all(names.map(async model => [model, await models.registered(model)] as const))
    return {
      builders: new Map(found.map(([model, { builder }]) => [model, builder])),
      versions: new Map(found.map(([model, { version }]) => [model, version]))
    }
  }

  const claimsOf = (channel: Hex) => allOf(page => chain.ledger.channelClaims(channel, page))

  /** A channel with its claims, as far as it has paid. */
  async function withClaims({ client, worker, model, claimed, expiry, id }: ChannelOnChain): Promise<WithClaims> {
    const claims = claimed === 0n ? [] : await claimsOf(id)
    return { client, worker, model, claimed: claims.at(-1)?.claimed ?? claimed, claims, expiry }
  }
  /** Channels that have paid into a pool, but for those of which nothing can be counted any more. */
  async function paying(pool: Hex, at: bigint, before: Settled): Promise<Paying> {
    const found = new Map<Hex, WithClaims>()
    for await (const { id: model } of everyOf(page => chain.ledger.models({ datanet: pool }, page)))
      for await (const channel of everyOf(page => chain.ledger.channels({ model }, page)))
        if (channel.data > 0n && (before.has(channel.id) || !isOver(channel.expiry, at)))
          found.set(channel.id, await withClaims(channel))
    return found
  }

  return {
    channels,
    datanets,
    paying,
    counts: async (model, at) => (await measures([model], { at, patient: false })).has(model),
    async of(pool, receipts, { at, before, patient = false, named = [], paying: known }) {
      const facing = new Map(known ?? (await paying(pool, at, before)))
      // Those are the ledger's models of this pool: nobody is asked once more of which they are.
      const paid = new Set([...facing.values()].map(({ model }) => model))
      for (const [id, channel] of await channels(receipts))
        if (!facing.has(id)) facing.set(id, await withClaims(channel))
      const all = distinct([...modelsOf(receipts), ...named])
      const own = await poolsOf(all.filter(model => !paid.has(model)))
      for (const model of paid) own.set(model, pool)
      const wanted = all.filter(model => own.get(model) === pool)
      return {
        network,
        pool,
        datanets: own,
        channels: facing,
        ...(await registrations(wanted)),
        keeping: await versions.keptBack(pool),
        measures: await measures(wanted, { at, patient }),
        claimedAt(block) {
          const found = new Map<Hex, bigint>()
          for (const [id, { claims }] of facing) {
            const last = claims.findLast(claim => claim.block <= block)
            if (last !== undefined) found.set(id, last.claimed)
          }
          return found
        }
      }
    },
    async brought({ receipt: { message } }) {
      const { claimed = 0n, data = 0n } = (await chain.ledger.channel(message.channel)) ?? {}
      return claimed === 0n || message.total > claimed ? 0n : (message.fee * data) / claimed
    },
    async donated(pool) {
      const { deposited, fees } = await chain.ledger.pool(pool)
      return deposited - fees
    }
  }
}
