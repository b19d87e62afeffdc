import { mostToldAddresses, mostToldOffers, offersPerFrame, offersQuestion } from '../../protocol/models/index.ts'
import type { OffersQuestion, ToldOffer } from '../../protocol/models/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { isForPages, isPlainTcp } from '../../protocol/wire/pages.ts'
import { createCache } from '../runtime/index.ts'
import { parseMultiaddr } from '../transport/addresses.ts'
import { isPublic } from '../transport/public.ts'
import type { MessageStream, Peers } from '../transport/types.ts'
import type { Parts } from './deps.ts'
import { inTurn } from './in-turn.ts'
import type { OfferBoard, SignedOffer } from './offers.ts'

/** What was gone through once stands so long for whoever asks next. */
const sameMs = 1_000
/** Offers of one model that are looked at, its cheapest; workers whose addresses are remembered. */
const offersPerModel = 64
const mostWorkers = 2_048

/** Where a worker is: for pages, and by plain TCP for programs. */
interface Place {
  readonly peerId: string
  readonly pages: readonly string[]
  readonly plain: readonly string[]
}

const isOpen = (text: string): boolean => {
  const address = parseMultiaddr(text)
  return address !== undefined && isPublic(address)
}
/** Those that everybody can use first: a worker may have many of its own network. */
const openFirst = (all: readonly string[]): string[] => [...all.filter(isOpen), ...all.filter(text => !isOpen(text))]

const price = ({ message }: SignedOffer): bigint => message.outputPrice + message.inputPrice

function byModel(offers: readonly SignedOffer[]): Map<Hex, SignedOffer[]> {
  const lists = new Map<Hex, SignedOffer[]>()
  for (const offer of offers) {
    const list = lists.get(offer.message.model)
    if (list === undefined) lists.set(offer.message.model, [offer])
    else list.push(offer)
  }
  for (const [model, list] of lists) {
    list.sort((a, b) => (price(a) < price(b) ? -1 : 1))
    lists.set(model, list.slice(0, offersPerModel))
  }
  return lists
}

/**
 * Tells light peers which offers stand, as this node has heard them, and where their workers are.
 * @param datanetOf a registered model's Datanet
 */
export function createTelling(
  peers: Pick<Peers, 'known'>,
  board: Pick<OfferBoard, 'list'>,
  datanetOf: (model: Hex) => Hex | undefined,
  { clock, now, events }: Pick<Parts, 'clock' | 'now' | 'events'>
): (stream: MessageStream) => Promise<void> {
  const places = createCache<Address, Place>({ max: mostWorkers, forMs: sameMs, clock })
  let ordered: { readonly lists: Map<Hex, SignedOffer[]>; readonly until: number } | undefined

  events.on('models.offered', () => {
    ordered = undefined // a worker that is new is told of at once
  })

  function standing(): Map<Hex, SignedOffer[]> {
    if (ordered !== undefined && ordered.until > clock.now()) return ordered.lists
    const lists = byModel(board.list())
    // Where there is none, looking again costs nothing, and the first is told at once.
    ordered = lists.size === 0 ? undefined : { lists, until: clock.now() + sameMs }
    return lists
  }
  function asked({ models, datanet }: OffersQuestion): SignedOffer[][] {
    const lists = standing()
    return [...(models === undefined ? lists.keys() : new Set(models))]
      .filter(model => datanet === undefined || datanetOf(model) === datanet)
      .map(model => lists.get(model) ?? byModel(board.list(model)).get(model) ?? [])
  }

  async function placeOf(worker: Address): Promise<Place | undefined> {
    const peer = await peers.known(worker)
    if (peer === undefined) return undefined
    const short = peer.addresses.filter(address => address.length <= 400)
    return { peerId: peer.peerId, pages: short.filter(isForPages), plain: short.filter(isPlainTcp) }
  }
  /** Undefined for a worker that its asker could not reach. */
  async function told(offer: SignedOffer, { tcp }: OffersQuestion): Promise<ToldOffer | undefined> {
    const { worker, expires } = offer.message
    if (expires <= now()) return undefined
    const known = places.get(worker)
    const place = known ?? (await placeOf(worker))
    if (place === undefined) return undefined
    if (known === undefined) places.set(worker, place)
    const { peerId, pages, plain } = place
    // Who dials plain TCP may dial nothing else, or not for nothing: a worker may have many that pages can use.
    const addresses = openFirst(tcp === true ? [...plain, ...pages] : pages).slice(0, mostToldAddresses)
    return addresses.length === 0 ? undefined : { offer, peerId, addresses }
  }

  return async stream => {
    const question = await stream.next(offersQuestion)
    if (question === undefined) return
    let left = mostToldOffers
    let offers: ToldOffer[] = []
    // Those that nobody can reach are passed over, and not looked for without end.
    let looked = 0
    // One offer of each model in turn, each model's cheapest first: a crowd of offers for one hides no other.
    for (const offer of inTurn(asked(question), offersPerModel)) {
      if (++looked > 4 * mostToldOffers) break
      const one = await told(offer, question)
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
