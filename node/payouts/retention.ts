import type { Hex } from '../../protocol/primitives/index.ts'
import type { PayoutsDeps, PayoutsTiming } from './types.ts'

/**
 * What was asked and answered is needed until its epoch is final: for scorers, and for whoever doubts them. After that,
 * and a while for reorganisations, client and worker delete it.
 */
export interface Retention {
  start(): void
  stop(): Promise<void>
}

/** @param over since when nobody needs a receipt's content, in chain seconds; undefined while somebody may */
export function createRetention(
  { chain, models, clock, log }: Pick<PayoutsDeps, 'chain' | 'models' | 'clock' | 'log'>,
  timing: Pick<PayoutsTiming, 'contentKeepMs' | 'sweepMs'>,
  over: (id: Hex) => Promise<bigint | undefined>
): Retention {
  let off: (() => void) | undefined
  let running: Promise<void> | undefined

  async function sweep(): Promise<void> {
    const { timestamp } = await chain.head()
    const until = timestamp - BigInt(Math.floor(timing.contentKeepMs / 1000))
    const due: Hex[] = []
    for await (const id of models.openings()) {
      const since = await over(id)
      if (since !== undefined && since <= until) due.push(id)
    }
    await models.forget(due)
    if (due.length > 0) log.debug('what was asked and answered is deleted', { receipts: due.length })
  }

  return {
    start() {
      off = clock.every(
        timing.sweepMs,
        () =>
          (running ??= sweep().finally(() => {
            running = undefined
          })),
        error => {
          log.warn('what was asked and answered could not be deleted', { error })
        }
      )
    },
    async stop() {
      off?.()
      await running?.catch(() => undefined) // reported by the task itself
    }
  }
}
