import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { orderOf } from '../storage/announcing.ts'

/** Validators that the author's node serves, and that each of them serves in turn. */
const served = 4

/**
 * Whom this node asks alone for a shard at first. Were its author's node asked by all of 21 validators at once, it
 * would give the whole shard away twenty times over, by a home's line; and were everybody asked, everybody who has it
 * would send it to each. So validators stand in a tree below the author's node, each shard's its own: one asks the one
 * above it, which passes on what comes, then the author's node, and everybody only after that.
 * @param author the node that showed it · @param seats who checks it
 */
export function askedFirst(
  cid: string,
  author: Address | undefined,
  seats: readonly Address[],
  self: Address
): readonly Address[] {
  if (author === undefined || author === self) return []
  const sorted = orderOf(
    cid,
    seats.filter(seat => seat !== author)
  )
  const at = sorted.indexOf(self)
  // Who looks on without a seat asks one who has one.
  const above =
    at >= 0
      ? sorted[Math.floor(at / served) - 1]
      : sorted[Number(BigInt(keccak(`${cid} ${self}`)) % BigInt(Math.max(1, sorted.length)))]
  return above === undefined ? [author] : [above, author]
}
