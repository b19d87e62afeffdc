import { signStatement } from '../../../protocol/crypto/index.ts'
import { longestOfferSeconds } from '../../../protocol/models/index.ts'
import type { ModelsMessage } from '../../../protocol/models/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { remember } from '../../runtime/cache.ts'
import type { Answerer } from '../../engine/backend/types.ts'
import type { Parts } from '../deps.ts'
import type { OfferBoard, SignedOffer } from '../offers.ts'
import type { Slots } from './slots.ts'

/** Own offers whose signatures need not be looked at; of one that is forgotten the signature is checked. */
const mostMade = 4_096

/** What an offer says of what it names. */
export interface Terms {
  /** A model's id, or what stands for every model over a base. */
  readonly model: Hex
  /** Which says what weights it answers from. */
  readonly answerer: Pick<Answerer, 'weights'>
  readonly inputPrice: bigint
  readonly outputPrice: bigint
  readonly speed: number
}

/** Something that is offered to everybody, again and again. */
export interface Announced {
  readonly terms: () => Terms
  readonly answerer: Pick<Answerer, 'away'>
  /** The offer that stands now. */
  readonly took: (offer: SignedOffer) => void
}

export interface Announcing {
  sign(terms: Terms): SignedOffer
  /** Signs anew and says so to everybody, unless this worker takes on nothing now. */
  announce(entry: Announced): Promise<void>
  /** Whether an offer is one that this worker made and that still stands: its signature need not be looked at. */
  own(offer: SignedOffer): boolean
}

/** What this worker offers, in its own words. */
export function createAnnouncing(parts: Parts, board: Pick<OfferBoard, 'take'>, slots: Slots): Announcing {
  const { key, self, network, policy, timing, log, gossip, now } = parts
  /** By signature, in the order in which they run out. */
  const made = new Map<Hex, SignedOffer>()

  function sign({ model, answerer, inputPrice, outputPrice, speed }: Terms): SignedOffer {
    const seconds = BigInt(Math.max(1, Math.round(timing.offerMs / 1000)))
    const issuedAt = now()
    for (const [signature, { message }] of made) {
      if (message.expires > issuedAt) break
      made.delete(signature)
    }
    const offer = signStatement(
      network,
      'Offer',
      {
        model,
        worker: self,
        inputPrice,
        outputPrice,
        capacity: slots.free,
        tokensPerSecond: Math.max(1, Math.round(speed)),
        issuedAt,
        expires: issuedAt + (seconds < longestOfferSeconds ? seconds : longestOfferSeconds),
        region: policy.region,
        weights: answerer.weights ?? ''
      },
      key
    )
    remember(made, offer.signature, offer, mostMade)
    return offer
  }

  return {
    sign,
    async announce({ terms, answerer, took }) {
      // What was offered runs out.
      if (parts.availability?.away() !== undefined || answerer.away() !== undefined) return
      const offer = sign(terms())
      took(offer)
      try {
        board.take(offer)
      } catch (error) {
        log.debug('the own offer is not new', { error })
      }
      await gossip.publish('tilth/models/1', { kind: 'offer', offer } satisfies ModelsMessage)
    },
    own({ signature, message }) {
      const offer = made.get(signature)?.message
      if (offer === undefined || offer.expires <= now()) return false
      return (Object.keys(offer) as (keyof typeof offer)[]).every(field => offer[field] === message[field])
    }
  }
}
