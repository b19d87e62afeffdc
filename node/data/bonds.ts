import { carriesBond } from '../../protocol/data/index.ts'
import type { DatanetRules } from '../../protocol/data/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Allowances } from './allowances.ts'
import type { Book, ContributionRecord } from './book/index.ts'
import type { DataDeps } from './deps.ts'
import type { Rosters } from './rosters.ts'

/** Whether a commitment carries the bond that its rules ask for: by the chain alone, so everybody finds the same. */
export type Bonded = (contribution: Hex, rules: DatanetRules) => Promise<boolean>

export const createBonded =
  ({ ledger }: Pick<DataDeps['chain'], 'ledger'>): Bonded =>
  async (contribution, rules) =>
    rules.bond === undefined || carriesBond(rules, await ledger.bond(contribution))

/** Whether nobody may accept a contribution, by the chain alone: it lacks its bond, or is beyond its allowance. */
export const createBarred =
  (
    book: Pick<Book, 'datanet'>,
    rosters: Pick<Rosters, 'deciding'>,
    bonded: Bonded,
    allowances: Pick<Allowances, 'isBeyond'>
  ): ((record: ContributionRecord) => Promise<boolean>) =>
  async record => {
    const net = (await book.datanet(record.datanet))?.document
    // What is not known here yet is looked at once it is.
    if (net === undefined) return true
    const { rules } = await rosters.deciding(record.id, net)
    return !(await bonded(record.id, rules)) || allowances.isBeyond(record, rules)
  }
