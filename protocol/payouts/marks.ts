import { sha256 } from '@noble/hashes/sha2.js'
import { z } from 'zod'
import { bytes32, fromHex, InvalidError, toHex } from '../primitives/index.ts'
import type { Hex } from '../primitives/index.ts'
import { cosignedReceipt } from '../models/types.ts'

// How two peers find out what one of them lacks of a set of ids, however many they share. The set is a tree by the ids'
// digits whose shape follows from the set alone: up to `leafIds` ids stand together in a leaf, more are divided by
// their next digit. A leaf's mark is the hash of its ids, a branch's the hash of its children's marks: equal marks,
// equal sets. So the asker goes down only where marks differ, and a difference costs one leaf and the way to it.

/** Ids that stand together before they are divided. */
export const leafIds = 64
/** Hexadecimal digits of an id. */
export const idDigits = 64
/** Places looked at in one frame, and receipts in one: some 150 KB each. */
export const maxLooks = 32
export const maxGets = 64

/** Where in the tree: the first digits of ids. */
const prefix = z.string().regex(/^[0-9a-f]{0,64}$/)
const count = z.int().min(0).max(1e12)
const mark = z.string().regex(/^[0-9a-f]{32}$/)
/** How many ids stand below, and their mark. */
const sum = z.strictObject({ count, mark })
export type Sum = z.infer<typeof sum>

const leaf = z.strictObject({ prefix, ids: z.array(bytes32).max(leafIds) })
const branch = z.strictObject({ prefix, children: z.array(sum).length(16) })
export const branchOrLeaf = z.union([leaf, branch])
export type BranchOrLeaf = z.infer<typeof branchOrLeaf>

/** What the two compare: the receipts of a pool that no final epoch up to this one has settled. */
const set = { pool: bytes32, epoch: z.int().min(0) }

/** Frames of `/tilth/payouts/receipts/1`, the asker's. */
export const receiptsRequest = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('look'), ...set, at: z.array(prefix).min(1).max(maxLooks) }),
  z.strictObject({ kind: z.literal('get'), ...set, ids: z.array(bytes32).min(1).max(maxGets) })
])
export type ReceiptsRequest = z.infer<typeof receiptsRequest>

/** … and the other side's. `epoch`: it stands at another one, so that the two sets are not to be compared now. */
export const receiptsReply = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('found'), found: z.array(branchOrLeaf).max(maxLooks) }),
  z.strictObject({ kind: z.literal('receipts'), receipts: z.array(cosignedReceipt).max(maxGets) }),
  z.strictObject({ kind: z.literal('epoch'), epoch: z.int().min(0) })
])
export type ReceiptsReply = z.infer<typeof receiptsReply>

/** The first 16 bytes of SHA-256: what a set is to be told from is another set, found by 2^64 tries at the least. */
const short = (bytes: Uint8Array): string => toHex(sha256(bytes).subarray(0, 16)).slice(2)

/** @param ids in ascending order */
export function markOfIds(ids: readonly Hex[]): string {
  const bytes = new Uint8Array(32 * ids.length)
  ids.forEach((id, i) => {
    bytes.set(fromHex(id), 32 * i)
  })
  return short(bytes)
}

export const markOfChildren = (children: readonly Sum[]): string =>
  short(fromHex(`0x${children.map(child => child.mark).join('')}`))

export const digitsOf = (id: Hex): string => id.slice(2)
export const childPrefix = (of: string, digit: number): string => of + digit.toString(16)

/**
 * What anybody can see to be wrong with an answer.
 * @throws InvalidError `exchange.answer`
 */
export function checkFound(asked: readonly string[], found: readonly BranchOrLeaf[]): void {
  const wrong = (what: string): never => {
    throw new InvalidError('exchange.answer', `a peer's answer about its receipts is wrong: ${what}`)
  }
  // [reject] Each place that was asked about is answered, in order.
  if (asked.length !== found.length || asked.some((at, i) => found[i]?.prefix !== at)) wrong('other places')
  for (const one of found) {
    if ('ids' in one) {
      // [reject] A leaf's ids stand below it, in order, each once.
      if (one.ids.some((id, i) => !digitsOf(id).startsWith(one.prefix) || (i > 0 && id <= (one.ids[i - 1] ?? ''))))
        wrong('ids out of their place')
      continue
    }
    // [reject] Only more ids than a leaf holds are divided, and an id has so many digits.
    if (one.children.reduce((total, child) => total + child.count, 0) <= leafIds) wrong('a branch of too few')
    if (one.prefix.length >= idDigits) wrong('a branch below an id')
  }
}
