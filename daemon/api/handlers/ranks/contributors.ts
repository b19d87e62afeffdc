import { pageOf } from '../../../../protocol/primitives/index.ts'
import type { Address, Page, PageRequest } from '../../../../protocol/primitives/index.ts'
import {
  answersOf,
  byRank,
  hundredths,
  leastShare,
  rankInWords,
  rankOf,
  rankRule
} from '../../../../protocol/payouts/index.ts'
import type { Ranked } from '../../../../protocol/payouts/index.ts'
import type { RankView } from '../../contract/index.ts'
import { meantDatanets, rowsIn, valuesIn } from './evidence.ts'
import type { OfferedRows, Parts } from './evidence.ts'

interface Line extends Ranked, OfferedRows {
  readonly account: Address
  readonly formula: string
  readonly datanets: number
}

/** An account over several Datanets: its ranks add up. */
const together = (a: Line, b: Line): Line => ({
  account: a.account,
  rows: a.rows + b.rows,
  taken: a.taken + b.taken,
  left: a.left + b.left,
  unread: a.unread + b.unread,
  value: a.value === null && b.value === null ? null : (a.value ?? 0n) + (b.value ?? 0n),
  rank: a.rank + b.rank,
  formula: `the sum of its ranks in ${a.datanets + b.datanets} Datanets = ${hundredths(a.rank + b.rank)}`,
  datanets: a.datanets + b.datanets
})

/** Contributors by rank, of one Datanet or of all that are followed here. */
export async function ranksOf(
  parts: Parts,
  { datanet, ...page }: PageRequest & { readonly datanet?: string | undefined }
): Promise<Page<RankView> & { readonly rule: string }> {
  const lines = new Map<Address, Line>()
  for (const { id, rules } of await meantDatanets(parts, datanet)) {
    // What a mix holds was given to its parents: over all it counts there, and once.
    if (datanet === undefined && rules.parents !== undefined) continue
    const values = await valuesIn(parts, id)
    for (const [account, counted] of await rowsIn(parts, id)) {
      const offered = { ...counted, value: values.get(account) ?? null }
      const line: Line = {
        ...offered,
        account,
        rank: rankOf(offered, rules.maxRows),
        formula: rankInWords(offered, rules.maxRows),
        datanets: 1
      }
      const known = lines.get(account)
      lines.set(account, known === undefined ? line : together(known, line))
    }
  }
  const views = [...lines.values()]
    .sort(byRank)
    .map(({ account, rank, formula, rows, taken, left, unread, value, datanets }, at): RankView => ({
      account,
      place: at + 1,
      rank: rank.toString(),
      formula,
      rows,
      taken,
      left,
      unread,
      acceptance: Number(leastShare(taken, rows)),
      answers: value === null ? null : answersOf({ value }).toString(),
      datanets
    }))
  return { ...pageOf(views, page, ({ account }) => account), rule: rankRule }
}
