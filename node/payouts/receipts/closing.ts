import type { Hex } from '../../../protocol/primitives/index.ts'
import { inRanges, isOver, overlaps, stretchOf } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { Batch, Store } from '../../store/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { Archive } from './archive.ts'
import {
  channelKey,
  everything,
  hasBrought,
  listKey,
  openKey,
  placeKey,
  placeOfKey,
  poolName,
  shortId
} from './keys.ts'
import { payingKey, scoringKey } from './tables.ts'
import type { Archived, ArchiveRow, Kept, Tables } from './tables.ts'
import type { FinalEpoch } from './types.ts'

/** Receipts that leave in one file and one batch: as many as an epoch counts. */
const maxLeaving = 20_000
/** Receipts that are let go of in one batch. */
const droppedAtOnce = 1_000
/** Rows of settled channels written in one batch. */
const settledAtOnce = 5_000

/** A receipt on its way out of the tables. */
interface Leaving {
  readonly key: string
  readonly id: Hex
  /** What counted it; null: nothing will. */
  readonly epoch: number | null
  /** Others' receipts that no epoch counts are not kept. */
  readonly archive: boolean
  readonly own: boolean
  readonly fee: bigint
  readonly paying: string
  readonly channel: Hex
  readonly sequence: bigint
  readonly model: Hex
}

export interface Closing {
  /** What removes an open receipt of somebody else's; undefined for an own one. */
  removal(pool: Hex, id: Hex): Promise<{ fee: bigint; fill(batch: Batch): void } | undefined>
  /** How many receipts wait that no epoch will count, up to `most`. */
  countOver(most: number): Promise<number>
  /** Archives the oldest of them, so many. */
  archiveOver(many: number): Promise<void>
  /** How many open receipts of others there are, up to `most`. */
  countOthers(most: number): Promise<number>
  /** Lets go of so many of them: those that are only promised first, and of each kind those that pay least. */
  dropCheapest(many: number): Promise<void>
  settle(epoch: FinalEpoch): Promise<number>
}

export function createClosing(
  store: Pick<Store, 'batch'>,
  tables: Tables,
  archive: Archive,
  tell: (pool: Hex, id: Hex) => void,
  /** What a receipt has brought its pool by now. */
  broughtBy: (receipt: CosignedReceipt) => Promise<bigint>
): Closing {
  async function scorersOf(id: Hex): Promise<Address[]> {
    const scorers: Address[] = []
    for await (const key of tables.scorings.keys({ prefix: `${id}/` })) scorers.push(key.slice(id.length + 1) as Hex)
    return scorers
  }

  /** What has been paid since it came stands behind all that is only promised. @returns whether it was */
  async function hasPaid(name: string, key: string, body: Kept): Promise<boolean> {
    const brought = await broughtBy(body.receipt)
    if (brought === 0n) return false
    const known = { ...body, brought }
    await store.batch(batch => {
      batch
        .delete(tables.paying, name)
        .put(tables.receipts, key, known)
        .put(tables.paying, payingKey(key, known), { pool: poolName(body.pool), id: body.id })
    })
    return true
  }

  /** Everything but the row of its place and what lists and ids say: those go only where nothing of it is kept. */
  function removeBody(
    batch: Batch,
    { key, id, paying }: Pick<Leaving, 'key' | 'id' | 'paying'>,
    pool: Hex | null,
    scorers: readonly Address[]
  ): void {
    batch.delete(tables.receipts, key).delete(tables.over, key)
    batch.delete(tables.unscored, listKey(poolName(pool), key)).delete(tables.unheard, key)
    batch.delete(tables.paying, paying)
    if (pool !== null) batch.delete(tables.ready, openKey(pool, id))
    for (const scorer of scorers) batch.delete(tables.scorings, scoringKey(id, scorer))
  }
  function forget(batch: Batch, { key, id, model }: { key: string; id: Hex; model: Hex }, pool: Hex | null): void {
    batch.delete(tables.ids, shortId(id))
    for (const scope of [everything, model, ...(pool === null ? [] : [pool])])
      batch.delete(tables.lists, listKey(scope, key))
  }

  /** Bodies and scorings in the order of keys, read one by one. */
  async function* entriesOf(leaving: readonly Leaving[]): AsyncGenerator<[string, Archived]> {
    for (const { key, id, epoch, archive: kept } of leaving) {
      const body = kept ? await tables.receipts.get(key) : undefined
      if (body === undefined) continue
      const scorings: Archived['scorings'] = []
      for await (const { document } of tables.scorings.values({ prefix: `${id}/` })) scorings.push(document)
      yield [key, { ...body, epoch, scorings }]
    }
  }

  /** Into a file first, then out of the tables in one batch. */
  async function leave(pool: Hex | null, epoch: number, leaving: Leaving[], open: boolean): Promise<void> {
    if (leaving.length === 0) return
    leaving.sort((a, b) => (a.key < b.key ? -1 : 1))
    let file: { number: number; row: ArchiveRow } | undefined
    if (leaving.some(one => one.archive)) file = await archive.write(pool, epoch, entriesOf(leaving))
    const scorers = new Map<Hex, Address[]>()
    for (const { id } of leaving) {
      const found = await scorersOf(id)
      if (found.length > 0) scorers.set(id, found)
    }
    const channels = new Map<Hex, { receipts: number; fees: bigint }>()
    for (const { channel, fee } of open ? leaving : []) {
      const gone = channels.get(channel) ?? { receipts: 0, fees: 0n }
      channels.set(channel, { receipts: gone.receipts + 1, fees: gone.fees + fee })
    }
    const rows = await Promise.all(
      [...channels].map(async ([channel, gone]) => {
        const key = channelKey(pool, channel)
        return { key, gone, row: await tables.channels.get(key) }
      })
    )
    await store.batch(batch => {
      if (file !== undefined) batch.put(tables.archives, sequenceKey(file.number), file.row)
      for (const one of leaving) {
        removeBody(batch, one, pool, scorers.get(one.id) ?? [])
        if (one.archive && file !== undefined) batch.put(tables.archived, one.key, file.number)
        if (one.own) batch.put(tables.released, one.id, 0)
        if (!one.archive || file === undefined) forget(batch, one, pool)
        if (open && pool !== null)
          batch
            .delete(tables.places, placeKey(pool, one.channel, one.sequence))
            .delete(tables.open, openKey(pool, one.id))
      }
      for (const { key, gone, row } of rows) {
        if (row === undefined) continue
        if (row.receipts <= gone.receipts) batch.delete(tables.channels, key)
        else
          batch.put(tables.channels, key, {
            ...row,
            receipts: row.receipts - gone.receipts,
            fees: row.fees - gone.fees
          })
      }
    })
    if (open && pool !== null) for (const { id } of leaving) tell(pool, id)
  }

  const leavingOf = (key: string, body: Kept, epoch: number | null): Leaving => {
    const { id, own, receipt } = body
    const { fee, channel, sequence, model } = receipt.receipt.message
    const paying = payingKey(key, body)
    return { key, id, epoch, archive: own || epoch !== null, own, fee, paying, channel, sequence, model }
  }

  /** The state that the epoch leaves: its channels' places, and the pool's line last, which says that all is done. */
  async function putState({ pool, epoch, at, bundle, settled }: FinalEpoch): Promise<void> {
    let changes: ((batch: Batch) => void)[] = []
    const flush = async (last?: (batch: Batch) => void): Promise<void> => {
      const now = changes
      changes = []
      await store.batch(batch => {
        for (const change of now) change(batch)
        last?.(batch)
      })
    }
    for await (const key of tables.settled.keys({ prefix: `${pool}/` })) {
      if (settled.has(key.slice(pool.length + 1) as Hex)) continue
      changes.push(batch => batch.delete(tables.settled, key))
      if (changes.length >= settledAtOnce) await flush()
    }
    for (const channel of settled.keys()) {
      const line = settled.get(channel)
      if (line !== undefined)
        changes.push(batch => batch.put(tables.settled, channelKey(pool, channel), { channel, ...line }))
      if (changes.length >= settledAtOnce) await flush()
    }
    await flush(batch => {
      batch.put(tables.pools, pool, { epoch, at, bundle })
    })
  }

  return {
    async removal(pool, id) {
      const key = await tables.ids.get(shortId(id))
      const body = key === undefined ? undefined : await tables.receipts.get(key)
      if (key === undefined || body === undefined || body.own) return undefined
      const one = leavingOf(key, body, null)
      const scorers = await scorersOf(id)
      return {
        fee: one.fee,
        fill(batch) {
          removeBody(batch, one, pool, scorers)
          forget(batch, one, pool)
          batch.delete(tables.open, openKey(pool, id))
        }
      }
    },
    async countOver(most) {
      let count = 0
      for await (const _ of tables.over.keys({ limit: most })) count++
      return count
    },
    async archiveOver(many) {
      const byPool = new Map<Hex | null, Leaving[]>()
      for await (const key of tables.over.keys({ limit: many })) {
        const body = await tables.receipts.get(key)
        if (body === undefined) continue
        const list = byPool.get(body.pool) ?? []
        list.push(leavingOf(key, body, body.epoch))
        byPool.set(body.pool, list)
      }
      for (const [pool, leaving] of byPool) await leave(pool, 0, leaving, false)
    },
    async countOthers(most) {
      let count = 0
      for await (const _ of tables.paying.keys({ limit: most })) count++
      return count
    },
    async dropCheapest(many) {
      for (let left = many; left > 0;) {
        const byPool = new Map<Hex, Leaving[]>()
        let looked = 0
        for await (const [name, { pool, id }] of tables.paying.entries({ limit: Math.min(left, droppedAtOnce) })) {
          looked++
          const key = await tables.ids.get(shortId(id))
          const body = key === undefined ? undefined : await tables.receipts.get(key)
          if (key === undefined || body === undefined) await tables.paying.delete(name)
          else if (hasBrought(name) || !(await hasPaid(name, key, body)))
            byPool.set(pool, [...(byPool.get(pool) ?? []), leavingOf(key, body, null)])
        }
        if (looked === 0) return
        for (const [pool, leaving] of byPool) {
          await leave(pool, 0, leaving, true)
          left -= leaving.length
        }
      }
    },
    async settle(final) {
      const { pool, epoch, at, settled, counted } = final
      if (((await tables.pools.get(pool))?.epoch ?? 0) >= epoch) return 0
      let leaving: Leaving[] = []
      let left = 0
      const expiries = new Map<Hex, bigint>()
      // Places are a view of the moment it began: what leaves meanwhile does not disturb it.
      for await (const [place, id] of tables.places.entries({ prefix: `${pool}/` })) {
        const { channel, sequence } = placeOfKey(place)
        const line = settled.get(channel)
        const isCounted = inRanges(line?.ranges ?? [], sequence)
        if (!expiries.has(channel)) {
          expiries.clear() // places come channel by channel
          expiries.set(channel, (await tables.channels.get(channelKey(pool, channel)))?.expiry ?? 0n)
        }
        const covered = line?.covered ?? []
        const over = isOver(expiries.get(channel) ?? 0n, at)
        if (!isCounted && !over && covered.length === 0) continue
        const key = await tables.ids.get(shortId(id))
        const body = key === undefined ? undefined : await tables.receipts.get(key)
        if (key === undefined || body === undefined) continue
        // Its fees may have been divided without it.
        if (!isCounted && !over && !overlaps(covered, stretchOf(body.receipt.receipt.message))) continue
        // Another receipt may have been counted at its place.
        const mine = isCounted && (counted === undefined || counted.ids.has(id) || !counted.channels.has(channel))
        leaving.push(leavingOf(key, body, mine ? epoch : null))
        left++
        if (leaving.length < maxLeaving) continue
        await leave(pool, epoch, leaving, true)
        leaving = []
      }
      await leave(pool, epoch, leaving, true)
      await putState(final)
      return left
    }
  }
}
