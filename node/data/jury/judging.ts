import { isJuried, judge, juryCertificate, unjudge } from '../../../protocol/data/index.ts'
import type { ContributionState } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import { wordOf } from './words.ts'

/** Takes a jury's word over into the book, as soon as both it and the contribution are known, whichever came first. */
export interface Judging {
  /** Within what the book does in turn. @returns whether something is otherwise than before */
  settle(contribution: Hex): Promise<boolean>
}

export function createJudging(
  { chain, log }: Pick<DataDeps, 'chain' | 'log'>,
  book: Pick<Book, 'contribution' | 'setState'>,
  /** Whether nobody may accept it, by the chain alone: it lacks its bond, or is beyond its author's allowance. */
  isBarred: (record: ContributionRecord) => Promise<boolean>,
  hooks: {
    changed(datanet: Hex): void
    decided(record: ContributionRecord): Promise<void>
    overturned(record: ContributionRecord): Promise<void>
  }
): Judging {
  async function become(record: ContributionRecord, state: ContributionState): Promise<void> {
    const { id, datanet } = record
    await book.setState(id, state)
    const now = await book.contribution(id)
    if (now !== undefined) {
      await hooks.decided(now)
      if (now.state.name !== record.state.name || outcomeIn(now.state) !== outcomeIn(record.state)) {
        log.info('a jury decides otherwise than the roster', { contribution: id, now: now.state.name })
        await hooks.overturned(now)
      }
    }
    hooks.changed(datanet)
  }

  return {
    async settle(id) {
      const record = await book.contribution(id)
      const state = record?.state
      if (record === undefined || state === undefined || !('statements' in state) || state.statements === undefined)
        return false
      const said = await wordOf(chain.ledger, id)
      // [ignore] No jury takes what the rules of its place let nobody take.
      const word = said?.accept === true && (await isBarred(record)) ? undefined : said
      const isDone = state.name === 'accepted' || state.name === 'rejected'
      if (word === undefined) {
        if (!isDone || !isJuried(state)) return false
        await become(record, unjudge(state))
        return true
      }
      const certificate = juryCertificate(word)
      const isSame = isDone && isJuried(state) && state.certificate.accept === word.accept
      if (isSame && state.certificate.outcome === certificate.outcome) return false
      await become(record, judge(state, certificate, state.statements))
      return true
    }
  }
}

const outcomeIn = (state: ContributionState): Hex | undefined =>
  state.name === 'accepted' ? state.certificate.outcome : undefined
