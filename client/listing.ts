import { everyModelOver, isAgent, mostModelName, rankOffers } from '../protocol/models/index.ts'
import type { ModelRecord } from '../protocol/models/index.ts'
import type { Hex } from '../protocol/primitives/index.ts'
import { defaultMaxTokens } from '../node/models/client/ask.ts'
import type { Acquaintance } from '../node/models/client/workers.ts'
import type { SignedOffer } from '../node/models/offers.ts'
import type { Market } from './market.ts'
import type { Offer, OffersQuery } from './types.ts'

/** Ids that one question for offers names (`offersQuestion`). */
const mostNamed = 32
const need = { inputTokens: 128, outputTokens: defaultMaxTokens }

/** @param all it is for every model over its base, this one among them */
function viewOf({ message }: SignedOffer, model: ModelRecord, all: boolean): Offer {
  const { worker, inputPrice, outputPrice, capacity, tokensPerSecond, expires, region, weights } = message
  return {
    model: model.id,
    name: model.name,
    datanet: model.datanet,
    builder: model.builder,
    licence: model.licence,
    worker,
    inputPrice,
    outputPrice,
    capacity,
    tokensPerSecond,
    expires: Number(expires),
    region: region === '' ? undefined : region,
    weights: weights === '' ? undefined : weights,
    all
  }
}

type Parts = { readonly market: Market; readonly acquaintance: Pick<Acquaintance, 'of'> }
type Wanted = Omit<OffersQuery, 'signal'>

/** What stands now, each model with the offers that are for it: by its own name, or by that of all over its base. */
export async function* listing(
  { market, acquaintance }: Parts,
  { model: id, name: called, datanet }: Wanted,
  signal: AbortSignal
): AsyncGenerator<Offer> {
  const name = called === '' ? undefined : called
  // [ignore] No model is called that: nobody need be asked.
  if (name !== undefined && name.length > mostModelName) return
  const ofDatanet = datanet === undefined ? {} : { datanet }
  const wanted = id === undefined ? undefined : await market.model(id)
  if (id !== undefined && wanted === undefined) return
  const told =
    wanted === undefined
      ? await market.over({ ...(name === undefined ? {} : { name }), ...ofDatanet }, signal)
      : [wanted]
  // What is offered of an agent is its fee alone.
  const isOfIt = (one: ModelRecord): boolean => !isAgent(one) && (datanet ?? one.datanet) === one.datanet
  const models = told.filter(isOfIt)
  const over = new Map<Hex, ModelRecord[]>()
  for (const model of models) {
    const base = everyModelOver(model.base)
    over.set(base, [...(over.get(base) ?? []), model])
  }

  const found: SignedOffer[] = []
  const isNamed = id !== undefined || name !== undefined
  const names = [...over.keys()].slice(0, isNamed ? mostNamed / 2 : mostNamed)
  const ids = isNamed ? models.map(model => model.id).slice(0, mostNamed - names.length) : []
  if (!isNamed) for await (const offer of market.look(ofDatanet, signal)) found.push(offer)
  if (names.length + ids.length > 0)
    for await (const offer of market.look({ models: [...ids, ...names] }, signal)) found.push(offer)

  // What a worker says of one model stands before what it says of all over that one's base.
  const own = new Set(found.map(({ message }) => `${message.worker}/${message.model}`))
  for (const offer of rankOffers(found, need, acquaintance.of, 'price')) {
    const { worker, model: of } = offer.message
    const every = over.get(of)
    if (every !== undefined) {
      for (const model of every) if (!own.has(`${worker}/${model.id}`)) yield viewOf(offer, model, true)
      continue
    }
    const model = await market.model(of)
    if (model === undefined || !isOfIt(model)) continue
    yield viewOf(offer, model, false)
  }
}
