import type { Draft } from './draft.ts'
import { noTotals } from './records.ts'
import type { Tables, Totals } from './records.ts'

/** More of one kind or another, in one record: it goes back with its block like all that stands in the ledger. */
export async function total(more: Partial<Totals>, draft: Draft, { totals }: Tables): Promise<void> {
  const before = (await draft.get(totals, 'all')) ?? noTotals
  const after: Record<keyof Totals, bigint> = { ...before }
  for (const [name, amount] of Object.entries(more) as [keyof Totals, bigint][]) after[name] = before[name] + amount
  await draft.put(totals, 'all', after)
}
