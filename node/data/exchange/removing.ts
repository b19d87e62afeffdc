import type { Signed } from '../../../protocol/crypto/index.ts'
import { DataError, noRemoval, removedBy, spokenAgainst, withdrawn } from '../../../protocol/data/index.ts'
import type { DatanetDocument, RemovalRecord, TakeDownWord } from '../../../protocol/data/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Rosters } from '../rosters.ts'

/** Takes in what is said about removals; whoever calls has looked at signatures, and at which contribution it is. */
export interface Removing {
  withdrawal(record: ContributionRecord, statement: Signed<'Withdrawal'>): Promise<boolean>
  takeDown(record: ContributionRecord, net: DatanetDocument, word: TakeDownWord): Promise<boolean>
}

export function createRemoving(
  { events, log }: Pick<DataDeps, 'events' | 'log'>,
  book: Book,
  rosters: Pick<Rosters, 'existing'>,
  left: (record: ContributionRecord) => Promise<void>
): Removing {
  async function put(record: ContributionRecord, before: RemovalRecord, after: RemovalRecord | undefined) {
    if (after === undefined) return false
    await book.putRemoval(record, after)
    const by = removedBy(after)
    if (by === undefined || by === removedBy(before)) return true
    log.info('an accepted contribution has left', { contribution: record.id, by })
    events.emit('data.removed', { datanet: record.datanet, contribution: record.id, by })
    await left(record)
    return true
  }
  return {
    async withdrawal(record, statement) {
      const before = (await book.removal(record)) ?? noRemoval
      return put(record, before, withdrawn(before, statement, record.contributor))
    },
    async takeDown(record, net, word) {
      const { roster: number } = word.statement.message
      const roster = await rosters.existing(record.datanet, number, net)
      // [ignore] A roster speaks once it sits, and none before it did.
      if (roster === undefined) throw new DataError('removal.roster', `roster ${number} is not known here`)
      const before = (await book.removal(record)) ?? noRemoval
      return put(record, before, spokenAgainst(before, word, roster.rules.validators))
    }
  }
}
