import { z } from 'zod'
import { bytes32, InvalidError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { cosignedReceipt } from '../../protocol/models/index.ts'
import type { CosignedReceipt } from '../../protocol/models/index.ts'
import { faultOf, placeOf, receiptId } from '../../protocol/payouts/index.ts'
import type { Facts } from './facts.ts'
import { maxChannelReceipts } from './limits.ts'
import type { Models } from './models.ts'
import type { PayoutsDeps } from './types.ts'

const entrySchema = z.strictObject({ id: bytes32, pool: bytes32.nullable(), receipt: cosignedReceipt })

/** A receipt as it is kept. */
export interface Entry {
  readonly id: Hex
  readonly pool: Hex | null
  readonly receipt: CosignedReceipt
}

/** Where a receipt came from: this node made it, gossip brought it, or it was asked for. */
export type Source = 'own' | 'gossip' | 'sync'

/** Every sound receipt this node has heard of. On disk before it is acknowledged. */
export interface Book {
  start(): Promise<void>
  /**
   * Checks and keeps one.
   * @returns its id, and whether it was new.
   * @throws InvalidError `receipt.*` · NotFoundError `receipt.channel` (not on chain, or not yet)
   */
  take(receipt: CosignedReceipt, source: Source): Promise<{ id: Hex; fresh: boolean }>
  entries(): IterableIterator<Entry>
  entry(id: Hex): Entry | undefined
}

export function createBook(
  { store, network, self, log }: Pick<PayoutsDeps, 'store' | 'network' | 'self' | 'log'>,
  models: Models,
  facts: Facts
): Book {
  const table = store.collection('payouts/receipts', entrySchema)
  const entries = new Map<Hex, Entry>()
  const places = new Map<string, Hex>()
  const perChannel = new Map<Hex, number>()
  const taking = new Map<Hex, Promise<{ id: Hex; fresh: boolean }>>()

  function remember(id: Hex, pool: Hex | null, receipt: CosignedReceipt): void {
    const { channel } = receipt.receipt.message
    if (!places.has(placeOf(receipt))) perChannel.set(channel, (perChannel.get(channel) ?? 0) + 1)
    places.set(placeOf(receipt), id)
    entries.set(id, { id, pool, receipt })
  }

  async function check(id: Hex, receipt: CosignedReceipt, source: Source): Promise<Hex | null> {
    const { channel, model } = receipt.receipt.message
    // [ignore] A channel has room for so many receipts: what two parties sign to each other is no burden for others.
    if (source !== 'own' && (perChannel.get(channel) ?? 0) >= maxChannelReceipts)
      throw new InvalidError('receipt.many', 'the channel has more receipts than are kept', { consequence: 'ignore' })
    const channels = await facts.channels([receipt])
    // [ignore] Its channel is on chain; it may be that ours is behind.
    if (!channels.has(channel)) throw new NotFoundError('receipt.channel', `receipt ${id}: its channel is not on chain`)
    const pool = (await models.poolOf(model)) ?? null
    // A model without a Datanet has no pool; its receipts are sound under a name that no pool has.
    const name: Hex = pool ?? model
    const fault = faultOf(receipt, { network, pool: name, channels, datanets: new Map([[model, name]]) })
    if (fault !== undefined) throw new InvalidError(`receipt.${fault}`, `receipt ${id} is not sound: ${fault}`)
    return pool
  }

  async function keep(id: Hex, receipt: CosignedReceipt, source: Source): Promise<{ id: Hex; fresh: boolean }> {
    const known = entries.get(id)
    if (known !== undefined) return { id, fresh: false }
    const other = places.get(placeOf(receipt))
    // [ignore] A place has one receipt; of two the first that was heard stays.
    if (other !== undefined && other !== id)
      throw new InvalidError('receipt.place', 'another receipt stands at this place', { consequence: 'ignore' })
    const pool = await check(id, receipt, source)
    await table.put(id, { id, pool, receipt })
    remember(id, pool, receipt)
    return { id, fresh: true }
  }

  return {
    async start() {
      for await (const { id, pool, receipt } of table.values()) remember(id, pool, receipt)
      log.debug('receipts are read', { receipts: entries.size, self })
    },
    take(receipt, source) {
      const id = receiptId(network, receipt)
      const running = taking.get(id)
      if (running !== undefined) return running.then(() => ({ id, fresh: false }))
      const work = keep(id, receipt, source).finally(() => {
        taking.delete(id)
      })
      taking.set(id, work)
      return work
    },
    entries: () => entries.values(),
    entry: id => entries.get(id)
  }
}
