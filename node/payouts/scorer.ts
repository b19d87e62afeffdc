import { signStatement } from '../../protocol/crypto/index.ts'
import { attributionHash } from '../../protocol/models/index.ts'
import type { ScoringDocument } from '../../protocol/payouts/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Book, Entry } from './book.ts'
import type { PayoutsDeps } from './types.ts'
import type { Weigher } from './weigh.ts'

/** The second peer of every answer: weighs it again and says what it found. One at a time, oldest first. */
export interface Scorer {
  /** Looks for work; returns at once. */
  wake(): void
  stop(): Promise<void>
}

export function createScorer(
  { self, network, key, clock, log }: Pick<PayoutsDeps, 'self' | 'network' | 'key' | 'clock' | 'log'>,
  book: Book,
  weigher: Weigher,
  { settled, scored }: { settled: (id: Hex) => boolean; scored: (document: ScoringDocument) => Promise<void> }
): Scorer {
  /** Tried again later and later: siblings may only not be to be had yet. */
  const failed = new Map<Hex, { times: number; again: number }>()
  let running: Promise<void> | undefined
  const stopping = new AbortController()

  const wanted = ({ id, whole, receipt }: Entry): boolean =>
    whole &&
    receipt.attribution !== null &&
    receipt.worker !== self &&
    !settled(id) &&
    clock.now() >= (failed.get(id)?.again ?? 0) &&
    !book.scorings(id).some(({ scorer }) => scorer === self)

  function putOff(id: Hex): void {
    const times = (failed.get(id)?.times ?? 0) + 1
    failed.set(id, { times, again: clock.now() + Math.min(60_000, 1000 * 2 ** Math.min(times, 6)) })
  }

  async function score({ id }: Entry): Promise<void> {
    const receipt = await book.full(id)
    if (receipt?.content === undefined || receipt.answer === undefined) return
    const attribution = await weigher.attribute({
      model: receipt.receipt.message.model,
      content: receipt.content,
      answer: receipt.answer
    })
    if (attribution === null) return
    const statement = signStatement(
      network,
      'Scoring',
      { receipt: id, scorer: self, attribution: attributionHash(attribution) },
      key
    )
    await book.takeScoring({ statement, attribution })
    await scored({ statement, attribution })
  }

  async function work(): Promise<void> {
    for (
      let next = [...book.entries()].find(wanted);
      next !== undefined && !stopping.signal.aborted;
      next = [...book.entries()].find(wanted)
    ) {
      try {
        await score(next)
      } catch (error) {
        log.warn('an answer could not be weighed again', { receipt: next.id, error })
      }
      if (!book.scorings(next.id).some(({ scorer }) => scorer === self)) putOff(next.id)
    }
  }

  return {
    wake() {
      if (stopping.signal.aborted) return
      running ??= work().finally(() => {
        running = undefined
      })
    },
    async stop() {
      stopping.abort()
      await running
    }
  }
}
