import { z } from 'zod'
import { canonicalJson } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { sequenceKey } from '../store/index.ts'
import type { PayoutsDeps } from './types.ts'

/** Final epochs of a pool whose papers stay on this disk, for whoever has to show an old one or is new. */
const keptEpochs = 32

/** What papers are of, as the chain has it and as they say themselves. */
export interface EpochPlace {
  readonly pool: Hex
  readonly epoch: number
}

export const paperRecord = z.literal(true)

/** How much is fetched for a paper that is not here, from whom, and for how long. */
export interface PaperAsk {
  readonly from: Address
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
}

/**
 * What stands behind epochs on IPFS: anchored receipts and bundles. A table says which of them this node keeps, and
 * they stand there before they are pinned, so that all of an epoch goes once it is old. What says itself that it is of
 * another place is nobody's to keep: else a proposal that names another file's CID would have it let go with it.
 */
export interface Papers {
  /** @param decode throws for what is no paper of its kind @throws as Files.fetchBytes, decode */
  read<T extends EpochPlace>(
    cid: string,
    place: EpochPlace,
    ask: PaperAsk,
    decode: (bytes: Uint8Array) => T
  ): Promise<T>
  /** One that was made here. */
  add(made: EpochPlace): Promise<string>
  /** Whether a pool has so many final epochs after this one that nobody keeps anything of it, by `epochs`. */
  isOld(place: EpochPlace, epochs?: number): Promise<boolean>
  /** Nobody needs it any more. */
  letGo(cid: string, place: EpochPlace): Promise<void>
  /** Lets go of all of a pool that is old, where `latest` is its last final epoch. */
  tidy(pool: Hex, latest: number): Promise<void>
  /** Enters one that is pinned already. */
  adopt(cid: string, place: EpochPlace): Promise<void>
}

const prefixOf = ({ pool, epoch }: EpochPlace): string => `${pool}/${sequenceKey(epoch)}`
const keyOf = (cid: string, place: EpochPlace): string => `${prefixOf(place)}/${cid}`
/** Keys by place, of all that is old by so many epochs. */
export const oldKeys = (pool: Hex, latest: number, epochs: number): { from: string; to: string } => ({
  from: `${pool}/`,
  to: prefixOf({ pool, epoch: Math.max(0, latest - epochs + 1) })
})
export const samePlace = (one: EpochPlace, other: EpochPlace): boolean =>
  one.pool === other.pool && one.epoch === other.epoch

export function createPapers({
  files,
  store,
  chain,
  log
}: Pick<PayoutsDeps, 'files' | 'store' | 'log'> & {
  readonly chain: { readonly ledger: Pick<PayoutsDeps['chain']['ledger'], 'pool'> }
}): Papers {
  const table = store.collection('payouts/papers', paperRecord)

  async function release(key: string): Promise<void> {
    try {
      // Unpinned before it is forgotten: a process that is killed between the two does it again.
      await files.unpin(key.split('/')[2] ?? '')
      await table.delete(key)
    } catch (error) {
      log.warn('a paper of an epoch that nobody needs could not be let go; it is tried again', { paper: key, error })
    }
  }

  const papers: Papers = {
    async read(cid, place, { from, maxBytes, signal }, decode) {
      // It may be nobody's: whoever named it is gone, or never had it.
      const ask = { maxBytes, providers: [from], brief: true, ...(signal === undefined ? {} : { signal }) }
      const isKept = await table.has(keyOf(cid, place))
      const paper = decode(await files.fetchBytes(cid, { ...ask, pin: isKept }))
      if (isKept || !samePlace(paper, place) || (await papers.isOld(place))) return paper
      await table.put(keyOf(cid, place), true)
      await files.fetchBytes(cid, { ...ask, pin: true }) // from this disk
      return paper
    },
    async add(made) {
      const bytes = new TextEncoder().encode(canonicalJson(made))
      const cid = await files.addBytes(bytes, { pin: false })
      await table.put(keyOf(cid, made), true)
      await files.addBytes(bytes)
      return cid
    },
    async isOld({ pool, epoch }, epochs = keptEpochs) {
      return epoch <= (await chain.ledger.pool(pool)).epoch - epochs
    },
    async letGo(cid, place) {
      // What is not kept for this place is another's, or somebody else's file.
      if (await table.has(keyOf(cid, place))) await release(keyOf(cid, place))
    },
    async tidy(pool, latest) {
      for await (const key of table.keys(oldKeys(pool, latest, keptEpochs))) await release(key)
    },
    adopt: (cid, place) => table.put(keyOf(cid, place), true)
  }
  return papers
}
