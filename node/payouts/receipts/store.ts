import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { inRanges, isOver, lengthOf, overlaps, stretchOf } from '../../../protocol/payouts/index.ts'
import type { ScoringDocument } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Clock, Log } from '../../runtime/types.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Batch, Store } from '../../store/index.ts'
import { createArchive } from './archive.ts'
import { createClosing } from './closing.ts'
import { channelKey, everything, feeOfKey, listKey, openKey, placeKey, poolName, shortId, timeKey } from './keys.ts'
import { createLists } from './lists.ts'
import { openTables, payingKey, scoringKey } from './tables.ts'
import type { Archived, Kept } from './tables.ts'
import type { Entry, NewEntry, ReceiptState, ReceiptStore } from './types.ts'

/** Open receipts kept for one channel: two parties who sign nonsense to each other fill no disk but their own. */
const maxChannelReceipts = 10_000
/**
 * What no epoch will count waits until there are so many of them; most of them, the oldest, go into a file together.
 */
const defaultMaxOver = 10_000
/**
 * Open receipts of others in all pools, 2.5 KB each: ten epochs' worth. Beyond it those are kept that have brought
 * their pool most, then those that promise most.
 */
const defaultMaxOthers = 200_000
/** Receipts that wait to be written: as many as handlers wait at once. */
const maxWriting = 4096

export interface ReceiptStoreOptions {
  readonly store: Pick<Store, 'collection' | 'batch'>
  /** Where files of archived receipts go. */
  readonly folder: string
  readonly log: Pick<Log, 'warn'>
  readonly clock: Pick<Clock, 'now'>
  readonly maxOver?: number
  readonly maxOthers?: number
  /** What a receipt has brought its pool by now; nothing where that is left away. */
  readonly broughtBy?: (receipt: CosignedReceipt) => Promise<bigint>
  /** Called when an open receipt came or went. */
  readonly changed?: (pool: Hex, id: Hex) => void
}

export function createReceiptStore({
  store,
  folder,
  log,
  clock,
  changed,
  broughtBy = async () => 0n,
  maxOver = defaultMaxOver,
  maxOthers = defaultMaxOthers
}: ReceiptStoreOptions): ReceiptStore {
  const tables = openTables(store)
  const archive = createArchive(folder, tables, log)
  /** Receipts of one channel are written one after another: each looks at what stands at its place. */
  const writing = createQueue({ name: 'receipts', bound: maxWriting, concurrency: 16 })
  const tell = (pool: Hex | null, id: Hex): void => {
    if (pool !== null) changed?.(pool, id)
  }
  const closing = createClosing(store, tables, archive, tell, broughtBy)
  /** What is removing receipts now, one after another; nothing is put in meanwhile. */
  let leaving: Promise<unknown> | undefined
  let over = 0
  let others = 0

  /** Runs alone: after what is being written, and before what comes. */
  function alone<T>(work: () => Promise<T>): Promise<T> {
    const run = (leaving ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => writing.idle())
      .then(work)
      .finally(() => {
        if (leaving === run) leaving = undefined
      })
    leaving = run
    return run
  }
  async function find(id: Hex): Promise<{ key: string; kept: Kept } | { key: string; archived: Archived } | undefined> {
    const key = await tables.ids.get(shortId(id))
    return key === undefined ? undefined : at(key)
  }

  /** A receipt by its key, wherever it is; looked for again where it has just moved. */
  async function at(
    key: string
  ): Promise<{ key: string; kept: Kept } | { key: string; archived: Archived } | undefined> {
    for (let tries = 0; tries < 2; tries++) {
      const kept = await tables.receipts.get(key)
      if (kept !== undefined) return { key, kept }
      const number = await tables.archived.get(key)
      const archived = number === undefined ? undefined : await archive.get(number, key)
      if (archived !== undefined) return { key, archived }
    }
    return undefined
  }

  async function stateOf(key: string, { id, pool, epoch, receipt }: Kept): Promise<ReceiptState> {
    if (epoch !== null) return { name: 'settled', epoch }
    const { channel, sequence } = receipt.receipt.message
    if (pool === null || (await tables.places.get(placeKey(pool, channel, sequence))) !== id) return { name: 'over' }
    return { name: (await tables.unscored.has(listKey(pool, key))) ? 'unscored' : 'unsettled' }
  }

  async function entryAt(key: string): Promise<Entry | undefined> {
    const found = await at(key)
    if (found === undefined) return undefined
    if ('kept' in found) {
      const { id, pool, own, receipt } = found.kept
      return { id, pool, own, receipt, state: await stateOf(key, found.kept) }
    }
    const { id, pool, own, receipt, epoch } = found.archived
    return { id, pool, own, receipt, state: epoch === null ? { name: 'over' } : { name: 'settled', epoch } }
  }

  function putBody(batch: Batch, key: string, kept: Kept): void {
    const { id, pool, receipt } = kept
    batch.put(tables.receipts, key, kept).put(tables.ids, shortId(id), key)
    for (const scope of [everything, receipt.receipt.message.model, ...(pool === null ? [] : [pool])])
      batch.put(tables.lists, listKey(scope, key), 0)
  }

  /** One that no epoch will count: shown in lists, and archived with the next ones. */
  async function putOver(key: string, kept: Kept): Promise<void> {
    await store.batch(
      batch => {
        putBody(batch, key, kept)
        batch.put(tables.over, key, 0)
      },
      { sync: false }
    )
    over++
  }

  // What is kept outlives the process; the disk has it a moment later. Own receipts are with the models phase until
  // they are archived here, others' are had again: whoever answers does not wait for them.
  async function write({ id, pool, receipt, own, expiry, covered, answered = false }: NewEntry): Promise<boolean> {
    if (await tables.ids.has(shortId(id))) return false
    const { channel, sequence, fee, finishedAt, outputTokens, confidential } = receipt.receipt.message
    const key = timeKey(finishedAt, id)
    if (pool === null) {
      await putOver(key, { id, pool, own, answered, epoch: null, receipt })
      return true
    }
    const settled = await tables.settled.get(channelKey(pool, channel))
    const { at: now, epoch } = (await tables.pools.get(pool)) ?? { at: 0n, epoch: 0 }
    // [ignore] What an epoch has counted, or divided the fees of, or none will count any more, is history; of one's own
    // it is kept.
    const counted = settled !== undefined && inRanges(settled.ranges, sequence)
    const divided = settled !== undefined && overlaps(settled.covered, stretchOf(receipt.receipt.message))
    if (counted || divided || isOver(expiry, now)) {
      if (!own) throw new InvalidError('receipt.over', 'no epoch will count it', { consequence: 'ignore' })
      await putOver(key, { id, pool, own, answered, epoch: counted ? epoch : null, receipt })
      return true
    }
    const place = placeKey(pool, channel, sequence)
    const other = await tables.places.get(place)
    const gone = other === undefined ? undefined : await closing.removal(pool, other)
    // [ignore] A place has one receipt: the own one, or of two that both parties signed the one of the lower id, as in
    // an epoch.
    if (other !== undefined && (gone === undefined || (!own && other < id)))
      throw new InvalidError('receipt.place', 'another receipt stands at this place', { consequence: 'ignore' })
    const row = (await tables.channels.get(channelKey(pool, channel))) ?? { receipts: 0, fees: 0n, expiry, own }
    // [ignore] A channel has room for so many: what two parties sign to each other is no burden for others.
    if (!own && other === undefined && row.receipts >= maxChannelReceipts)
      throw new InvalidError('receipt.many', 'the channel has more receipts than are kept', { consequence: 'ignore' })
    const fees = row.fees + fee - (gone?.fee ?? 0n)
    // [ignore] What two parties sign to each other is backed by what their channel holds.
    if (!own && fees + lengthOf(settled?.covered ?? []) > covered)
      throw new InvalidError('receipt.uncovered', 'its channel does not hold as much', { consequence: 'ignore' })
    const isFull = !own && other === undefined && others >= maxOthers
    const brought = isFull ? await broughtBy(receipt) : 0n
    const body = { id, pool, own, answered, epoch: null, receipt, ...(brought === 0n ? {} : { brought }) }
    if (isFull) await requirePaying(payingKey(key, body))
    others += (own ? 0 : 1) - (gone === undefined ? 0 : 1)
    const fill = (batch: Batch): void => {
      gone?.fill(batch)
      putBody(batch, key, body)
      batch
        .put(tables.places, place, id)
        .put(tables.open, openKey(pool, id), 0)
        .put(tables.channels, channelKey(pool, channel), {
          receipts: row.receipts + (gone === undefined ? 1 : 0),
          fees,
          expiry,
          own: row.own || own
        })
      if (!own) batch.put(tables.paying, payingKey(key, body), { pool, id })
      batch.put(tables.ready, openKey(pool, id), clock.now())
      if (confidential || outputTokens === 0) return // nobody weighs it
      batch.put(tables.unscored, listKey(pool, key), id)
      if (answered) batch.put(tables.unheard, key, id)
    }
    await store.batch(fill, { sync: false })
    if (other !== undefined) tell(pool, other)
    tell(pool, id)
    return true
  }

  /** [ignore] With no room left only what pays more than the least of those that are kept, or has been paid. */
  async function requirePaying(key: string): Promise<void> {
    for await (const least of tables.paying.keys({ limit: 1 }))
      if (key <= least)
        throw new InvalidError('receipt.cheap', 'what is kept all pays more', {
          consequence: 'ignore',
          details: { least: feeOfKey(least) }
        })
  }

  const unknown = (id: Hex): NotFoundError =>
    new NotFoundError('scoring.receipt', `the receipt ${id} that was scored is not known here, or settled`)

  async function writeScoring(
    id: Hex,
    document: ScoringDocument,
    { agreed, gone = [] }: { agreed: boolean; gone?: readonly Address[] }
  ): Promise<boolean> {
    const found = await find(id)
    const state = found !== undefined && 'kept' in found ? await stateOf(found.key, found.kept) : undefined
    // [ignore] It is about a receipt that is known here, and in no epoch yet.
    if (found === undefined || state === undefined || state.name === 'settled' || state.name === 'over')
      throw unknown(id)
    const { scorer } = document.statement.message
    const name = scoringKey(id, scorer)
    if (!gone.includes(scorer) && (await tables.scorings.has(name))) return false
    const pool = 'kept' in found ? found.kept.pool : null
    await store.batch(batch => {
      for (const one of gone) batch.delete(tables.scorings, scoringKey(id, one))
      batch.put(tables.scorings, name, { document })
      batch.delete(tables.unscored, listKey(poolName(pool), found.key))
      if (agreed) batch.delete(tables.unheard, found.key)
      else if ('kept' in found && found.kept.answered) batch.put(tables.unheard, found.key, id)
    })
    return true
  }

  return {
    async start() {
      await archive.start()
      over = await closing.countOver(maxOver + 1)
      others = await closing.countOthers(maxOthers + 1)
    },
    async stop() {
      await leaving?.catch(() => undefined)
      await writing.idle()
      await archive.stop()
    },
    async put(entry) {
      // Checked in the same turn in which it is handed on: what leaves waits for all that was handed on before.
      for (let now = leaving; now !== undefined; now = leaving) await now.catch(() => undefined)
      // What no pool counts stands at no place of its channel.
      const turn = entry.pool === null ? entry.id : entry.receipt.receipt.message.channel
      const fresh = await writing.run(turn, () => write(entry))
      if (over > maxOver)
        await alone(async () => {
          if (over > maxOver) await closing.archiveOver(Math.ceil(maxOver * 0.8))
          over = await closing.countOver(maxOver + 1)
        })
      if (others > maxOthers)
        await alone(async () => {
          // A few at a time, so that not each that comes costs a removal by itself.
          if (others > maxOthers) await closing.dropCheapest(others - maxOthers + Math.floor(maxOthers * 0.02))
          others = await closing.countOthers(maxOthers + 1)
        })
      return fresh
    },
    has: id => tables.ids.has(shortId(id)),
    async get(id) {
      const key = await tables.ids.get(shortId(id))
      return key === undefined ? undefined : entryAt(key)
    },
    async scorings(id) {
      const found = await find(id)
      if (found !== undefined && 'archived' in found) return found.archived.scorings
      const said: ScoringDocument[] = []
      for await (const { document } of tables.scorings.values({ prefix: `${id}/` })) said.push(document)
      return said
    },
    async putScoring(id, scoring, options) {
      const found = await find(id)
      if (found !== undefined && 'kept' in found)
        return writing.run(found.kept.receipt.receipt.message.channel, () => writeScoring(id, scoring, options))
      throw unknown(id)
    },
    ...createLists(tables, entryAt),
    async feesOf(pool, channel) {
      const key = channelKey(pool, channel)
      return ((await tables.channels.get(key))?.fees ?? 0n) + lengthOf((await tables.settled.get(key))?.covered ?? [])
    },
    async pool(pool) {
      const row = await tables.pools.get(pool)
      return { epoch: row?.epoch ?? 0, at: row?.at ?? 0n, bundle: row?.bundle }
    },
    settle: epoch =>
      alone(async () => {
        const left = await closing.settle(epoch)
        others = await closing.countOthers(maxOthers + 1)
        return left
      })
  }
}
