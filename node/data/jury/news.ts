import type { Hex } from '../../../protocol/primitives/index.ts'
import type { DataDeps } from '../deps.ts'

/** What the chain tells of challenges, for the book and for whoever was drawn. */
export interface JuryNews {
  start(): Promise<void>
  stop(): Promise<void>
}

export function createJuryNews(
  { chain, events, log, self }: Pick<DataDeps, 'chain' | 'events' | 'log' | 'self'>,
  hooks: {
    /** What a jury has decided is on chain now, or no more. */
    closed(contribution: Hex): Promise<unknown>
    changed(datanet: Hex): void
    /** Something may be due to be done. */
    wake(): void
  }
): JuryNews {
  let stop: (() => Promise<void>) | undefined
  return {
    async start() {
      stop = await chain.ledger.consume({
        name: 'juries',
        names: [
          'Challenged',
          'JuryDrawn',
          'JurorCommitted',
          'JurorVoted',
          'JuryClosed',
          'ChallengeLapsed',
          'JurorAbsent'
        ],
        async forward(event) {
          if (event.name === 'Challenged') {
            const { contribution, datanet, challenger } = event
            events.emit('data.challenged', { datanet, contribution, challenger })
            hooks.changed(datanet)
          }
          if (event.name === 'JuryClosed') {
            await hooks.closed(event.contribution)
            const decided = (await chain.ledger.trial(event.contribution))?.closed?.decided
            const { contribution, datanet } = event
            if (decided !== undefined) events.emit('data.jury', { datanet, contribution, decided })
          }
          if (event.name === 'JurorAbsent' && event.juror === self) {
            const { contribution, taken } = event
            log.warn('this node showed no vote as a juror: it lost a part of its stake, and its seat', {
              contribution,
              taken: String(taken)
            })
          }
          // What was held back for it may go on.
          if (event.name === 'ChallengeLapsed') hooks.changed(event.datanet)
          hooks.wake()
        },
        async back(event) {
          if (event.name === 'JuryClosed') await hooks.closed(event.contribution)
          if (event.name === 'Challenged' || event.name === 'ChallengeLapsed') hooks.changed(event.datanet)
          hooks.wake()
        }
      })
    },
    stop: async () => stop?.()
  }
}
