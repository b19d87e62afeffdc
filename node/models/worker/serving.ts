import { signStatement } from '../../../protocol/crypto/index.ts'
import { isAgent, longestOfferSeconds } from '../../../protocol/models/index.ts'
import type { ModelRecord, ModelsMessage } from '../../../protocol/models/index.ts'
import { InvalidError, LimitError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { retry } from '../../runtime/index.ts'
import type { Answerer } from '../../engine/backend/types.ts'
import type { Manifests } from '../agents/manifests.ts'
import { tollAnswerer, tollPrices, tollSpeech } from '../agents/toll.ts'
import type { Parts } from '../deps.ts'
import type { Folders } from '../folders.ts'
import type { OfferBoard, SignedOffer } from '../offers.ts'
import type { Tables } from '../records.ts'
import type { Catalogue } from '../catalogue.ts'
import type { Speech } from '../speech.ts'
import type { Slots } from './slots.ts'

/** A model that is open in the engine and offered. */
export interface Served {
  readonly model: ModelRecord
  readonly base: string
  readonly adapter: string | undefined
  readonly speech: Speech
  /** The node's own engine, or a server of its owner's. */
  readonly answerer: Answerer
  readonly inputPrice: bigint
  readonly outputPrice: bigint
  /** Moving average over answers. */
  speed: number
  offer: SignedOffer
}

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
  get(model: Hex): Served | undefined
  /**
   * @throws LimitError `worker.busy` while what was served before a restart is opened again · NotFoundError
   * `offer.none`
   */
  demand(model: Hex): Served
  /** Holds the model's folders for an answer, also when it is offered no more. @returns that the answer is over */
  use(model: Hex): () => void
  /** What is offered now. */
  served(): readonly Served[]
  /** Whether an offer is one that this worker made and that still stands: its signature need not be looked at. */
  own(offer: SignedOffer): boolean
  /** After an answer: how fast it was. */
  measured(model: Hex, tokens: number, ms: number): void
}

/** Tokens generated to measure a model's speed before its first offer. */
const trialTokens = 16

export function createServing(
  parts: Parts,
  tables: Tables,
  catalogue: Catalogue,
  folders: Folders,
  board: OfferBoard,
  slots: Slots,
  manifests: Manifests
): Serving {
  const { key, self, network, policy, timing, clock, log, gossip, files, peers, engine, speech: speechOf, now } = parts
  const served = new Map<Hex, Served>()
  /** Served before this start, and not open yet. */
  const coming = new Set<Hex>()
  let started = false
  /** Own offers that stand, by signature. */
  const made = new Map<Hex, SignedOffer>()
  /** Answers that were taken on and are not over. */
  const users = new Map<Hex, number>()
  const life = new AbortController()
  const offs: (() => void)[] = []

  function sign(entry: Pick<Served, 'model' | 'answerer' | 'inputPrice' | 'outputPrice' | 'speed'>): SignedOffer {
    const seconds = BigInt(Math.max(1, Math.round(timing.offerMs / 1000)))
    const issuedAt = now()
    for (const [signature, { message }] of made) if (message.expires <= issuedAt) made.delete(signature)
    const offer = signStatement(
      network,
      'Offer',
      {
        model: entry.model.id,
        worker: self,
        inputPrice: entry.inputPrice,
        outputPrice: entry.outputPrice,
        capacity: slots.free,
        tokensPerSecond: Math.max(1, Math.round(entry.speed)),
        issuedAt,
        expires: issuedAt + (seconds < longestOfferSeconds ? seconds : longestOfferSeconds),
        region: policy.region,
        weights: entry.answerer.weights ?? ''
      },
      key
    )
    made.set(offer.signature, offer)
    return offer
  }

  async function announce(entry: Served): Promise<void> {
    // What was offered runs out.
    if (parts.availability?.away() !== undefined || entry.answerer.away() !== undefined) return
    entry.offer = sign(entry)
    try {
      board.take(entry.offer)
    } catch (error) {
      log.debug('the own offer is not new', { error })
    }
    await gossip.publish('tilth/models/1', { kind: 'offer', offer: entry.offer } satisfies ModelsMessage)
  }

  /** Tokens a second of a short greedy answer. */
  async function trial(answerer: Answerer, base: string, adapter: string | undefined): Promise<number> {
    const started = clock.now()
    const generation = answerer.generate({
      model: base,
      ...(adapter === undefined ? {} : { adapter }),
      messages: [{ role: 'user', content: 'Hello' }],
      settings: { maxTokens: trialTokens, temperature: 0, seed: 0 }
    })
    const { ids } = await generation.result
    return ids.length / Math.max(0.001, (clock.now() - started) / 1000)
  }

  /** What answers for a model: a server that its owner has named for the base, else the node's own engine. */
  async function answererOf(model: ModelRecord, base: string, adapter: string | undefined): Promise<Answerer> {
    if (parts.backends?.has(model.base) !== true) {
      const { served } = await engine.open(base)
      return {
        name: 'engine',
        ...(served === undefined ? {} : { weights: served }),
        away: () => undefined,
        generate: job => engine.generate(job),
        close: () => undefined
      }
    }
    return parts.backends.open(
      {
        base: { cid: model.base, folder: base },
        ...(model.adapter === null || adapter === undefined ? {} : { adapter: { cid: model.adapter, folder: adapter } })
      },
      life.signal
    )
  }

  function provide(model: ModelRecord): void {
    files.provide(model.adapter ?? model.base, { signal: life.signal }).catch((error: unknown) => {
      if (!life.signal.aborted) log.warn('the model is not announced in the DHT', { model: model.id, error })
    })
  }

  /** An agent's fee is taken at its builder's price; its steps are asked by whoever asks it. */
  async function serveAgent(model: ModelRecord): Promise<SignedOffer> {
    const manifest = await manifests.of(model, life.signal)
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
    const entry: Served = { ...facts, offer: sign(facts) }
    await tables.serving.put(model.id, prices)
    await tables.unserved.delete(model.id)
    served.set(model.id, entry)
    await announce(entry)
    provide(model)
    return entry.offer
  }

  const serving: Serving = {
    async start() {
      const renew = async (): Promise<void> => {
        for (const entry of served.values()) await announce(entry)
      }
      offs.push(
        clock.every(timing.renewMs, renew, error => {
          log.warn('offers could not be renewed', { error })
        }),
        // A peer that has just come should not wait for the next renewal.
        peers.on('connect', () => {
          void clock
            .sleep(500, life.signal)
            .then(renew)
            .catch((error: unknown) => {
              if (!life.signal.aborted) log.debug('offers could not be sent to a new peer', { error })
            })
        })
      )
      const heard = parts.availability?.onChange(away => {
        if (away !== undefined) for (const { model } of served.values()) board.withdraw(model.id, self)
        else
          renew().catch((error: unknown) => {
            log.warn('offers could not be renewed', { error })
          })
      })
      if (heard !== undefined) offs.push(heard)
      for await (const [model, prices] of tables.serving.entries()) {
        const again = retry(() => serving.serve({ model: model as Hex, ...prices }), {
          // A server of the owner's may be started long after this node.
          attempts: parts.backends?.has(catalogue.get(model as Hex)?.record.base ?? '') === true ? Infinity : 10,
          baseMs: 1_000,
          maxMs: 60_000,
          signal: life.signal,
          clock
        })
        coming.add(model as Hex)
        again
          .catch((error: unknown) => {
            if (!life.signal.aborted) log.error('a model could not be served again', { model, error })
          })
          .finally(() => coming.delete(model as Hex))
      }
      started = true
    },
    stop() {
      life.abort(new NotFoundError('models.stopped', 'the node is stopping'))
      for (const off of offs) off()
    },
    async serve({ model: id, inputPrice = policy.inputPrice, outputPrice = policy.outputPrice }) {
      if (!parts.roles.worker)
        throw new InvalidError('models.not-worker', 'this node does not serve models', {
          help: 'Start it with the worker role.'
        })
      const model = catalogue.get(id)?.record
      if (model === undefined)
        throw new NotFoundError('model.unknown', `no model ${id} is registered`, { help: 'See the list of models.' })
      const known = served.get(id)
      if (isAgent(model)) return serveAgent(model)
      const { base, adapter } = known ?? (await folders.fetch(model, life.signal))
      const speech = known?.speech ?? speechOf(base)
      if (speech === undefined)
        throw new InvalidError('model.tokenizer', 'the base model has no tokenizer.json: prompts could not be counted')
      const answerer = known?.answerer ?? (await answererOf(model, base, adapter))
      let entry: Served
      try {
        const speed = known?.speed ?? (await trial(answerer, base, adapter))
        const offer = sign({ model, answerer, inputPrice, outputPrice, speed })
        await tables.serving.put(id, { inputPrice, outputPrice })
        await tables.unserved.delete(id)
        entry = { model, base, adapter, speech, answerer, inputPrice, outputPrice, speed, offer }
      } catch (error) {
        if (known === undefined) answerer.close()
        throw error
      }
      // Whoever asked for the same meanwhile has opened it as well: the later one answers.
      const other = served.get(id)?.answerer
      if (other !== answerer) other?.close()
      served.set(id, entry)
      await announce(entry)
      provide(model)
      return entry.offer
    },
    async withdraw(model) {
      served.get(model)?.answerer.close()
      served.delete(model)
      // Answers under way are finished.
      if (!users.has(model)) folders.drop(model)
      parts.events.emit('models.withdrawn', { model, worker: self })
      board.withdraw(model, self)
      await tables.unserved.put(model, true)
      await tables.serving.delete(model)
    },
    get: model => served.get(model),
    demand(model) {
      const entry = served.get(model)
      if (entry !== undefined) return entry
      // Its offer stands with others since before: they come back to it.
      if (!started || coming.has(model))
        throw new LimitError('worker.busy', 'the model is being opened', { consequence: 'retry' })
      throw new NotFoundError('offer.none', 'the model is not served here')
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
          if (!served.has(model)) folders.drop(model)
        }
      }
    },
    served: () => [...served.values()],
    own({ signature, message }) {
      const offer = made.get(signature)?.message
      if (offer === undefined || offer.expires <= now()) return false
      return (Object.keys(offer) as (keyof typeof offer)[]).every(field => offer[field] === message[field])
    },
    measured(model, tokens, ms) {
      const entry = served.get(model)
      if (entry === undefined || tokens < 4 || ms <= 0) return
      entry.speed = 0.8 * entry.speed + (0.2 * (tokens * 1000)) / ms
    }
  }
  return serving
}
