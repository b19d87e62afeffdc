import { modelId } from '../protocol/contracts/index.ts'
import { checkOffer, everyModelOver, mostToldOffers, offersAnswer, overAnswer } from '../protocol/models/index.ts'
import type { ModelRecord, OffersQuestion, OverQuestion, ToldOffer } from '../protocol/models/index.ts'
import { modelRecord } from '../protocol/models/index.ts'
import { TilthError, anySignal } from '../protocol/primitives/index.ts'
import { PeerError } from '../protocol/wire/index.ts'
import type { Hex } from '../protocol/primitives/index.ts'
import { createOffers } from '../node/models/offers.ts'
import type { Offers, SignedOffer } from '../node/models/offers.ts'
import type { AskingParts } from '../node/models/deps.ts'
import { recordOf } from '../node/models/record-of.ts'
import type { Acquaintance } from '../node/models/client/workers.ts'
import { createCache } from '../node/runtime/cache.ts'
import { unlessAborted } from '../node/runtime/signals.ts'
import { peerNamed } from '../node/transport/identity.ts'
import type { LightChain } from './chain.ts'
import type { LightPeer } from './peer/peer.ts'

/** Models remembered, and for how long it is believed that one is none or is retired. */
const mostModels = 2_048
const believedMs = 300_000
/** Peers that are asked at once for what they have heard, and how long they may take. */
const peersAsked = 4
const askMs = 10_000
/** Models that a look has the chain asked of; those peers share it, so that none uses up what others tell. */
const modelsRead = 64

interface Teller {
  readonly peerId: string
  left: number
}

export interface Market {
  readonly board: Pick<Offers, 'list' | 'quote'> & { find(model: ModelRecord, signal: AbortSignal): Promise<void> }
  /** @throws as the chain */
  model(id: Hex): Promise<ModelRecord | undefined>
  /** Asks the peers that are connected, and gives each offer that holds as it is found. */
  look(question: OffersQuestion, signal: AbortSignal): AsyncIterable<SignedOffer>
  /**
   * Models that somebody offers by their base alone, as the peers that are connected tell; each as the chain has it, so
   * that a name or a base is nobody's word. None where nobody tells.
   */
  over(question: OverQuestion, signal: AbortSignal): Promise<ModelRecord[]>
}

/**
 * What is offered, told by peers that nobody needs to trust: offers are signed by their workers, and a model's id is
 * the hash of its registration, which the chain has.
 */
export function createMarket(
  parts: Pick<AskingParts, 'network' | 'streams' | 'events' | 'self' | 'now' | 'clock' | 'log'>,
  { peer, chain, acquaintance }: { peer: LightPeer; chain: Pick<LightChain, 'models'>; acquaintance: Acquaintance }
): Market {
  const { clock, log, streams } = parts
  const models = createCache<Hex, Promise<ModelRecord | undefined>>({ max: mostModels, forMs: believedMs, clock })
  /** Those of the above that are registered, for whoever cannot wait. */
  const registered = createCache<Hex, true>({ max: mostModels, forMs: believedMs, clock })
  /** What offers for every model over their bases name. */
  const bases = createCache<Hex, true>({ max: mostModels, forMs: believedMs, clock })
  /** Peers that do not know that a program dials more than a page: each is asked so once. */
  const older = createCache<string, true>({ max: mostModels })

  async function read(id: Hex): Promise<ModelRecord | undefined> {
    const found = await chain.models.model(id)
    // [reject] A model is what its id is the hash of, whatever an RPC says.
    if (found === undefined || found.retired || modelId(found.builder, found) !== id) return undefined
    const record = modelRecord.safeParse(recordOf(found))
    if (!record.success) return undefined
    registered.set(id, true)
    bases.set(everyModelOver(record.data.base), true)
    return record.data
  }
  function model(id: Hex): Promise<ModelRecord | undefined> {
    const known = models.get(id)
    if (known !== undefined) return known
    const reading = read(id)
    models.set(id, reading)
    reading.catch(() => models.delete(id)) // the next one asks again; whoever waits is told
    return reading
  }
  const offers = createOffers(parts, id => registered.get(id) === true || bases.get(id) === true, acquaintance.rank)

  /** @param teller who may have the chain asked of so many models more @returns the offer, if it stands */
  async function take({ offer, peerId, addresses }: ToldOffer, teller: Teller): Promise<SignedOffer | undefined> {
    const { worker, model: id } = offer.message
    // [reject] A worker's PeerId is its own key's.
    if (peerNamed(peerId)?.address !== worker) return undefined
    const isBase = bases.get(id) === true
    if (!isBase && models.get(id) === undefined) {
      try {
        checkOffer(offer, { network: parts.network, now: parts.now() })
      } catch (error) {
        if (!(error instanceof TilthError)) throw error
        return undefined
      }
      // [ignore] Each costs a question to the chain: the next look has the room again.
      if (--teller.left < 0) return undefined
    }
    if (!isBase && (await model(id)) === undefined) return undefined
    try {
      offers.take(offer)
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      // One that is known is no news, and stands.
      if (error.code !== 'offer.old') return undefined
    }
    await peer.learn(peerId, addresses, teller.peerId)
    return offers.list(id).find(({ message }) => message.worker === worker)
  }

  /** With what this peer can dial; a peer of before is asked as pages ask. */
  async function* ask(teller: Teller, question: OffersQuestion, signal: AbortSignal): AsyncGenerator<SignedOffer> {
    if (!peer.dialsTcp || older.get(teller.peerId) === true) return yield* askAs(teller, question, signal)
    let gave = false
    try {
      for await (const offer of askAs(teller, { ...question, tcp: true }, signal)) {
        gave = true
        yield offer
      }
    } catch (error) {
      if (gave || signal.aborted || !(error instanceof PeerError && error.code === 'frame.schema')) throw error
      older.set(teller.peerId, true)
      yield* askAs(teller, question, signal)
    }
  }
  async function* askAs(teller: Teller, question: OffersQuestion, signal: AbortSignal): AsyncGenerator<SignedOffer> {
    const stream = await streams.open(teller.peerId, '/tilth/models/offers/1', { signal })
    try {
      await stream.send(question)
      let left = mostToldOffers
      for await (const frame of stream.receive(offersAnswer, { signal })) {
        // [reject] No more than an answer holds.
        if ((left -= frame.offers.length) < 0) return
        for (const told of await unlessAborted(Promise.all(frame.offers.map(one => take(one, teller))), signal))
          if (told !== undefined) yield told
      }
    } finally {
      await stream.end()
    }
  }

  async function askOver({ peerId }: Teller, question: OverQuestion, signal: AbortSignal): Promise<readonly Hex[]> {
    const stream = await streams.open(peerId, '/tilth/models/over/1', { signal })
    try {
      await stream.send(question)
      return (await stream.next(overAnswer, { signal }))?.models ?? []
    } finally {
      await stream.end()
    }
  }

  async function over(question: OverQuestion, outer: AbortSignal): Promise<ModelRecord[]> {
    await peer.join(outer)
    const signal = anySignal([outer, AbortSignal.timeout(askMs)])
    const asked = peer.connected().slice(0, peersAsked)
    const found = new Map<Hex, ModelRecord | undefined>() // in the order in which they were told
    async function add(id: Hex): Promise<void> {
      const record = await model(id)
      // [reject] What it is called, and what it was grown from, is what the chain says.
      if (record === undefined || (question.name ?? record.name) !== record.name) return
      if ((question.datanet ?? record.datanet) === record.datanet) found.set(id, record)
    }
    const noted = (id: Hex) => (error: unknown) => {
      log.debug('the chain does not say what a model is', { model: id, error })
    }
    const one = async (teller: Teller): Promise<void> => {
      const told = [...new Set(await askOver(teller, question, signal))]
      // [ignore] As in a look: what a peer names costs a question to the chain.
      const taken = told.filter(id => models.get(id) !== undefined || --teller.left >= 0)
      for (const id of taken) found.set(id, found.get(id))
      // At once, and as long as a peer may take: what the chain has not said by then is left out.
      await unlessAborted(Promise.all(taken.map(id => add(id).catch(noted(id)))), signal)
    }
    await Promise.all(
      asked.map(({ peerId }) =>
        one({ peerId, left: Math.floor(modelsRead / asked.length) }).catch((error: unknown) => {
          log.debug('a peer told no models over bases', { peer: peerId, error })
        })
      )
    )
    outer.throwIfAborted()
    return [...found.values()].flatMap(record => record ?? [])
  }

  async function* look(question: OffersQuestion, outer: AbortSignal): AsyncGenerator<SignedOffer> {
    await peer.join(outer)
    const signal = anySignal([outer, AbortSignal.timeout(askMs)])
    const seen = new Set<string>()
    const found: SignedOffer[] = []
    let wake = (): void => undefined
    let running = 0
    const asked = peer.connected().slice(0, peersAsked)
    for (const { peerId } of asked) {
      const teller = { peerId, left: Math.floor(modelsRead / asked.length) }
      running++
      const one = async (): Promise<void> => {
        for await (const offer of ask(teller, question, signal)) {
          const name = `${offer.message.worker}/${offer.message.model}`
          if (seen.has(name)) continue
          seen.add(name)
          found.push(offer)
          wake()
        }
      }
      one()
        .catch((error: unknown) => {
          log.debug('a peer told no offers', { peer: peerId, error })
        })
        .finally(() => {
          running--
          wake()
        })
    }
    for (;;) {
      for (let offer = found.shift(); offer !== undefined; offer = found.shift()) yield offer
      if (running === 0) break
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
    outer.throwIfAborted()
  }

  return {
    model,
    look,
    over,
    board: {
      list: offers.list,
      quote: offers.quote,
      async find({ id, base }, signal) {
        for await (const _ of look({ models: [id, everyModelOver(base)] }, signal)) continue
      }
    }
  }
}
