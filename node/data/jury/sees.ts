import type { ContributionStatements, DatanetDocument } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Allowances } from '../allowances.ts'
import { createBarred, createBonded } from '../bonds.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Sealed } from '../questions/sealed.ts'
import type { Told } from '../questions/told.ts'
import type { Rosters } from '../rosters.ts'

/** What a juror lacks that the roster had, what a roster lacks that a jury had, and where they get it from. */
export interface JurorSees {
  /** Whether nobody may accept it, by the chain alone. */
  isBarred(record: ContributionRecord): Promise<boolean>
  /** How many sealed batches it was compared with that this node cannot read. */
  shut(record: ContributionRecord): Promise<number>
  /** Hears from the validators which rows ask a sealed question, held against what they voted on. */
  learn(record: ContributionRecord, statements: ContributionStatements, outcome: Hex): Promise<boolean>
  /** Hears which rows a jury took, where the checks here give others. @returns whether that is known now */
  readonly taken: (record: ContributionRecord) => Promise<boolean>
}

export function createSees(
  { chain }: Pick<DataDeps, 'chain'>,
  book: Pick<Book, 'datanet'>,
  rosters: Pick<Rosters, 'deciding'>,
  allowances: Pick<Allowances, 'isBeyond'>,
  sealed: Pick<Sealed, 'shutTo'>,
  told: Pick<Told, 'learn' | 'learnTaken'>,
  document: (datanet: Hex) => Promise<DatanetDocument>,
  /** Later ones are compared with its rows from then on. */
  onTaken: (record: ContributionRecord) => void
): JurorSees {
  const deciding = async ({ id, datanet }: ContributionRecord) => rosters.deciding(id, await document(datanet))
  return {
    isBarred: createBarred(book, rosters, createBonded(chain), allowances),
    shut: async ({ id }) => (await sealed.shutTo(id)).here,
    learn: async (record, statements, outcome) =>
      (await told.learn(record, await deciding(record), statements, outcome)) === true,
    async taken(record) {
      const learnt = await told.learnTaken(record, await deciding(record))
      if (learnt) onTaken(record)
      return learnt
    }
  }
}
