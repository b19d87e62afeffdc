import { z } from 'zod'
import { signedSchema } from '../crypto/schema.ts'
import { bytes32 } from '../primitives/hex.ts'

// `/tilth/models/offers/1`: a light peer, which is no part of gossip or the DHT, asks one that it is connected to for
// the offers it has heard. Offers are their workers' signed words, and a PeerId is its worker's key: who answers can
// leave some out, and nothing else.

/** Offers of one answer, and of one of its frames. */
export const mostToldOffers = 128
export const offersPerFrame = 32
/** Models that a question names, and addresses of one worker. */
const mostModels = 32
export const mostToldAddresses = 4

export const offersQuestion = z.strictObject({
  /** Those of these models alone. */
  models: z.array(bytes32).min(1).max(mostModels).optional(),
  /** Those of the models of a Datanet alone. */
  datanet: bytes32.optional(),
  /** Who asks dials plain TCP too, as a program does and a page cannot; peers of before refuse the field. */
  tcp: z.literal(true).optional()
})
export type OffersQuestion = z.infer<typeof offersQuestion>

/** An offer, and at which addresses its asker can reach its worker, as far as the one who answers knows. */
const toldOffer = z.strictObject({
  offer: signedSchema('Offer'),
  peerId: z.string().min(16).max(80),
  addresses: z.array(z.string().min(1).max(400)).max(mostToldAddresses)
})
export type ToldOffer = z.infer<typeof toldOffer>

/** Frames come until the stream's end. */
export const offersAnswer = z.strictObject({ offers: z.array(toldOffer).max(offersPerFrame) })
