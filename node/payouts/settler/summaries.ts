import { z } from 'zod'
import { address, amount, bytes32, uint } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { maxAccounts, mostPanel, payoutLine } from '../../../protocol/payouts/index.ts'
import type { EpochBundle, PayoutLine } from '../../../protocol/payouts/index.ts'
import { sequenceKey } from '../../store/index.ts'
import { oldKeys } from '../papers.ts'
import type { EpochPlace, Papers } from '../papers.ts'
import type { PayoutsDeps } from '../types.ts'

/** Final epochs of a pool of which all lines are kept, some 300 bytes for each account: as many as pages show. */
const linesKept = 100

const sums = {
  receipts: z.int().min(0),
  receiptsTotal: amount,
  dataFees: amount,
  held: amount,
  keptBack: amount.default(0n),
  /** From when on an epoch divides some of that even if nobody asked anything; chain seconds. */
  keptBy: uint(64).nullable().default(null),
  weighed: z.int().min(0),
  scorers: z.array(z.strictObject({ scorer: address, answers: z.int().min(1) })).max(mostPanel)
}
/** What stays of a bundle that was read: its sums, and what it gives this node's own account. */
export const sumsRecord = z.strictObject({
  pool: bytes32,
  epoch: z.int().min(1),
  ...sums,
  own: payoutLine.nullable()
})
export const linesRecord = z.array(payoutLine).max(maxAccounts)
/** As it was kept before, by a bundle's CID: whole, for ever. */
export const summarySchema = z.strictObject({ ...sums, payouts: linesRecord })
type Earlier = z.infer<typeof summarySchema>

export type Sums = z.infer<typeof sumsRecord>

/** What views show of a bundle. */
export interface Summary extends Omit<Sums, 'own' | 'pool' | 'epoch'> {
  /** All lines, or, of an old epoch, this node's own. */
  readonly payouts: readonly PayoutLine[]
  readonly whole: boolean
}

export interface Summaries {
  /** @param place where the chain has it, where the bundle says the same; else its lines are not kept */
  keep(cid: string, bundle: EpochBundle, place: EpochPlace | undefined): Promise<void>
  sums(cid: string): Promise<Sums | undefined>
  of(cid: string): Promise<Summary | undefined>
  /** Lets go of the lines of a pool's old epochs. */
  tidy(pool: Hex, latest: number): Promise<void>
  /**
   * Takes over, as far as the chain shows their places, what an earlier version kept.
   *
   * @returns the pools of which it did
   */
  takeOver(
    places: () => AsyncIterable<EpochPlace & { readonly bundle: string }>,
    signal: AbortSignal
  ): Promise<ReadonlySet<Hex>>
}

export function summaryOf(bundle: EpochBundle): Summary {
  const { receipts, receiptsTotal, dataFees, held, keptBack, payouts, scorings } = bundle
  const words = Map.groupBy(scorings, ({ scorer }) => scorer)
  return {
    receipts: receipts.length,
    receiptsTotal,
    dataFees,
    held,
    keptBack,
    keptBy: bundle.kept.rows.reduce<bigint | null>((by, row) => (by === null || row.by < by ? row.by : by), null),
    weighed: new Set(scorings.map(({ receipt }) => receipt)).size,
    scorers: [...words].map(([scorer, said]) => ({ scorer, answers: said.length })),
    payouts,
    whole: true
  }
}

export function createSummaries(
  { store, self }: Pick<PayoutsDeps, 'store' | 'self'>,
  papers: Pick<Papers, 'isOld' | 'adopt'>
): Summaries {
  const table = store.collection('payouts/sums', sumsRecord)
  const lines = store.collection('payouts/lines', linesRecord)
  const earlier = store.collection('payouts/summaries', summarySchema)
  const keyOf = (cid: string, { pool, epoch }: EpochPlace): string => `${pool}/${sequenceKey(epoch)}/${cid}`

  async function put(cid: string, { pool, epoch }: EpochPlace, { payouts, ...rest }: Earlier, all: boolean) {
    const own = payouts.find(({ account }) => account === self) ?? null
    await store.batch(batch => {
      batch.put(table, cid, { pool, epoch, ...rest, own })
      if (all) batch.put(lines, keyOf(cid, { pool, epoch }), payouts)
    })
  }

  const summaries: Summaries = {
    async keep(cid, bundle, place) {
      const wanted = place !== undefined && !(await papers.isOld(place, linesKept))
      if ((await table.has(cid)) && (!wanted || (await lines.has(keyOf(cid, place))))) return
      const { whole: _, payouts, ...rest } = summaryOf(bundle)
      await put(cid, bundle, { ...rest, payouts: [...payouts] }, wanted)
    },
    sums: cid => table.get(cid),
    async of(cid) {
      const found = await table.get(cid)
      if (found === undefined) return undefined
      const { own, pool, epoch, ...rest } = found
      const all = await lines.get(keyOf(cid, { pool, epoch }))
      return { ...rest, payouts: all ?? (own === null ? [] : [own]), whole: all !== undefined }
    },
    async tidy(pool, latest) {
      for await (const key of lines.keys(oldKeys(pool, latest, linesKept))) await lines.delete(key, { sync: false })
    },
    async takeOver(places, signal) {
      const left = new Set<string>()
      const pools = new Set<Hex>()
      for await (const cid of earlier.keys()) left.add(cid)
      if (left.size === 0) return pools
      for await (const { bundle: cid, pool, epoch } of places()) {
        if (signal.aborted) break
        const before = left.delete(cid) ? await earlier.get(cid) : undefined
        if (before === undefined) continue
        const place = { pool, epoch }
        await papers.adopt(cid, place)
        await put(cid, place, before, !(await papers.isOld(place, linesKept)))
        await earlier.delete(cid, { sync: false })
        pools.add(pool)
      }
      return pools
    }
  }
  return summaries
}
