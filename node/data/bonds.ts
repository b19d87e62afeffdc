import { carriesBond } from '../../protocol/data/index.ts'
import type { DatanetRules } from '../../protocol/data/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { DataDeps } from './deps.ts'

/** Whether a commitment carries the bond that its rules ask for: by the chain alone, so everybody finds the same. */
export type Bonded = (contribution: Hex, rules: DatanetRules) => Promise<boolean>

export const createBonded =
  ({ ledger }: Pick<DataDeps['chain'], 'ledger'>): Bonded =>
  async (contribution, rules) =>
    rules.bond === undefined || carriesBond(rules, await ledger.bond(contribution))
