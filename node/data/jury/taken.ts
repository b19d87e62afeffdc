import { z } from 'zod'
import { outcomeOf, ownRows } from '../../../protocol/data/index.ts'
import type { Verdict } from '../../../protocol/data/index.ts'
import { fromHex, toHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'

// Which rows a jury took: a bit for each row of the shard, as small as the hash over them allows to check.

/** As many bits as a shard may have rows, as text. */
const mostText = 2 + 2 * Math.ceil(100_000 / 8)

export const rowSet = z
  .string()
  .max(mostText)
  .regex(/^0x([0-9a-f]{2})*$/)
  .transform(text => text as Hex)

/** @param rows ascending */
export function packRows(rows: readonly number[]): Hex {
  const bits = new Uint8Array(Math.ceil(((rows.at(-1) ?? -1) + 1) / 8))
  for (const row of rows) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7))
  return toHex(bits)
}

export function unpackRows(packed: Hex): number[] {
  const rows: number[] = []
  for (const [i, byte] of fromHex(packed).entries())
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) rows.push(i * 8 + bit)
  return rows
}

/**
 * A verdict with the rows that a jury took, whatever the checks here say of them.
 * @returns undefined where one of them is no row of the shard: nobody can use them
 */
export function withTaken(found: Verdict, taken: readonly number[]): Verdict | undefined {
  const { reason: _reason, ...verdict } = found
  const own = new Set(taken)
  if (taken.some(row => (verdict.rows[row]?.kind ?? 'invalid') === 'invalid')) return undefined
  const rows = verdict.rows.map((row, i): Verdict['rows'][number] =>
    own.has(i) ? { kind: 'own' } : row.kind === 'own' ? { kind: 'held-out' } : row
  )
  return { ...verdict, accept: true, rows }
}

/** The rows that were accepted, where they are known here: those that give the hash that was voted on. */
export async function acceptedRows(
  book: Pick<Book, 'verdict'>,
  { id, state }: ContributionRecord
): Promise<number[] | undefined> {
  if (state.name !== 'accepted') return undefined
  const verdict = await book.verdict(id)
  const own = verdict === undefined ? [] : ownRows(verdict)
  const { cid } = state.statements.reveal.message
  return outcomeOf({ contribution: id, cid, own }, true) === state.certificate.outcome ? own : undefined
}
