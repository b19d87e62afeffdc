import type { Measure, PoolFacts } from '../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { ChannelOnChain } from '../chain/types.ts'
import type { Models } from './models.ts'
import type { Stakes } from './stakes.ts'
import type { PayoutsDeps } from './types.ts'

/** What the chain says about the channels and models that some receipts name. */
export interface Facts {
  /** Parties, what is in them, and what was claimed by now. */
  channels(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, ChannelOnChain>>
  datanets(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, Hex>>
  /**
   * All of it, for the receipts of one pool and who has scored them. A model whose result is wrong has no measure.
   * `patient`: one whose result is not to be had now is an error; else it is left out too.
   */
  of(
    pool: Hex,
    receipts: readonly CosignedReceipt[],
    scorers: Iterable<Address>,
    options?: { patient?: boolean }
  ): Promise<PoolFacts>
}

export function createFacts(
  { chain, network, log }: Pick<PayoutsDeps, 'chain' | 'network' | 'log'>,
  models: Models,
  stakes: Stakes
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
    const found = await Promise.all(modelsOf(receipts).map(async model => [model, await models.poolOf(model)] as const))
    return new Map(found.flatMap(([model, pool]) => (pool === undefined ? [] : [[model, pool] as const])))
  }
  async function measures(
    receipts: readonly CosignedReceipt[],
    { patient = false } = {}
  ): Promise<Map<Hex, Measure | null>> {
    const found = new Map<Hex, Measure | null>()
    for (const model of modelsOf(receipts)) {
      try {
        found.set(model, (await models.weighed(model))?.measure ?? null)
      } catch (error) {
        // Receipts of a model whose measure is not known wait; the others go on.
        if (patient && !(error instanceof TilthError && error.consequence === 'reject')) throw error
        log.warn("a model's measure cannot be had", { model, error })
      }
    }
    return found
  }
  async function builders(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, Address>> {
    return new Map(
      await Promise.all(
        modelsOf(receipts).map(async model => [model, (await models.registered(model)).builder] as const)
      )
    )
  }
  return {
    channels,
    datanets,
    async of(pool, receipts, scorers, options) {
      const own = await datanets(receipts)
      const ofPool = receipts.filter(({ receipt }) => own.get(receipt.message.model) === pool)
      return {
        network,
        pool,
        datanets: own,
        channels: await channels(receipts),
        builders: await builders(ofPool),
        measures: await measures(ofPool, options),
        bonded: await stakes.among(scorers)
      }
    }
  }
}
