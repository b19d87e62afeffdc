import { withContext } from '../../../protocol/data/index.ts'
import type { ChatMessage, Row } from '../../../protocol/data/index.ts'
import { hasPlayer } from '../../../protocol/jobs/index.ts'
import type { Measure } from '../../../protocol/payouts/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

// An answer that was given with rows before its question owes to them twice: to what was learnt from them, and to
// having them at hand. Both are measured at once: each coalition's adapter is asked with the coalition's own rows
// before the question, and nobody else's. So what follows from utilities (values, calibration, shares) is as without.

/** A row that was put before a question, with the index of the player whose it is. */
export interface ContextRow {
  readonly player: number
  readonly row: Row
}

/** Rows whose author is a player of the model, as all are that a version is trained on. */
export const ownedBy = (
  { players }: Measure,
  rows: readonly { readonly contributor: Address; readonly row: Row }[]
): ContextRow[] =>
  rows.flatMap(({ contributor, row }) => {
    const player = players.indexOf(contributor)
    return player < 0 ? [] : [{ player, row }]
  })

/**
 * The scores of an answer under each coalition's adapter, with the coalition's rows before the question.
 * @param score adapters by their places, with what is asked; how often it is asked for depends on whose rows there are
 */
export async function scoresWith<T>(
  coalitions: readonly string[],
  messages: readonly ChatMessage[],
  rows: readonly ContextRow[],
  score: (places: readonly number[], messages: readonly ChatMessage[]) => Promise<readonly T[]>
): Promise<T[]> {
  const masks = coalitions.map(BigInt)
  const byRows = Map.groupBy(masks.keys(), place => {
    const mask = masks[place] ?? 0n
    return rows.map(({ player }) => (hasPlayer(mask, player) ? '1' : '0')).join('')
  })
  const scores = Array.from<T>({ length: coalitions.length })
  for (const [key, places] of byRows) {
    const own = rows.flatMap(({ row }, i) => (key[i] === '1' ? [row] : []))
    const found = await score(places, withContext(messages, own))
    for (const [i, place] of places.entries()) scores[place] = found[i] as T
  }
  return scores
}
