import type { Address, Hex, SumLeaf, SumTree } from '../primitives/index.ts'
import { fromHex, inSumTree, keccak, leafNode, sumTree, zeroHash } from '../primitives/index.ts'

// What a scorer commits to before anybody shows a word: the root over all that it has to weigh in an epoch, one leaf
// for each in the order of receipts. So a word has one place, and no scorer can commit to two and choose later; and it
// names its scorer, so that another's commitment is worth nothing to who has not weighed.

const joined = (parts: readonly Hex[]): Uint8Array => fromHex(`0x${parts.map(part => part.slice(2)).join('')}`)

/** @param attribution undefined where there is no word: neither worker nor client gave the content */
const leafOf = (scorer: Address, receipt: Hex, attribution: Hex | undefined): SumLeaf => ({
  content: attribution === undefined ? zeroHash : keccak(joined([scorer, receipt, attribution])),
  sum: 0n
})

/**
 * @param duties receipts that the scorer has to weigh, in their order
 * @param found attributions, by receipt
 */
export const wordsTree = (scorer: Address, duties: readonly Hex[], found: ReadonlyMap<Hex, Hex>): SumTree =>
  sumTree(duties.map(receipt => leafOf(scorer, receipt, found.get(receipt))))

/** Hashes from the leaf up. */
export const pathIn = (tree: SumTree, index: number): Hex[] => tree.proof(index).siblings.map(({ hash }) => hash)

/** A word where it stands among its scorer's. */
export interface PlacedWord {
  readonly scorer: Address
  readonly receipt: Hex
  readonly attribution: Hex
  readonly path: readonly Hex[]
}

/** What its scorer has committed to, and where among all that it had to weigh the word stands. */
export interface WordPlace {
  readonly word: Hex | undefined
  /** Negative where it had nothing to say on that answer. */
  readonly index: number
  readonly count: number
}

/** Whether a word is the one that its scorer has committed to, at the one place that it can have. */
export function isCommitted(
  { scorer, receipt, attribution, path }: PlacedWord,
  { word, index, count }: WordPlace
): boolean {
  if (word === undefined || index < 0 || path.length !== Math.ceil(Math.log2(count))) return false
  return inSumTree({ hash: word, sum: 0n }, leafNode(leafOf(scorer, receipt, attribution)), {
    index: BigInt(index),
    siblings: path.map(hash => ({ hash, sum: 0n }))
  })
}
