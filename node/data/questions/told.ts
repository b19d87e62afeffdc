import { z } from 'zod'
import { isJuried, outcomeOf, ownRows } from '../../../protocol/data/index.ts'
import type { ContributionStatements, DatanetDocument, Verdict } from '../../../protocol/data/index.ts'
import { anySignal, bytes32 } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import { acceptedRows, packRows, rowSet, unpackRows, withTaken } from '../jury/taken.ts'
import { hostOf } from '../rosters.ts'

// /tilth/data/hidden/1: which rows of an accepted contribution were taken out of it because they ask a sealed question.
// Validators see that, others do not; what was accepted is a hash over the rest, so whoever is told finds out whether
// it is true, and nobody is told which question a row asks. In the same way: which rows a jury took, where the
// checks give others.

/** Rows that are told of one contribution. */
const mostHidden = 10_000
/** Longest that one validator is asked. */
const askMs = 10_000
/** What nobody could tell is asked for again after this while; and of how many that is remembered. */
const restMs = 30_000
const mostRests = 256

export const hiddenRequest = z.strictObject({ contribution: bytes32 })
export const hiddenReply = z.strictObject({
  rows: z.array(z.int().min(0)).max(mostHidden),
  /** Which rows a jury took, of what one has decided. */
  taken: rowSet.optional()
})
type Reply = z.infer<typeof hiddenReply>

/** What others know of an accepted contribution's rows. */
export interface Told {
  serve(stream: MessageStream): Promise<void>
  /**
   * Finds which rows were accepted, where that is not what the checks here give.
   * @param outcome what was voted on; what the record says, where it is not given
   * @returns whether it is known now; `later` where somebody who may know was not reached
   */
  learn(
    record: ContributionRecord,
    net: DatanetDocument,
    statements: ContributionStatements,
    outcome?: Hex
  ): Promise<boolean | 'later'>
  /**
   * Finds which rows a jury took, asking its jurors and whoever has heard it from them; not again for a while.
   * @returns whether it is known now
   */
  learnTaken(record: ContributionRecord, net: DatanetDocument): Promise<boolean>
}

export function createTold(
  { chain, clock, log, self, streams }: Pick<DataDeps, 'chain' | 'clock' | 'log' | 'self' | 'streams'>,
  book: Pick<Book, 'contribution' | 'juryVotes' | 'verdict' | 'putVerdict'>,
  check: (
    record: ContributionRecord,
    statements: ContributionStatements,
    hidden?: ReadonlySet<number>
  ) => Promise<Verdict>,
  stopping: AbortSignal
): Told {
  async function ask(validator: Address, contribution: ContributionRecord['id']): Promise<Reply> {
    const signal = anySignal([stopping, AbortSignal.timeout(askMs)])
    const stream = await streams.open(validator, '/tilth/data/hidden/1', { signal })
    try {
      await stream.send({ contribution })
      const answered = await stream.next(hiddenReply, { signal })
      await stream.end()
      return answered ?? { rows: [] }
    } catch (error) {
      await stream.fail(error)
      throw error
    }
  }

  /** What a jury took, once it has decided: no other juror hears it while it votes. */
  async function takenOf(id: Hex, record: ContributionRecord | undefined): Promise<Hex | undefined> {
    const closed = (await chain.ledger.trial(id))?.closed
    if (closed?.decided !== 'accepted') return undefined
    const own = record !== undefined && isJuried(record.state) ? await acceptedRows(book, record) : undefined
    if (own !== undefined) return packRows(own)
    // Who sat on it follows the Datanet no more, and has its own vote still.
    const mine = await book.juryVotes.get(id)
    return mine?.vote?.message.outcome === closed.outcome ? rowSet.safeParse(mine.taken).data : undefined
  }

  const rested = createCache<Hex, true>({ max: mostRests, forMs: restMs, clock })
  async function learnTaken(record: ContributionRecord, net: DatanetDocument): Promise<boolean | 'later'> {
    const { id, state } = record
    if (state.name !== 'accepted' || state.jury === undefined) return false
    const { certificate, statements } = state
    const { cid } = statements.reveal.message
    const jurors = certificate.votes.map(({ message }) => message.validator)
    const seats = net.rules.validators.map(({ address }) => address)
    let reached = true
    for (const address of new Set([...jurors, hostOf(net), ...seats])) {
      if (address === self || stopping.aborted) continue
      try {
        const { taken } = await ask(address, id)
        if (taken === undefined) continue
        const own = unpackRows(taken)
        // [ignore] What is told is right if it gives what the jury voted on.
        if (outcomeOf({ contribution: id, cid, own }, true) !== certificate.outcome) continue
        const verdict = withTaken(await check(record, statements), own)
        if (verdict === undefined) log.warn('a jury took what is no row: it is in no version', { contribution: id })
        else await book.putVerdict(id, verdict)
        return verdict !== undefined
      } catch (error) {
        reached = false
        log.debug('a juror does not say which rows were accepted', { contribution: id, address, error })
      }
    }
    return reached ? false : 'later'
  }

  return {
    async learnTaken(record, net) {
      if (rested.get(record.id) === true) return false
      rested.set(record.id, true)
      return (await learnTaken(record, net)) === true
    },
    async serve(stream) {
      const asked = await stream.next(hiddenRequest)
      if (asked === undefined) return
      const record = await book.contribution(asked.contribution)
      // [ignore] Of what is not decided nothing is told: a file would find out what is asked without being accepted.
      const verdict = record?.state.name === 'accepted' ? await book.verdict(asked.contribution) : undefined
      const rows = (verdict?.rows ?? []).flatMap((row, i) =>
        row.kind === 'held-out' && row.question === undefined ? [i] : []
      )
      const taken = await takenOf(asked.contribution, record)
      await stream.send({ rows: rows.slice(0, mostHidden), ...(taken === undefined ? {} : { taken }) })
    },
    async learn(record, net, statements, outcome) {
      if (outcome === undefined && isJuried(record.state)) return learnTaken(record, net)
      const sought = outcome ?? (record.state.name === 'accepted' ? record.state.certificate.outcome : undefined)
      if (sought === undefined) return false
      const { cid } = statements.reveal.message
      let reached = true
      for (const { address } of net.rules.validators) {
        if (address === self || stopping.aborted) continue
        try {
          const { rows } = await ask(address, record.id)
          if (rows.length === 0) continue
          const verdict = await check(record, statements, new Set(rows))
          // [ignore] What is told is right if it gives what was voted on.
          if (outcomeOf({ contribution: record.id, cid, own: ownRows(verdict) }, true) !== sought) continue
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
