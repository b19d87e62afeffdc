import { z } from 'zod'
import {
  address,
  amount,
  canonicalJson,
  InvalidError,
  NotFoundError,
  uint
} from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { decodeFrame } from '../../../protocol/wire/index.ts'
import { checkPayouts, epochBundle, maxAccounts, mostPanel, payoutLine } from '../../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../../protocol/payouts/index.ts'
import { createCache } from '../../runtime/index.ts'
import { maxBundleBytes } from '../limits.ts'
import type { PayoutsDeps } from '../types.ts'

/** Bundles in memory: a full one is some 100 MB as objects. */
const maxKept = 2
/** Final epochs of a pool whose bundles stay on this disk, for whoever has to show an old one or is new. */
const keptEpochs = 32

/** Where a pool stands: how many epochs are final, and the last one, which is all that the next one needs. */
export interface History {
  readonly epoch: number
  readonly previous: { readonly cid: string; readonly bundle: EpochBundle } | undefined
}

export const summarySchema = z.strictObject({
  receipts: z.int().min(0),
  receiptsTotal: amount,
  dataFees: amount,
  held: amount,
  keptBack: amount.default(0n),
  /** From when on an epoch divides some of that even if nobody asked anything; chain seconds. */
  keptBy: uint(64).nullable().default(null),
  weighed: z.int().min(0),
  scorers: z.array(z.strictObject({ scorer: address, answers: z.int().min(1) })).max(mostPanel),
  payouts: z.array(payoutLine).max(maxAccounts)
})
/** What views show of a bundle. */
export type Summary = z.infer<typeof summarySchema>

/** How much is fetched for a bundle that is not known yet, and for how long. */
export interface LoadLimits {
  readonly signal?: AbortSignal
  readonly maxBytes?: number
}

export interface Bundles {
  /** @throws NotFoundError `files.unavailable` · InvalidError `frame.*` for what is no bundle */
  load(cid: string, from: Address, limits?: LoadLimits): Promise<EpochBundle>
  /** Of a bundle that was loaded here once. */
  known(cid: string): Promise<Summary | undefined>
  /** Of a bundle that was loaded once, from this disk. @throws as load */
  summary(cid: string, from: Address): Promise<Summary>
  save(bundle: EpochBundle): Promise<string>
  /** A final epoch's, held to its roots on chain. @throws as load · InvalidError `payouts.root` · NotFoundError */
  final(pool: Hex, epoch: number): Promise<{ cid: string; bundle: EpochBundle }>
  /** @throws as final */
  history(pool: Hex): Promise<History>
  /** The pool's latest final epoch, or undefined. @throws as final */
  latest(pool: Hex): Promise<EpochBundle | undefined>
  /** Lets go of what is long final, and of what was voided. */
  release(cid: string): Promise<void>
  /** The epoch whose bundle may go when this one is final; undefined: none yet. */
  old(epoch: number): number | undefined
}

/** @param note hears of each bundle that is read or made, before it is used */
export function createBundles(
  { files, chain, store, log }: Pick<PayoutsDeps, 'files' | 'chain' | 'store' | 'log'>,
  note: (cid: string, bundle: EpochBundle) => Promise<void>
): Bundles {
  const kept = createCache<string, EpochBundle>({ max: maxKept })
  const summaries = store.collection('payouts/summaries', summarySchema)

  async function keep(cid: string, bundle: EpochBundle): Promise<void> {
    const { receipts, receiptsTotal, dataFees, held, keptBack, payouts, scorings } = bundle
    if (!(await summaries.has(cid))) {
      const words = Map.groupBy(scorings, ({ scorer }) => scorer)
      await summaries.put(cid, {
        receipts: receipts.length,
        receiptsTotal,
        dataFees,
        held,
        keptBack,
        keptBy: bundle.kept.rows.reduce<bigint | null>((by, row) => (by === null || row.by < by ? row.by : by), null),
        payouts,
        weighed: new Set(scorings.map(({ receipt }) => receipt)).size,
        scorers: [...words].map(([scorer, said]) => ({ scorer, answers: said.length }))
      })
    }
    await note(cid, bundle)
    kept.set(cid, bundle)
  }

  async function load(
    cid: string,
    from: Address,
    { signal, maxBytes = maxBundleBytes }: LoadLimits = {}
  ): Promise<EpochBundle> {
    const known = kept.get(cid)
    if (known !== undefined) return known
    const bundle = decodeFrame(
      // A bundle may be nobody's: whoever proposed it is gone, or never had it.
      await files.fetchBytes(cid, {
        maxBytes,
        providers: [from],
        brief: true,
        ...(signal === undefined ? {} : { signal })
      }),
      epochBundle,
      maxBytes
    )
    await keep(cid, bundle)
    return bundle
  }

  async function final(pool: Hex, epoch: number): Promise<{ cid: string; bundle: EpochBundle }> {
    const stated = await chain.payouts.epoch(pool, epoch)
    if (stated.state !== 'final')
      throw new NotFoundError('epoch.unknown', `epoch ${epoch} of the pool is not final`, { consequence: 'retry' })
    const bundle = await load(stated.bundle, stated.proposer)
    checkPayouts(bundle, stated)
    if (bundle.pool !== pool || bundle.epoch !== epoch)
      throw new InvalidError('bundle.place', 'the bundle is of another epoch')
    return { cid: stated.bundle, bundle }
  }

  return {
    load,
    known: cid => summaries.get(cid),
    async summary(cid, from) {
      const known = await summaries.get(cid)
      if (known !== undefined) return known
      await load(cid, from)
      return (await summaries.get(cid)) ?? summaryMissing(cid)
    },
    async save(bundle) {
      const cid = await files.addBytes(new TextEncoder().encode(canonicalJson(bundle)))
      await keep(cid, bundle)
      files.provide(cid).catch((error: unknown) => {
        log.warn('the bundle is not in the DHT', { cid, error })
      })
      return cid
    },
    final,
    async history(pool) {
      const { epoch } = await chain.payouts.pool(pool)
      return { epoch, previous: epoch === 0 ? undefined : await final(pool, epoch) }
    },
    async latest(pool) {
      const { epoch } = await chain.payouts.pool(pool)
      return epoch === 0 ? undefined : (await final(pool, epoch)).bundle
    },
    async release(cid) {
      kept.delete(cid)
      try {
        await files.unpin(cid)
      } catch (error) {
        log.warn('a bundle that nobody needs could not be let go', { cid, error })
      }
    },
    old: epoch => (epoch > keptEpochs ? epoch - keptEpochs : undefined)
  }
}

function summaryMissing(cid: string): never {
  throw new NotFoundError('bundle.unknown', `the bundle ${cid} is not known here`)
}
