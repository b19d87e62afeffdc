import { mostToldAddresses, mostToldOffers, offersPerFrame, offersQuestion } from '../../protocol/models/index.ts'
import type { OffersQuestion, ToldOffer } from '../../protocol/models/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { MessageStream, Peers } from '../transport/types.ts'
import type { OfferBoard, SignedOffer } from './offers.ts'

/** What pages can dial: WebSocket and WebRTC, to a worker or to the relay before it. */
const dialled = /\/(?:wss?|webrtc-direct)(?:\/|$)/

/** One offer of each model in turn, each model's cheapest first: a crowd of offers for one hides no other. */
function inTurn(offers: readonly SignedOffer[]): SignedOffer[] {
  const byModel = new Map<Hex, SignedOffer[]>()
  const price = ({ message }: SignedOffer): bigint => message.outputPrice + message.inputPrice
  for (const offer of [...offers].sort((a, b) => (price(a) < price(b) ? -1 : 1)))
    byModel.set(offer.message.model, [...(byModel.get(offer.message.model) ?? []), offer])
  const lists = [...byModel.values()]
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  return Array.from({ length: longest }, (_, i) => lists.flatMap(list => list[i] ?? [])).flat()
}

/**
 * Tells light peers which offers stand, as this node has heard them, and where their workers are.
 * @param datanetOf a registered model's Datanet
 */
export function createTelling(
  peers: Pick<Peers, 'known'>,
  board: Pick<OfferBoard, 'list'>,
  datanetOf: (model: Hex) => Hex | undefined
): (stream: MessageStream) => Promise<void> {
  const asked = ({ models, datanet }: OffersQuestion): SignedOffer[] =>
    (models?.flatMap(model => board.list(model)) ?? board.list()).filter(
      ({ message }) => datanet === undefined || datanetOf(message.model) === datanet
    )

  /** Undefined for a worker that a page could not reach. */
  async function told(offer: SignedOffer): Promise<ToldOffer | undefined> {
    const peer = await peers.known(offer.message.worker)
    const addresses = peer?.addresses.filter(address => address.length <= 400 && dialled.test(address)) ?? []
    if (peer === undefined || addresses.length === 0) return undefined
    return { offer, peerId: peer.peerId, addresses: addresses.slice(0, mostToldAddresses) }
  }

  return async stream => {
    const question = await stream.next(offersQuestion)
    if (question === undefined) return
    let left = mostToldOffers
    let offers: ToldOffer[] = []
    // Those that nobody can reach are passed over, and not looked for without end.
    for (const offer of inTurn(asked(question)).slice(0, 4 * mostToldOffers)) {
      const one = await told(offer)
      if (one === undefined) continue
      offers.push(one)
      if (--left === 0) break
      if (offers.length < offersPerFrame) continue
      await stream.send({ offers })
      offers = []
    }
    await stream.send({ offers })
  }
}
