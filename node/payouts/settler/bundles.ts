import { InvalidError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { decodeFrame } from '../../../protocol/wire/index.ts'
import { checkPayouts, epochBundle } from '../../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../../protocol/payouts/index.ts'
import { ChainError, everyOf } from '../../chain/index.ts'
import { createCache } from '../../runtime/index.ts'
import { maxBundleBytes } from '../limits.ts'
import { samePlace } from '../papers.ts'
import type { EpochPlace, Papers } from '../papers.ts'
import type { PayoutsDeps } from '../types.ts'
import { createSummaries, summaryOf } from './summaries.ts'
import type { Summary, Sums } from './summaries.ts'

/** Bundles in memory: a full one is some 100 MB as objects. */
const maxKept = 2

/** Where a pool stands: how many epochs are final, and the last one, which is all that the next one needs. */
export interface History {
  readonly epoch: number
  readonly previous: { readonly cid: string; readonly bundle: EpochBundle } | undefined
}

/** A bundle as a proposal names it. */
export interface Named extends EpochPlace {
  readonly bundle: string
  readonly proposer: Address
}

/** How much is fetched for a bundle that is not known yet, and for how long. */
export interface LoadLimits {
  readonly signal?: AbortSignal
  readonly maxBytes?: number
}

export interface Bundles {
  /** Until what an earlier version has kept is taken over. */
  start(): Promise<void>
  stop(): Promise<void>
  /** @throws NotFoundError `files.unavailable` · InvalidError `frame.*` for what is no bundle */
  load(named: Named, limits?: LoadLimits): Promise<EpochBundle>
  /** Of a bundle that was loaded here once. */
  known(cid: string): Promise<Summary | undefined>
  sums(cid: string): Promise<Sums | undefined>
  /**
   * Of a bundle that was loaded once, from this disk.
   *
   * @param whole where not all of its lines are here any more, they are read again @throws as load
   */
  summary(named: Named, whole?: boolean): Promise<Summary>
  save(bundle: EpochBundle): Promise<string>
  /** A final epoch's, held to its roots on chain. @throws as load · InvalidError `payouts.root` · NotFoundError */
  final(pool: Hex, epoch: number): Promise<{ cid: string; bundle: EpochBundle }>
  /** @throws as final */
  history(pool: Hex): Promise<History>
  /** The pool's latest final epoch, or undefined. @throws as final */
  latest(pool: Hex): Promise<EpochBundle | undefined>
  /** Lets go of one that was voided. */
  letGo(named: Named): Promise<void>
  /** Lets go of what is long final, where `latest` is the pool's last final epoch. */
  tidy(pool: Hex, latest: number): Promise<void>
}

/** @param note hears of each bundle that is read or made, before it is used */
export function createBundles(
  { files, chain, store, log, self }: Pick<PayoutsDeps, 'files' | 'chain' | 'store' | 'log' | 'self'>,
  papers: Papers,
  note: (cid: string, bundle: EpochBundle) => Promise<void>
): Bundles {
  /** By place and CID: what another place names as well is looked at there by itself. */
  const kept = createCache<string, EpochBundle>({ max: maxKept })
  const keyOf = (cid: string, { pool, epoch }: EpochPlace): string => `${pool}/${epoch}/${cid}`
  const summaries = createSummaries({ store, self }, papers)
  const life = new AbortController()
  let starting: Promise<void> | undefined

  async function keep(cid: string, bundle: EpochBundle, place: EpochPlace): Promise<void> {
    await summaries.keep(cid, bundle, samePlace(bundle, place) ? place : undefined)
    await note(cid, bundle)
    kept.set(keyOf(cid, place), bundle)
  }

  async function load(named: Named, { signal, maxBytes = maxBundleBytes }: LoadLimits = {}): Promise<EpochBundle> {
    const { bundle: cid, proposer: from } = named
    const known = kept.get(keyOf(cid, named))
    if (known !== undefined) return known
    const ask = { from, maxBytes, signal }
    const bundle = await papers.read(cid, named, ask, bytes => decodeFrame(bytes, epochBundle, maxBytes))
    await keep(cid, bundle, named)
    return bundle
  }

  async function final(pool: Hex, epoch: number): Promise<{ cid: string; bundle: EpochBundle }> {
    const stated = await chain.payouts.epoch(pool, epoch)
    if (stated.state !== 'final')
      throw new NotFoundError('epoch.unknown', `epoch ${epoch} of the pool is not final`, { consequence: 'retry' })
    const { bundle: cid, proposer } = stated
    const bundle = await load({ pool, epoch, bundle: cid, proposer })
    checkPayouts(bundle, stated)
    if (!samePlace(bundle, { pool, epoch })) throw new InvalidError('bundle.place', 'the bundle is of another epoch')
    return { cid, bundle }
  }

  async function tidy(pool: Hex, latest: number): Promise<void> {
    await papers.tidy(pool, latest)
    await summaries.tidy(pool, latest)
  }

  async function* proposed(): AsyncGenerator<EpochPlace & { bundle: string }> {
    for await (const { id } of everyOf(page => chain.ledger.pools(page)))
      yield* everyOf(page => chain.ledger.proposals(id, page))
  }
  async function takeOver(): Promise<void> {
    for (const pool of await summaries.takeOver(proposed, life.signal))
      await tidy(pool, (await chain.ledger.pool(pool)).epoch)
  }

  return {
    start() {
      starting = takeOver().catch((error: unknown) => {
        log.warn('what an earlier version kept of epochs is taken over at the next start', { error })
      })
      return starting
    },
    async stop() {
      life.abort()
      await starting
    },
    load,
    known: cid => summaries.of(cid),
    sums: cid => summaries.sums(cid),
    async summary(named, whole = false) {
      const known = await summaries.of(named.bundle)
      if (known !== undefined && (known.whole || !whole)) return known
      try {
        return summaryOf(await load(named))
      } catch (error) {
        if (known === undefined || !(error instanceof TilthError) || error instanceof ChainError) throw error
        log.debug('the lines of an old epoch are not to be had', { bundle: named.bundle, error })
        return known
      }
    },
    async save(bundle) {
      const cid = await papers.add(bundle)
      await keep(cid, bundle, bundle)
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
    async letGo(named) {
      kept.delete(keyOf(named.bundle, named))
      await papers.letGo(named.bundle, named)
    },
    tidy
  }
}
