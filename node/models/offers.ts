import type { Signed } from '../../protocol/crypto/index.ts'
import { checkOffer, modelsMessage, supersedes, workerFrame } from '../../protocol/models/index.ts'
import type { ModelRecord } from '../../protocol/models/index.ts'
import { InvalidError, NotFoundError, TilthError } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import type { Parts } from './deps.ts'
import type { OfferView } from './types.ts'

/** Offers kept for one model: beyond it only those of workers that are better known than one that leaves for it. */
const offersPerModel = 256

export type SignedOffer = Signed<'Offer'>

export const offerView = ({ message }: SignedOffer): OfferView => ({
  model: message.model,
  worker: message.worker,
  inputPrice: message.inputPrice,
  outputPrice: message.outputPrice,
  capacity: message.capacity,
  tokensPerSecond: message.tokensPerSecond,
  expires: Number(message.expires),
  ...(message.region === '' ? {} : { region: message.region }),
  ...(message.weights === '' ? {} : { weights: message.weights })
})

export interface OfferBoard {
  start(): void
  stop(): void
  /**
   * Takes an offer in after its checks; own ones too.
   * @throws as checkOffer · TilthError `model.unknown`, `offer.old`, `offer.many` (ignore)
   */
  take(offer: SignedOffer): void
  withdraw(model: Hex, worker: Address): void
  /** What stands now. */
  list(model?: Hex): SignedOffer[]
  /** Asks a worker itself, and takes its offer in. @throws as streams.open · InvalidError as checkOffer */
  quote(worker: Address, model: Hex, signal: AbortSignal): Promise<void>
  /** Asks those who provide the model in the DHT, for when gossip has brought nothing yet. */
  find(model: ModelRecord, signal: AbortSignal): Promise<void>
}

/** Offers however they came, each checked. */
export type Offers = Pick<OfferBoard, 'take' | 'withdraw' | 'list' | 'quote'>

/**
 * What workers offer.
 * @param known whether a model is registered
 * @param rank what this node knows of a worker: on a full board the higher one has the place
 */
export function createOffers(
  { network, streams, events, self, now }: Pick<Parts, 'network' | 'streams' | 'events' | 'self' | 'now'>,
  known: (model: Hex) => boolean,
  rank: (worker: Address) => number
): Offers {
  const board = new Map<Hex, Map<Address, SignedOffer>>()

  const standing = (offers: Map<Address, SignedOffer>): SignedOffer[] => {
    for (const [worker, { message }] of offers) if (message.expires <= now()) offers.delete(worker)
    return [...offers.values()]
  }

  const rankOf = (worker: Address): number => (worker === self ? Infinity : rank(worker))

  function take(offer: SignedOffer): void {
    const { model, worker } = checkOffer(offer, { network, now: now() })
    // [ignore] An offer for a model, or the models of a base, that the chain does not know, or this node not yet.
    if (!known(model)) throw new NotFoundError('model.unknown', 'the offer is for a model that is not registered')
    const offers = board.get(model) ?? new Map<Address, SignedOffer>()
    // [ignore] An offer that was overtaken by a later one of the same worker.
    if (!supersedes(offer.message, offers.get(worker)?.message))
      throw new TilthError('offer.old', 'a later offer is known', { consequence: 'ignore' })
    if (!offers.has(worker) && offers.size >= offersPerModel && standing(offers).length >= offersPerModel) {
      const worse = [...offers.keys()].find(other => other !== self && rank(other) < rankOf(worker))
      // [ignore] More workers for one model than a client would look at.
      if (worse === undefined)
        throw new TilthError('offer.many', 'enough workers offer this model', { consequence: 'ignore' })
      offers.delete(worse)
    }
    const fresh = !offers.has(worker)
    board.set(model, offers.set(worker, offer))
    if (fresh) events.emit('models.offered', { model, worker })
  }

  async function quote(worker: Address, model: Hex, signal: AbortSignal): Promise<void> {
    const stream = await streams.open(worker, '/tilth/models/infer/1', { signal })
    try {
      await stream.send({ kind: 'quote', model })
      const frame = await stream.next(workerFrame, { signal })
      if (frame?.kind !== 'offer')
        throw new InvalidError('frame.unexpected', 'the worker answered something else than an offer')
      if (frame.offer.message.worker !== worker || frame.offer.message.model !== model)
        throw new InvalidError('offer.other', "the worker answered with another's offer")
      await stream.end()
      try {
        take(frame.offer)
      } catch (error) {
        // It is the one that is known, or the board is full: the worker has answered all the same.
        if (!(error instanceof TilthError && (error.code === 'offer.old' || error.code === 'offer.many'))) throw error
      }
    } catch (error) {
      await stream.fail(error)
      throw error
    }
  }

  return {
    take,
    quote,
    withdraw(model, worker) {
      board.get(model)?.delete(worker)
    },
    list(model) {
      if (model !== undefined) return standing(board.get(model) ?? new Map())
      return [...board.values()].flatMap(standing)
    }
  }
}

/** The same as gossip and the DHT bring them. */
export function createOfferBoard(
  parts: Pick<Parts, 'network' | 'gossip' | 'files' | 'streams' | 'events' | 'self' | 'log' | 'now'>,
  known: (model: Hex) => boolean,
  rank: (worker: Address) => number
): OfferBoard {
  const { gossip, files, self, log } = parts
  const offers = createOffers(parts, known, rank)
  let off: (() => void) | undefined

  return {
    ...offers,
    start() {
      off = gossip.subscribe('tilth/models/1', modelsMessage, ({ offer }) => {
        offers.take(offer)
      })
    },
    stop() {
      off?.()
    },
    async find(model, signal) {
      const asked: Promise<void>[] = []
      const before = new Set<Address>([self])
      // Who serves every model over a base says that it has the base, and fetches an adapter when it is asked for.
      for (const cid of model.adapter === null ? [model.base] : [model.adapter, model.base]) {
        try {
          for await (const peer of files.findProviders(cid, { signal, limit: 8 })) {
            if (before.has(peer.address)) continue
            before.add(peer.address)
            // Providers that do not serve it say so, or are gone: the next one may.
            asked.push(
              offers.quote(peer.address, model.id, signal).catch((error: unknown) => {
                log.debug('a provider gave no offer', { worker: peer.address, error })
              })
            )
          }
        } catch (error) {
          if (!signal.aborted) log.debug('the DHT gave no providers', { model: model.id, error })
        }
      }
      await Promise.all(asked)
    }
  }
}
