import { z } from 'zod'
import { bytes32 } from '../primitives/hex.ts'
import { mostModelName } from './types.ts'

// `/tilth/models/over/1`: a light peer hears what is offered for every model over a base, and cannot see which models
// those are: it follows no chain. So it asks one that does. What comes are ids, each the hash of a registration that
// names its base, so whoever asks sees by the chain alone whether a model stands over the base of an offer.

/** Models of one answer. */
export const mostOver = 64

export const overQuestion = z.strictObject({
  /** Those of this name alone, also where they are offered by themselves: names are anybody's. */
  name: z.string().min(1).max(mostModelName).optional(),
  /** Those of a Datanet alone. */
  datanet: bytes32.optional()
})
export type OverQuestion = z.infer<typeof overQuestion>

/** The newest first, of each base in turn. */
export const overAnswer = z.strictObject({ models: z.array(bytes32).max(mostOver) })
