import { z } from 'zod'
import { hash } from './hash.ts'

/** What is known of an offer beside what its worker says in it. Times are milliseconds since 1970. */
export const offerMore = {
  /** It is for every model over its base: this one is fetched when it is asked for. */
  all: z.literal(true).optional(),
  /**
   * Drawn scorers of the Datanet's pool have found that its worker's answers were by other weights: until then nobody
   * asks it who has not named it.
   */
  foundOut: z.object({ model: hash, epoch: z.int(), at: z.int(), passedOverUntil: z.int() }).optional(),
  /** By this node's own answers of that worker, each with a receipt that both signed. */
  measured: z
    .object({ answers: z.int(), tokensPerSecond: z.number().optional(), firstTokenMs: z.number().optional() })
    .optional()
}
