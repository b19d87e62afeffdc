import { canonicalJson, InvalidError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { decodeFrame } from '../../protocol/wire/index.ts'
import { checkPayouts, epochBundle, placeOf } from '../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../protocol/payouts/index.ts'
import { maxBundleBytes } from './limits.ts'
import type { PayoutsDeps } from './types.ts'

/** A pool's final epochs. */
export interface History {
  /** How many are final. */
  readonly epoch: number
  readonly previous: { readonly cid: string; readonly bundle: EpochBundle } | undefined
  readonly bundles: ReadonlyMap<number, EpochBundle>
  readonly settled: ReadonlyMap<string, number>
  readonly settledFees: ReadonlyMap<Hex, bigint>
}

export interface Bundles {
  /** @throws NotFoundError `files.unavailable` · InvalidError `frame.*` for what is no bundle */
  load(cid: string, from: Address): Promise<EpochBundle>
  save(bundle: EpochBundle): Promise<string>
  /** Bundles of all final epochs, each held to its roots on chain. @throws as load · InvalidError `payouts.root` */
  history(pool: Hex): Promise<History>
  /** The pool's latest final epoch, or undefined. @throws as history */
  latest(pool: Hex): Promise<EpochBundle | undefined>
}

export function createBundles({ files, chain, log }: Pick<PayoutsDeps, 'files' | 'chain' | 'log'>): Bundles {
  const kept = new Map<string, EpochBundle>()
  const histories = new Map<Hex, { last: string; history: History }>()

  async function load(cid: string, from: Address): Promise<EpochBundle> {
    const known = kept.get(cid)
    if (known !== undefined) return known
    const bundle = decodeFrame(
      // A bundle may be nobody's: whoever proposed it is gone, or never had it.
      await files.fetchBytes(cid, { maxBytes: maxBundleBytes, providers: [from], brief: true }),
      epochBundle,
      maxBundleBytes
    )
    kept.set(cid, bundle)
    if (kept.size > 64) kept.delete(kept.keys().next().value ?? '')
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
    async save(bundle) {
      const cid = await files.addBytes(new TextEncoder().encode(canonicalJson(bundle)))
      kept.set(cid, bundle)
      files.provide(cid).catch((error: unknown) => {
        log.warn('the bundle is not in the DHT', { cid, error })
      })
      return cid
    },
    async history(pool) {
      const { epoch } = await chain.payouts.pool(pool)
      const bundles = new Map<number, EpochBundle>()
      const settled = new Map<string, number>()
      const settledFees = new Map<Hex, bigint>()
      if (epoch === 0) return { epoch, previous: undefined, bundles, settled, settledFees }
      const previous = await final(pool, epoch)
      const known = histories.get(pool)
      if (known?.last === previous.cid) return known.history
      for (let number = 1; number <= epoch; number++) {
        const { bundle } = number === epoch ? previous : await final(pool, number)
        bundles.set(number, bundle)
        for (const receipt of bundle.receipts) {
          const { channel, fee } = receipt.receipt.message
          settled.set(placeOf(receipt), number)
          settledFees.set(channel, (settledFees.get(channel) ?? 0n) + fee)
        }
      }
      const history = { epoch, previous, bundles, settled, settledFees }
      histories.set(pool, { last: previous.cid, history })
      return history
    },
    async latest(pool) {
      const { epoch } = await chain.payouts.pool(pool)
      return epoch === 0 ? undefined : (await final(pool, epoch)).bundle
    }
  }
}
