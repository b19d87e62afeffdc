import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'

/** Double votes shown to the chain in one go. */
const atOnce = 32

/** Evidence goes on chain, by whoever of the roster can pay for it; that somebody was quicker is as good. */
export function createReports({ chain, log }: Pick<DataDeps, 'chain' | 'log'>, book: Book): { run(): Promise<void> } {
  let running = false
  return {
    async run() {
      if (chain.account === undefined || running) return
      running = true
      try {
        for (const [key, record] of await book.unreported(atOnce)) {
          const { first, second } = record.evidence
          try {
            await chain.datanets.reportDoubleVote(
              { vote: first.message, signature: first.signature },
              { vote: second.message, signature: second.signature }
            )
          } catch (error) {
            if (!(error instanceof TilthError) || error.consequence !== 'reject') throw error
            log.info('a double vote was reported already, or has no stake to lose', { key, error })
          }
          await book.putEvidence(key, { ...record, reported: true })
        }
      } catch (error) {
        log.info('a double vote could not be reported yet', { error })
      } finally {
        running = false
      }
    }
  }
}
