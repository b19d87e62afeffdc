import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'

/** Contributions of a writer that are looked at for one that was accepted. */
const mostLookedAt = 64

/**
 * Whether a writer of sealed questions is somebody here, by now: it sits, or something of it was accepted. Accounts are
 * free: of what this node gives to writers, all others together get half.
 */
export type IsKnownWriter = (datanet: Hex, writer: Address) => Promise<boolean>

export const createIsKnownWriter =
  ({ ledger }: Pick<DataDeps['chain'], 'ledger'>, book: Pick<Book, 'contributionsBy'>): IsKnownWriter =>
  async (datanet, writer) => {
    const sitting = (await ledger.datanet(datanet))?.roster ?? 1
    const seats = (await ledger.roster(datanet, sitting)) ?? []
    if (seats.some(({ address }) => address === writer)) return true
    const own = await book.contributionsBy(datanet, writer, 1, mostLookedAt)
    return own.some(({ state }) => state.name === 'accepted')
  }
