import type { ChannelFacts, Measure, PoolFacts } from '../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Models } from './models.ts'
import type { PayoutsDeps } from './types.ts'

/** What the chain says about the channels and models that some receipts name. */
export interface Facts {
  /** Parties and what was claimed by now. */
  channels(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, ChannelFacts>>
  datanets(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, Hex>>
  /**
   * A model whose result is wrong has none. `patient`: one whose result is not to be had now is an error; else it is
   * left out too.
   */
  measures(receipts: readonly CosignedReceipt[], options?: { patient?: boolean }): Promise<Map<Hex, Measure>>
  /** All of it, for the receipts of one pool. */
  of(
    pool: Hex,
    receipts: readonly CosignedReceipt[],
    options?: { patient?: boolean }
  ): Promise<Omit<PoolFacts, 'settled' | 'settledFees'>>
}

export function createFacts(
  { chain, network, log }: Pick<PayoutsDeps, 'chain' | 'network' | 'log'>,
  models: Models
): Facts {
  const distinct = (values: readonly Hex[]): Hex[] => [...new Set(values)]
  const modelsOf = (receipts: readonly CosignedReceipt[]): Hex[] =>
    distinct(receipts.map(({ receipt }) => receipt.message.model))

  async function channels(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, ChannelFacts>> {
    const found = await Promise.all(
      distinct(receipts.map(({ receipt }) => receipt.message.channel)).map(id => chain.channels.channel(id))
    )
    return new Map(found.flatMap(channel => (channel === undefined ? [] : [[channel.id, channel] as const])))
  }
  async function datanets(receipts: readonly CosignedReceipt[]): Promise<Map<Hex, Hex>> {
    const found = await Promise.all(modelsOf(receipts).map(async model => [model, await models.poolOf(model)] as const))
    return new Map(found.flatMap(([model, pool]) => (pool === undefined ? [] : [[model, pool] as const])))
  }
  async function measures(receipts: readonly CosignedReceipt[], { patient = false } = {}): Promise<Map<Hex, Measure>> {
    const found = new Map<Hex, Measure>()
    for (const model of modelsOf(receipts.filter(({ attribution }) => attribution !== null))) {
      try {
        const weighed = await models.weighed(model)
        if (weighed !== null) found.set(model, weighed.measure)
      } catch (error) {
        // Receipts of a model without a measure have no weights; the others go on.
        if (patient && !(error instanceof TilthError && error.consequence === 'reject')) throw error
        log.warn("a model's measure cannot be had", { model, error })
      }
    }
    return found
  }
  return {
    channels,
    datanets,
    measures,
    async of(pool, receipts, options) {
      const own = await datanets(receipts)
      const ofPool = receipts.filter(({ receipt }) => own.get(receipt.message.model) === pool)
      return {
        network,
        pool,
        datanets: own,
        channels: await channels(receipts),
        measures: await measures(ofPool, options)
      }
    }
  }
}
