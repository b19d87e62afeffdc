import { sealingKey } from '../../../protocol/crypto/index.ts'
import { isKeyOf, openKey, openShard, sealKeyTo, sealedKey } from '../../../protocol/data/index.ts'
import type { ShardOwner } from '../../../protocol/data/index.ts'
import { LimitError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'

/** Awards under which keys are held at once: as many as a worker may have open, and no more. */
const mostBorrowers = 64

/** A private contribution, as far as its key goes. */
export interface Locked extends ShardOwner {
  readonly contribution: Hex
}

/** Keys of others' that were not tried on their shards yet. */
const mostOffered = 2_048

/**
 * Keys to private shards that are here: sealed to this node beside a reveal, given by another, or lent for an award, in
 * memory alone. Those that have opened their shard are kept sealed to this node's own key (who copies its database
 * reads nothing without that), and only those are given to others.
 */
export interface ContentKeys {
  /** Whether there is any key for it here, which may be none. */
  has(locked: Locked): Promise<boolean>
  /** The key that has opened it. */
  proven(locked: Locked): Promise<Uint8Array | undefined>
  /** The rows of a shard; undefined where no key here is its own. */
  open(locked: Locked, shard: Uint8Array): Promise<Uint8Array | 'not-opened' | undefined>
  /** Keeps a key that opens its shard. */
  keep(locked: Locked, content: Uint8Array): Promise<void>
  /** What another has sealed to this node; it is tried when the shard is read. */
  offer(locked: Locked, sealed: Hex): Uint8Array | undefined
  unseal(locked: Locked, sealed: Hex): Uint8Array | undefined
  /** @throws LimitError `keys.many` */
  borrow(why: string, contribution: Hex, content: Uint8Array): void
  giveBack(why: string): void
  /** Its rows have left: no key to them stays here. Inside the book's queue, since its record loses keys. */
  forget(contribution: Hex): Promise<void>
}

export function createContentKeys(
  { key, self, store }: Pick<DataDeps, 'key' | 'self' | 'store'>,
  book: Book
): ContentKeys {
  const table = store.collection('data/keys', sealedKey)
  // Of awards that this node works on, none longer than its training.
  const borrowed = new Map<string, Map<Hex, Uint8Array>>()
  const offered = createCache<Hex, Uint8Array>({ max: mostOffered })

  /** All there are: what a contributor or a peer has given may be none. */
  async function all(locked: Locked): Promise<Uint8Array[]> {
    const { contribution } = locked
    const state = (await book.contribution(contribution))?.state
    const sealed = state !== undefined && 'statements' in state ? state.statements?.sealed : undefined
    const beside = sealed?.keys.filter(({ account }) => account === self).map(one => openKey(key, one.sealed, locked))
    const lent = [...borrowed.values()].map(keys => keys.get(contribution))
    const found = [await keys.proven(locked), offered.get(contribution), ...lent, ...(beside ?? [])]
    return found.filter(one => one !== undefined)
  }

  const keys: ContentKeys = {
    has: async locked => (await all(locked)).length > 0,
    async proven(locked) {
      const kept = await table.get(locked.contribution)
      return kept === undefined ? undefined : openKey(key, kept, locked)
    },
    async open(locked, shard) {
      const { contribution } = locked
      const own = (await all(locked)).find(one => isKeyOf(one, shard))
      if (own === undefined) return undefined
      const isLent = [...borrowed.values()].some(keys => keys.has(contribution))
      if (!isLent && !(await table.has(contribution))) await keys.keep(locked, own)
      return openShard(own, shard, locked) ?? 'not-opened'
    },
    async keep(locked, content) {
      const once = crypto.getRandomValues(new Uint8Array(32))
      await table.put(locked.contribution, sealKeyTo(sealingKey(key), once, content, locked))
    },
    offer(locked, sealed) {
      const content = openKey(key, sealed, locked)
      if (content !== undefined) offered.set(locked.contribution, content)
      return content
    },
    unseal: (locked, sealed) => openKey(key, sealed, locked),
    borrow(why, contribution, content) {
      const lent = borrowed.get(why) ?? new Map<Hex, Uint8Array>()
      if (!borrowed.has(why) && borrowed.size >= mostBorrowers)
        throw new LimitError('keys.many', 'keys are held here for as many awards as may be', { consequence: 'retry' })
      borrowed.set(why, lent.set(contribution, content))
    },
    giveBack(why) {
      borrowed.delete(why)
    },
    async forget(contribution) {
      for (const lent of borrowed.values()) lent.delete(contribution)
      offered.delete(contribution)
      await table.delete(contribution)
      const state = (await book.contribution(contribution))?.state
      if (state === undefined || !('statements' in state) || state.statements?.sealed === undefined) return
      const { sealed: _sealed, ...statements } = state.statements
      await book.setState(contribution, { ...state, statements })
    }
  }
  return keys
}
