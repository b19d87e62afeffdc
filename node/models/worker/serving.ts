import { everyModelOver, isAgent } from '../../../protocol/models/index.ts'
import type { ModelRecord } from '../../../protocol/models/index.ts'
import { InvalidError, LimitError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createQueue, retry } from '../../runtime/index.ts'
import type { Manifests } from '../agents/manifests.ts'
import { tollAnswerer, tollPrices, tollSpeech } from '../agents/toll.ts'
import type { Parts } from '../deps.ts'
import type { Folders } from '../folders.ts'
import type { OfferBoard, SignedOffer } from '../offers.ts'
import type { Tables } from '../records.ts'
import type { Catalogue } from '../catalogue.ts'
import type { WholeBase } from '../types.ts'
import { createAnnouncing } from './announcing.ts'
import type { Announced } from './announcing.ts'
import { createBases } from './bases.ts'
import { createOpening } from './opening.ts'
import type { Served } from './served.ts'
import type { Slots } from './slots.ts'
import { createWishes } from './wishes.ts'

export interface Serving {
  /** Opens and offers again what was served before. */
  start(): Promise<void>
  stop(): void
  serve(request: {
    model: Hex
    inputPrice?: bigint | undefined
    outputPrice?: bigint | undefined
  }): Promise<SignedOffer>
  withdraw(model: Hex): Promise<void>
  /** Offers every model over this one's base, those that will be registered as well; each is brought when asked for. */
  serveAll(request: {
    model: Hex
    inputPrice?: bigint | undefined
    outputPrice?: bigint | undefined
  }): Promise<{ base: string; offer: SignedOffer }>
  withdrawAll(model: Hex): Promise<{ base: string; served: boolean }>
  /** Bases of which every model is offered. */
  bases(): readonly WholeBase[]
  /** What a model is offered for: one over an offered base as well, which is not brought for that. */
  quote(model: Hex): Promise<SignedOffer | undefined>
  /**
   * Whether it is served, or would be opened.
   * @throws NotFoundError `offer.none` · LimitError `worker.busy` while what was served before is opened again
   */
  requireOffered(model: Hex): Promise<void>
  /** What is open and offered by its name. */
  ready(model: Hex): Served | undefined
  /** What is served; a model over an offered base is opened. @throws as requireOffered, Bases.open */
  demand(model: Hex, client: Address): Promise<Served>
  /** Holds the model's folders for an answer, also when it is offered no more. @returns that the answer is over */
  use(model: Hex): () => void
  /** What is offered now. */
  served(): readonly Served[]
  /** Whether an offer is one that this worker made and that still stands: its signature need not be looked at. */
  own(offer: SignedOffer): boolean
  /** After an answer: how fast it was. */
  measured(model: Hex, tokens: number, ms: number): void
}

/** Models that are offered one by one: each is said anew every twenty seconds. */
const mostServed = 256
/** Models that are opened, or wait for it. */
const mostTurns = 1_024

const notServed = (): NotFoundError => new NotFoundError('offer.none', 'the model is not served here')

export function createServing(
  parts: Parts,
  tables: Tables,
  catalogue: Catalogue,
  folders: Folders,
  board: OfferBoard,
  slots: Slots,
  manifests: Manifests
): Serving {
  const { self, policy, timing, clock, log, files, peers } = parts
  const served = new Map<Hex, Served>()
  /** Served before this start, and not open yet: models, and bases. */
  const coming = new Set<Hex>()
  const comingBases = new Set<string>()
  let started = false
  const mustBeWorker = (): void => {
    if (!parts.roles.worker)
      throw new InvalidError('models.not-worker', 'this node does not serve models', {
        help: 'Start it with the worker role.'
      })
  }
  function registered(id: Hex): ModelRecord {
    const model = catalogue.get(id)?.record
    if (model === undefined)
      throw new NotFoundError('model.unknown', `no model ${id} is registered`, { help: 'See the list of models.' })
    return model
  }
  /** Answers that were taken on and are not over. */
  const users = new Map<Hex, number>()
  const life = new AbortController()
  const offs: (() => void)[] = []

  const announcing = createAnnouncing(parts, board, slots)
  const opening = createOpening(parts)
  const wishes = createWishes<Hex>(life.signal)
  const turns = createQueue({ name: 'opening', bound: mostTurns, concurrency: mostTurns })
  const bases = createBases(
    parts,
    tables,
    { folders, announcing, opening, turns },
    { inUse: model => users.has(model), alone: model => served.get(model) },
    life.signal
  )

  const announced = (entry: Served): Announced => ({
    terms: () => ({ ...entry, model: entry.model.id }),
    answerer: entry.answerer,
    took(offer) {
      entry.offer = offer
    }
  })
  const announce = (entry: Served): Promise<void> => announcing.announce(announced(entry))
  async function announceAll(): Promise<void> {
    for (const entry of served.values()) await announce(entry)
    for (const base of bases) await announcing.announce(base)
  }
  /** In its turn: what its owner says while it is opened comes after that. While it lasts nobody else closes it. */
  async function inTurn<T>(id: Hex, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const release = serving.use(id)
    try {
      return await wishes.run(id, signal => turns.run(id, () => work(signal)))
    } finally {
      release()
    }
  }
  const serveOne = (
    model: ModelRecord,
    prices: { inputPrice: bigint; outputPrice: bigint },
    signal: AbortSignal
  ): Promise<SignedOffer> => (isAgent(model) ? serveAgent(model, signal) : serveModel(model, prices, signal))
  /** As its owner wants it by now: it may have another price, or have been withdrawn while it was tried. */
  async function serveAgain(id: Hex): Promise<void> {
    mustBeWorker()
    const model = registered(id)
    await inTurn(id, async signal => {
      const prices = await tables.serving.get(id)
      if (prices !== undefined) await serveOne(model, prices, signal)
    })
  }
  /** Takes up again what was offered before this start. */
  const again = (model: Hex, offer: () => Promise<void>): Promise<void> =>
    retry(offer, {
      // A server of the owner's may be started long after this node.
      attempts: parts.backends?.has(catalogue.get(model)?.record.base ?? '') === true ? Infinity : 10,
      baseMs: 1_000,
      maxMs: 60_000,
      signal: life.signal,
      clock
    })

  function provide(model: ModelRecord): void {
    files.provide(model.adapter ?? model.base, { signal: life.signal }).catch((error: unknown) => {
      if (!life.signal.aborted) log.warn('the model is not announced in the DHT', { model: model.id, error })
    })
  }

  /** An agent's fee is taken at its builder's price; its steps are asked by whoever asks it. */
  async function serveAgent(model: ModelRecord, signal: AbortSignal): Promise<SignedOffer> {
    const manifest = await manifests.of(model, signal)
    manifests.modelsOf(manifest)
    const prices = tollPrices(manifest)
    const facts = {
      model,
      base: '',
      adapter: undefined,
      speech: tollSpeech,
      answerer: tollAnswerer,
      ...prices,
      speed: 1
    }
    const entry: Served = { ...facts, offer: announcing.sign({ ...facts, model: model.id }) }
    signal.throwIfAborted()
    await tables.serving.put(model.id, prices)
    await tables.unserved.delete(model.id)
    served.set(model.id, entry)
    await announce(entry)
    provide(model)
    return entry.offer
  }

  async function serveModel(
    model: ModelRecord,
    { inputPrice, outputPrice }: { inputPrice: bigint; outputPrice: bigint },
    signal: AbortSignal
  ): Promise<SignedOffer> {
    const { id } = model
    const known = served.get(id) ?? bases.get(id)
    const places = known ?? (await folders.fetch(model, signal))
    const { base, adapter } = places
    let answerer = known?.answerer
    let entry: Served
    try {
      const speech = known?.speech ?? opening.speech(base)
      answerer ??= await opening.answerer(model, places, signal)
      const speed = known?.speed ?? (await opening.trial(answerer, places))
      const offer = announcing.sign({ model: id, answerer, inputPrice, outputPrice, speed })
      signal.throwIfAborted()
      await tables.serving.put(id, { inputPrice, outputPrice })
      await tables.unserved.delete(id)
      entry = { model, base, adapter, speech, answerer, inputPrice, outputPrice, speed, offer }
    } catch (error) {
      if (known === undefined) {
        answerer?.close()
        folders.drop(id)
      }
      throw error
    }
    bases.handOver(id)
    served.set(id, entry)
    await announce(entry)
    provide(model)
    return entry.offer
  }

  async function announceBase(offer: SignedOffer): Promise<void> {
    for (const entry of bases) if (entry.terms().model === offer.message.model) await announcing.announce(entry)
  }
  async function serveBaseAgain(model: ModelRecord): Promise<void> {
    const offer = await bases.offerAgain(model)
    if (offer !== undefined) await announceBase(offer)
  }

  async function setWithdrawn(model: Hex): Promise<void> {
    await tables.unserved.put(model, true)
    await tables.serving.delete(model)
  }

  const serving: Serving = {
    async start() {
      offs.push(
        clock.every(timing.renewMs, announceAll, error => {
          log.warn('offers could not be renewed', { error })
        }),
        // A peer that has just come should not wait for the next renewal.
        peers.on('connect', () => {
          void clock
            .sleep(500, life.signal)
            .then(announceAll)
            .catch((error: unknown) => {
              if (!life.signal.aborted) log.debug('offers could not be sent to a new peer', { error })
            })
        })
      )
      const heard = parts.availability?.onChange(away => {
        if (away !== undefined) {
          for (const { model } of served.values()) board.withdraw(model.id, self)
          for (const { terms } of bases) board.withdraw(terms().model, self)
        } else
          announceAll().catch((error: unknown) => {
            log.warn('offers could not be renewed', { error })
          })
      })
      if (heard !== undefined) offs.push(heard)
      offs.push(
        parts.shelf.onNeed(() => bases.giveBack()),
        clock.every(timing.idleMs / 10, () => {
          bases.closeIdle()
        })
      )
      for await (const model of tables.serving.keys()) {
        coming.add(model as Hex)
        again(model as Hex, () => serveAgain(model as Hex))
          .catch((error: unknown) => {
            if (!life.signal.aborted && coming.has(model as Hex))
              log.error('a model could not be served again', { model, error })
          })
          .finally(() => coming.delete(model as Hex))
      }
      for await (const base of tables.servingBases.keys()) {
        const model = catalogue.list().find(({ record }) => record.base === base && !isAgent(record))?.record
        if (model === undefined) continue
        comingBases.add(base)
        again(model.id, () => serveBaseAgain(model))
          .catch((error: unknown) => {
            if (!life.signal.aborted && comingBases.has(base))
              log.error('the models over a base could not be served again', { base, error })
          })
          .finally(() => comingBases.delete(base))
      }
      started = true
    },
    stop() {
      life.abort(new NotFoundError('models.stopped', 'the node is stopping'))
      for (const off of offs) off()
    },
    async serve({ model: id, inputPrice = policy.inputPrice, outputPrice = policy.outputPrice }) {
      mustBeWorker()
      const model = registered(id)
      if (!isAgent(model) && !served.has(id) && served.size >= mostServed)
        throw new LimitError('offer.models', `${mostServed} models are offered one by one, and no more are`, {
          help: 'Offer every model over their base at once: `tilth serve MODEL --all`.'
        })
      return inTurn(id, signal => serveOne(model, { inputPrice, outputPrice }, signal))
    },
    async serveAll({ model: id, inputPrice = policy.inputPrice, outputPrice = policy.outputPrice }) {
      mustBeWorker()
      const model = registered(id)
      if (isAgent(model))
        throw new InvalidError('offer.agent', `${model.name} is an agent: there are no models over it`, {
          help: 'Offer it alone, or name one of its models.'
        })
      const offer = await bases.offer(model, { inputPrice, outputPrice })
      await announceBase(offer)
      // The one that is named is meant, whatever was withdrawn before.
      await tables.unserved.delete(id)
      return { base: model.base, offer }
    },
    async withdrawAll(id) {
      const { base } = registered(id)
      comingBases.delete(base)
      const wasServed = await bases.withdraw(base)
      board.withdraw(everyModelOver(base), self)
      return { base, served: wasServed }
    },
    bases: () => bases.list(),
    async withdraw(model) {
      coming.delete(model)
      const breakOff = wishes.until(model)
      const over = turns.run(model, async () => {
        served.get(model)?.answerer.close()
        served.delete(model)
        if (!users.has(model)) bases.close(model)
        // Answers under way are finished.
        if (!users.has(model)) folders.drop(model)
        parts.events.emit('models.withdrawn', { model, worker: self })
        board.withdraw(model, self)
        await setWithdrawn(model)
      })
      // Known before its turn: what is opened now may take long, and the node may be killed meanwhile.
      await Promise.all([setWithdrawn(model).then(breakOff), over])
    },
    async quote(id) {
      const entry = served.get(id)
      if (entry !== undefined) return entry.answerer.away() === undefined ? entry.offer : undefined
      const model = catalogue.get(id)?.record
      return model && (await bases.quote(model))
    },
    async requireOffered(id) {
      if (served.has(id) || (await serving.quote(id)) !== undefined) return
      // Its offer stands with others since before: they come back to it.
      if (!started || coming.has(id) || comingBases.has(catalogue.get(id)?.record.base ?? ''))
        throw new LimitError('worker.busy', 'the model is being opened', { consequence: 'retry' })
      throw notServed()
    },
    ready: id => served.get(id),
    async demand(id, client) {
      const model = catalogue.get(id)?.record
      const entry = served.get(id) ?? (model && (await bases.open(model, client)))
      if (entry !== undefined) return entry
      await serving.requireOffered(id)
      throw notServed() // withdrawn meanwhile
    },
    use(model) {
      users.set(model, (users.get(model) ?? 0) + 1)
      let over = false
      return () => {
        if (over) return
        over = true
        const left = (users.get(model) ?? 1) - 1
        if (left > 0) users.set(model, left)
        else {
          users.delete(model)
          if (served.has(model) || bases.holds(model)) return
          bases.close(model)
          folders.drop(model)
        }
      }
    },
    served: () => [...served.values()],
    own: offer => announcing.own(offer),
    measured(model, tokens, ms) {
      if (tokens < 4 || ms <= 0) return
      const speed = (tokens * 1000) / ms
      const entry = served.get(model)
      if (entry === undefined) bases.measured(model, speed)
      else entry.speed = 0.8 * entry.speed + 0.2 * speed
    }
  }
  return serving
}
