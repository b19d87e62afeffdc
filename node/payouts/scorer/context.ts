import { withContext } from '../../../protocol/data/index.ts'
import type { ChatMessage, Row } from '../../../protocol/data/index.ts'
import type { Measure } from '../../../protocol/payouts/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

// An answer that was given with rows before its question owes to them twice: to what was learnt from them, and to
// having them at hand. Both are measured at once: each coalition's adapter is asked with the rows that are found among
// the coalition's own, as if no others were: so whoever says in other words what somebody has said before, and is found
// first, shares what it adds with them and does not take it. What follows from utilities (values, calibration, shares)
// is as without.

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
 * @param find those of a coalition, by its mask
 * @param score adapters by their places, with what is asked; how often it is asked for depends on whose rows there are
 */
export async function scoresWith<T>(
  coalitions: readonly string[],
  messages: readonly ChatMessage[],
  find: (mask: bigint) => Promise<readonly ContextRow[]>,
  score: (places: readonly number[], messages: readonly ChatMessage[]) => Promise<readonly T[]>
): Promise<T[]> {
  const asked: (readonly ChatMessage[])[] = []
  for (const mask of coalitions)
    asked.push(
      withContext(
        messages,
        (await find(BigInt(mask))).map(({ row }) => row)
      )
    )
  const scores = Array.from<T>({ length: coalitions.length })
  for (const places of Map.groupBy(asked.keys(), place => JSON.stringify(asked[place])).values()) {
    const found = await score(places, asked[places[0] ?? 0] ?? messages)
    for (const [i, place] of places.entries()) scores[place] = found[i] as T
  }
  return scores
}
