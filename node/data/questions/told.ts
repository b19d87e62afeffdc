import { z } from 'zod'
import { outcomeOf, ownRows } from '../../../protocol/data/index.ts'
import type { ContributionStatements, DatanetDocument, Verdict } from '../../../protocol/data/index.ts'
import { bytes32 } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'

// /tilth/data/hidden/1: which rows of an accepted contribution were taken out of it because they ask a sealed question.
// Validators see that, others do not; what was accepted is a hash over the rest, so whoever is told finds out whether
// it is true, and nobody is told which question a row asks.

/** Rows that are told of one contribution. */
const mostHidden = 10_000
/** Longest that one validator is asked. */
const askMs = 10_000

export const hiddenRequest = z.strictObject({ contribution: bytes32 })
export const hiddenReply = z.strictObject({ rows: z.array(z.int().min(0)).max(mostHidden) })

/** What others know of an accepted contribution's rows. */
export interface Told {
  serve(stream: MessageStream): Promise<void>
  /**
   * Finds which rows were accepted, where that is not what the checks here give.
   * @returns whether it is known now; `later` where somebody who may know was not reached
   */
  learn(
    record: ContributionRecord,
    net: DatanetDocument,
    statements: ContributionStatements
  ): Promise<boolean | 'later'>
}

export function createTold(
  { log, self, streams }: Pick<DataDeps, 'log' | 'self' | 'streams'>,
  book: Pick<Book, 'contribution' | 'verdict' | 'putVerdict'>,
  check: (
    record: ContributionRecord,
    statements: ContributionStatements,
    hidden: ReadonlySet<number>
  ) => Promise<Verdict>,
  stopping: AbortSignal
): Told {
  async function ask(validator: Address, contribution: ContributionRecord['id']): Promise<readonly number[]> {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(askMs)])
    const stream = await streams.open(validator, '/tilth/data/hidden/1', { signal })
    try {
      await stream.send({ contribution })
      const answered = await stream.next(hiddenReply, { signal })
      await stream.end()
      return answered?.rows ?? []
    } catch (error) {
      await stream.fail(error)
      throw error
    }
  }

  return {
    async serve(stream) {
      const asked = await stream.next(hiddenRequest)
      if (asked === undefined) return
      const record = await book.contribution(asked.contribution)
      // [ignore] Of what is not decided nothing is told: a file would find out what is asked without being accepted.
      const verdict = record?.state.name === 'accepted' ? await book.verdict(asked.contribution) : undefined
      const rows = (verdict?.rows ?? []).flatMap((row, i) =>
        row.kind === 'held-out' && row.question === undefined ? [i] : []
      )
      await stream.send({ rows: rows.slice(0, mostHidden) })
    },
    async learn(record, net, statements) {
      if (record.state.name !== 'accepted') return false
      const { cid } = statements.reveal.message
      let reached = true
      for (const { address } of net.rules.validators) {
        if (address === self || stopping.aborted) continue
        try {
          const rows = await ask(address, record.id)
          if (rows.length === 0) continue
          const verdict = await check(record, statements, new Set(rows))
          // [ignore] What is told is right if it gives what was voted on.
          const outcome = outcomeOf({ contribution: record.id, cid, own: ownRows(verdict) }, true)
          if (outcome !== record.state.certificate.outcome) continue
          await book.putVerdict(record.id, verdict)
          return true
        } catch (error) {
          reached = false
          log.debug('a validator does not say which rows were accepted', { contribution: record.id, address, error })
        }
      }
      return reached ? false : 'later'
    }
  }
}
