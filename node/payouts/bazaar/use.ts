import { z } from 'zod'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { amount, uint } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Clock } from '../../runtime/index.ts'
import type { Batch, Collection, Store } from '../../store/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { ReceiptStore } from '../receipts/index.ts'
import type { DayUse, UseView, WorkerUse } from '../types.ts'

const count = z.int().min(0)
const sums = {
  answers: count,
  inputTokens: count,
  outputTokens: count,
  fees: amount,
  /** Different ones, and those of them that had asked on an earlier day. */
  clients: count,
  returning: count
}
const dayRow = z.strictObject(sums)
const modelRow = z.strictObject({ ...sums, firstAt: uint(64), lastAt: uint(64) })
const workerRow = z.strictObject({ answers: count, outputTokens: count, seconds: count, lastAt: uint(64) })
/** Days since 1970 in UTC: the first and the last one on which a client asked. */
const clientRow = z.strictObject({ first: count, last: count })
const present = z.literal(0)

/** Tables of how models were used: nothing here but sums, so that no view reads receipts. */
export const openUseTables = (store: Pick<Store, 'collection'>) => ({
  /** By model and day. */
  days: store.collection('payouts/use-days', dayRow),
  models: store.collection('payouts/use-models', modelRow),
  /** By model and worker. */
  workers: store.collection('payouts/use-workers', workerRow),
  /** By model and client. */
  clients: store.collection('payouts/use-clients', clientRow),
  /** By model, day and client, of late days only: who was counted on that day. */
  asked: store.collection('payouts/use-asked', present),
  /** `whole` once what was there before these tables has been counted. */
  state: store.collection('payouts/use-state', present)
})

/** Receipts come late by so many days at most: until then it is known who asked on a day. */
const lateDays = 40
/** Writes that wait, of one model or another, and receipts that go into one. */
const mostWaiting = 10_000
const countedAtOnce = 200
/** From one write of a model's sums to the next: receipts come faster than anybody looks at them. */
const apartMs = 250
const mostWorkers = 100
const listedAtOnce = 100

const dayOf = (seconds: bigint): number => Number(seconds / 86_400n)
const none = { answers: 0, inputTokens: 0, outputTokens: 0, fees: 0n, clients: 0, returning: 0 }

const least = (a: bigint | undefined, b: bigint): bigint => (a === undefined || b < a ? b : a)
const most = (a: bigint | undefined, b: bigint): bigint => (a === undefined || b > a ? b : a)

/** A table as it will be. */
function changing<T>(table: Collection<T>) {
  const rows = new Map<string, T>()
  return {
    get: async (key: string): Promise<T | undefined> => rows.get(key) ?? (await table.get(key)),
    put: (key: string, row: T): void => void rows.set(key, row),
    fill(batch: Batch): void {
      for (const [key, row] of rows) batch.put(table, key, row)
    }
  }
}

/** How much models were used, by whom served and whether clients came back, from the receipts known here. */
export interface Use {
  /** Counts what was there before, once. */
  start(receipts: Pick<ReceiptStore, 'list'>): Promise<void>
  stop(): Promise<void>
  /** Counts a receipt that is new here. A crash in between leaves it uncounted. */
  count(receipt: CosignedReceipt): Promise<void>
  /** @param from the first day shown */
  of(model: Hex, from: number): Promise<UseView>
}

/** Receipts that could not be counted, and why. */
type Failed = ReadonlyMap<CosignedReceipt, unknown>

export function createUse(store: Pick<Store, 'collection' | 'batch'>, clock: Pick<Clock, 'sleep'>): Use {
  const tables = openUseTables(store)
  /** Of one model one after another. */
  const counting = createQueue({ name: 'use of models', bound: mostWaiting })

  /** Receipts of a model that wait for those of it that are being counted: all of them are one look and one write. */
  const waiting = new Map<Hex, { readonly receipts: CosignedReceipt[]; readonly done: Promise<Failed> }>()

  async function addAll(receipts: readonly CosignedReceipt[]): Promise<void> {
    const [days, models, workers] = [changing(tables.days), changing(tables.models), changing(tables.workers)]
    const [clients, asked] = [changing(tables.clients), changing(tables.asked)]
    const old: string[] = []
    for (const { receipt, client, worker } of receipts) {
      const { model, inputTokens, outputTokens, fee, startedAt, finishedAt } = receipt.message
      const day = dayOf(finishedAt)
      const [dayKey, workerKey, clientKey] = [
        `${model}/${sequenceKey(day)}`,
        `${model}/${worker}`,
        `${model}/${client}`
      ]
      const askedKey = `${dayKey}/${client}`
      const [thatDay, all, served, known, counted] = await Promise.all([
        days.get(dayKey),
        models.get(model),
        workers.get(workerKey),
        clients.get(clientKey),
        asked.get(askedKey).then(found => found !== undefined)
      ])
      const cameBack = known !== undefined && known.first !== known.last
      const first = Math.min(known?.first ?? day, day)
      const last = Math.max(known?.last ?? day, day)
      const plus = (row: typeof none, clients: number, returning: number): typeof none => ({
        answers: row.answers + 1,
        inputTokens: row.inputTokens + inputTokens,
        outputTokens: row.outputTokens + outputTokens,
        fees: row.fees + fee,
        clients: row.clients + clients,
        returning: row.returning + returning
      })
      if (thatDay === undefined)
        for await (const key of tables.asked.keys({
          prefix: `${model}/`,
          to: `${model}/${sequenceKey(Math.max(0, day - lateDays))}`,
          limit: 1000
        }))
          old.push(key)
      const returning = !counted && known !== undefined && known.first < day ? 1 : 0
      days.put(dayKey, plus(thatDay ?? none, counted ? 0 : 1, returning))
      models.put(model, {
        ...plus(all ?? none, known === undefined ? 1 : 0, !cameBack && known !== undefined && first !== last ? 1 : 0),
        firstAt: least(all?.firstAt, finishedAt),
        lastAt: most(all?.lastAt, finishedAt)
      })
      workers.put(workerKey, {
        answers: (served?.answers ?? 0) + 1,
        outputTokens: (served?.outputTokens ?? 0) + outputTokens,
        seconds: (served?.seconds ?? 0) + Number(finishedAt > startedAt ? finishedAt - startedAt : 0n),
        lastAt: most(served?.lastAt, finishedAt)
      })
      clients.put(clientKey, { first, last })
      asked.put(askedKey, 0)
    }
    await store.batch(
      batch => {
        for (const table of [days, models, workers, clients, asked]) table.fill(batch)
        for (const key of old) batch.delete(tables.asked, key)
      },
      { sync: false } // sums that nobody is paid by: a write to the disk would hold up those that somebody waits for
    )
  }

  /** One by one where all together fail: what is odd about one is no reason to leave out the others. */
  async function addEach(receipts: readonly CosignedReceipt[]): Promise<Failed> {
    const failed = new Map<CosignedReceipt, unknown>()
    const all = await addAll(receipts).then(
      () => undefined,
      (error: unknown) => ({ error })
    )
    if (all === undefined) return failed
    if (receipts.length === 1) return failed.set(receipts[0]!, all.error)
    for (const receipt of receipts) await addAll([receipt]).catch((error: unknown) => failed.set(receipt, error))
    return failed
  }

  const life = new AbortController()
  /** Until what has come meanwhile is counted together; at the end of all nothing waits. */
  const pause = (): Promise<void> => clock.sleep(apartMs, life.signal).catch(() => undefined)

  async function countOne(receipt: CosignedReceipt): Promise<void> {
    const failed = await countWithOthers(receipt)
    if (failed.has(receipt)) throw failed.get(receipt)
  }

  function countWithOthers(receipt: CosignedReceipt): Promise<Failed> {
    const { model } = receipt.receipt.message
    const already = waiting.get(model)
    if (already !== undefined && already.receipts.length < countedAtOnce) {
      already.receipts.push(receipt)
      return already.done
    }
    const receipts = [receipt]
    const done = new Promise<Failed>((resolve, reject) => {
      const work = async (): Promise<void> => {
        if (waiting.get(model)?.receipts === receipts) waiting.delete(model)
        resolve(await addEach(receipts))
        if (receipts.length < countedAtOnce) await pause()
      }
      counting.run(model, work).catch(reject)
    })
    waiting.set(model, { receipts, done })
    done.catch(() => {
      // Where the queue is full it never began.
      if (waiting.get(model)?.receipts === receipts) waiting.delete(model)
    })
    return done
  }

  async function begin(): Promise<void> {
    for (const table of [tables.days, tables.models, tables.workers, tables.clients, tables.asked]) {
      const keys: string[] = []
      for await (const key of table.keys()) keys.push(key)
      await store.batch(batch => {
        for (const key of keys) batch.delete(table as typeof tables.asked, key)
      })
    }
  }

  return {
    async start(receipts) {
      if (await tables.state.has('whole')) return
      // Where that was interrupted, it begins anew.
      await begin()
      for (let cursor: string | undefined; ;) {
        const page = { limit: listedAtOnce, ...(cursor === undefined ? {} : { cursor }) }
        const { items, next } = await receipts.list(page)
        for (const failure of (await addEach(items.map(({ receipt }) => receipt))).values()) throw failure
        if (next === null) break
        cursor = next
      }
      await tables.state.put('whole', 0)
    },
    stop() {
      life.abort()
      return counting.idle()
    },
    count: countOne,
    async of(model, from) {
      const days: DayUse[] = []
      for await (const [key, row] of tables.days.entries({
        prefix: `${model}/`,
        from: `${model}/${sequenceKey(Math.max(0, from))}`
      }))
        days.push({ day: Number(key.slice(model.length + 1)), ...row })
      const workers: (WorkerUse & { worker: Address })[] = []
      for await (const [key, row] of tables.workers.entries({ prefix: `${model}/`, limit: mostWorkers }))
        workers.push({ worker: key.slice(model.length + 1) as Address, ...row })
      const all = await tables.models.get(model)
      return { model, all: all ?? null, days, workers }
    }
  }
}
