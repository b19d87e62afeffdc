import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

/** Validators that say in the DHT that they have a shard: any three may go for good, and it is not rare yet. */
const announcing = 7

/**
 * Whether this node says in the DHT that it has a shard. To say it asks some twenty peers, so that all of 21 validators
 * did it for each contribution took more of them than all else that they do for it.
 */
export function announces(cid: string, seats: readonly Address[], self: Address): boolean {
  return !seats.includes(self) || orderOf(cid, seats).indexOf(self) < announcing
}

/** Everybody's place among them, another for each shard. */
export function orderOf(cid: string, seats: readonly Address[]): Address[] {
  const order = new Map(seats.map(seat => [seat, keccak(`${cid} ${seat}`)]))
  return [...seats].sort((a, b) => ((order.get(a) ?? '') < (order.get(b) ?? '') ? -1 : 1))
}
