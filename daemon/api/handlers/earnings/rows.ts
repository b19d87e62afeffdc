import type { Node } from '../../../../node/node.ts'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'
import type { WhyShareView } from '../../contract/index.ts'
import { givenTo, ownOfBoth } from '../given.ts'

/** Contributions of a Datanet that are looked through for those of one account. */
const mostContributions = 2_000

/** What an account contributed to a Datanet; null where this node does not follow it, and knows nothing of it. */
export async function rowsOf(data: Node['data'], pool: Hex, account: Address): Promise<WhyShareView['rows']> {
  if (!data.followed().some(({ id }) => id === pool)) return null
  const rows = {
    contributions: 0,
    accepted: 0,
    left: 0,
    rows: 0,
    own: 0 as number | null,
    issues: {} as Record<string, number>
  }
  let looked = 0
  for await (const one of givenTo(data, pool)) {
    if (looked++ >= mostContributions) break
    if (one.contributor !== account) continue
    rows.contributions++
    if (one.accepted) rows.accepted++
    if (one.left) rows.left++
    rows.rows += one.rows
    rows.own = ownOfBoth(rows.own, one.accepted ? one.own : 0)
    for (const { code } of one.rowIssues) rows.issues[code] = (rows.issues[code] ?? 0) + 1
  }
  return rows
}
