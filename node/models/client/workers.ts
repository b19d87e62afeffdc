import type { Experience, ModelRecord } from '../../../protocol/models/index.ts'
import { rankOffers } from '../../../protocol/models/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { Parts } from '../deps.ts'
import type { OfferBoard, SignedOffer } from '../offers.ts'

/** What this client has lived through with its workers, for the next choice. Forgotten at a restart. */
export interface Workers {
  /** Standing offers of others, best first; looks for some if there are none. */
  offers(
    model: ModelRecord,
    need: { inputTokens: number; outputTokens: number },
    signal: AbortSignal
  ): Promise<SignedOffer[]>
  served(worker: Address, tokens: number, ms: number): void
  failed(worker: Address): void
  /** A worker that lied is not asked again. */
  lied(worker: Address): void
}

export function createWorkers({ self, clock, timing }: Parts, board: OfferBoard): Workers {
  const experience = new Map<Address, Experience>()
  const liars = new Set<Address>()
  const of = (worker: string): Experience => experience.get(worker as Address) ?? { failures: 0 }
  const standing = (model: ModelRecord): SignedOffer[] =>
    board.list(model.id).filter(({ message: { worker } }) => worker !== self && !liars.has(worker))

  return {
    async offers(model, need, signal) {
      const deadline = clock.now() + timing.findMs
      let found = standing(model)
      for (let i = 0; found.length === 0 && clock.now() < deadline; i++) {
        signal.throwIfAborted()
        if (i % 4 === 0)
          await board.find(model, AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, deadline - clock.now()))]))
        else await clock.sleep(Math.min(500, timing.findMs / 4), signal)
        found = standing(model)
      }
      return rankOffers(found, need, of)
    },
    served(worker, tokens, ms) {
      const { tokensPerSecond } = of(worker)
      const speed = tokens === 0 || ms <= 0 ? tokensPerSecond : (tokens * 1000) / ms
      const mean = tokensPerSecond === undefined || speed === undefined ? speed : 0.7 * tokensPerSecond + 0.3 * speed
      experience.set(worker, { failures: 0, ...(mean === undefined ? {} : { tokensPerSecond: mean }) })
    },
    failed(worker) {
      experience.set(worker, { ...of(worker), failures: of(worker).failures + 1 })
    },
    lied(worker) {
      liars.add(worker)
    }
  }
}
