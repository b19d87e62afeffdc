import type { ShelfKind } from './types.ts'

// What a node takes of models, in one table: for jobs, for serving and for payouts alike. What is over a row is refused
// by its declared sizes, before its bytes are asked for.

const GiB = 2 ** 30

export interface KindLimits {
  /** Bytes of all files together. */
  readonly maxBytes: number
  readonly maxFiles: number
}

export const kindLimits = {
  // A model of 70 billion parameters in 16 bits is 140 GB; a folder of shards has some two hundred files.
  base: { maxBytes: 200 * GiB, maxFiles: 1_000 },
  // Rank 256 on every projection of a model of 8 billion parameters is 1.3 GB in 16 bits, twice that in 32.
  adapter: { maxBytes: 4 * GiB, maxFiles: 16 }
} as const satisfies Record<ShelfKind, KindLimits>

/** Bytes of disk a node lends to models unless its owner says otherwise, but never more than half of what is free. */
export const defaultQuota = 20 * GiB
/** Of the quota, what others' questions bring may take: adapters of models that this node offers by their base. */
export const askedShare = 1 / 2
/** Bytes a second fetched for strangers unless its owner says otherwise: an eighth of a gigabit line. */
export const defaultPace = 16 * 2 ** 20
/** Bytes that may come at once after a rest, in seconds of the pace. */
export const burstSeconds = 4
/** Bytes of a disk that are never filled. */
export const spareDisk = GiB / 2
/** Fetches under way; beyond it those that strangers cause are refused until one is done. */
export const maxFetches = 64
/** A fetch that is slower than this on the whole, in bytes a second, is given up; nobody waits for ever. */
export const slowestPace = 64 * 1024
/** Milliseconds any fetch may take, however small. */
export const shortestDeadline = 600_000
