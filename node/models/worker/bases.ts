import { everyModelOver, isAgent } from '../../../protocol/models/index.ts'
import type { ModelRecord } from '../../../protocol/models/index.ts'
import { LimitError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Answerer } from '../../engine/backend/types.ts'
import { createCache } from '../../runtime/index.ts'
import type { Queue } from '../../runtime/index.ts'
import type { Parts } from '../deps.ts'
import type { Folders } from '../folders.ts'
import type { SignedOffer } from '../offers.ts'
import type { Tables } from '../records.ts'
import type { WholeBase } from '../types.ts'
import type { Announced, Announcing, Terms } from './announcing.ts'
import { createBrought } from './brought.ts'
import type { Brought } from './brought.ts'
import type { Opening } from './opening.ts'
import type { Served } from './served.ts'
import { createWishes } from './wishes.ts'

/** Bases that are offered whole. */
export const mostBases = 16
/** Offers of models that are not here, each signed once for as long as it is renewed. */
const mostQuoted = 1_024

interface Prices {
  readonly inputPrice: bigint
  readonly outputPrice: bigint
}

/** A base of which every model is offered. */
interface Base extends Prices {
  readonly cid: string
  /** The base alone, which stays open. */
  readonly model: Pick<ModelRecord, 'id' | 'base' | 'adapter'>
  readonly answerer: Answerer
  speed: number
  offer: SignedOffer | undefined
}

export interface Bases extends Iterable<Announced> {
  /** Offers every model over the base of this one. @throws LimitError `offer.bases` · as shelf.take */
  offer(model: ModelRecord, prices: Prices): Promise<SignedOffer>
  /** The same at the prices that stand by then; undefined where its owner has withdrawn it. */
  offerAgain(model: ModelRecord): Promise<SignedOffer | undefined>
  /** @returns whether it was offered */
  withdraw(base: string): Promise<boolean>
  has(base: string): boolean
  list(): readonly WholeBase[]
  /**
   * A model over one of these bases, brought here and opened where it is not: what was not asked for costs nothing.
   * Undefined where its base is not offered, or its owner withdrew it.
   * @throws LimitError `worker.busy` while it is on its way · NotFoundError `offer.none` where it could not be had a
   * while ago · as shelf.take
   */
  open(model: ModelRecord, client: Address): Promise<Served | undefined>
  /** What a model over one of these bases is offered for, without bringing it. */
  quote(model: ModelRecord): Promise<SignedOffer | undefined>
  /** One that is open. */
  get(model: Hex): Served | undefined
  /** Whether it is open or on its way, and still offered. */
  holds(model: Hex): boolean
  /** An answer of an open model came at so many tokens a second. */
  measured(model: Hex, speed: number): void
  /** It is somebody else's from now on, with all that it holds. */
  handOver(model: Hex): void
  /** Closes what is open. */
  close(model: Hex): void
  /** As Brought's. */
  giveBack: Brought['giveBack']
  closeIdle: Brought['closeIdle']
}

interface BasesParts {
  readonly folders: Folders
  readonly announcing: Announcing
  readonly opening: Opening
  readonly turns: Queue
}

/**
 * @param turns one after another what opens a model, or hands it over
 * @param inUse whether answers of a model are under way
 * @param alone a model that its owner offers by itself
 */
export function createBases(
  parts: Parts,
  tables: Pick<Tables, 'servingBases' | 'unserved'>,
  { folders, announcing, opening, turns }: BasesParts,
  { inUse, alone }: { inUse: (model: Hex) => boolean; alone: (model: Hex) => Served | undefined },
  life: AbortSignal
): Bases {
  const { timing, files, log, clock, now } = parts
  const offered = new Map<string, Base>()
  const wishes = createWishes<string>(life)
  const quoted = createCache<Hex, SignedOffer>({ max: mostQuoted, forMs: timing.renewMs, clock })
  const brought = createBrought(parts, { folders, announcing, opening, turns, inUse, alone, termsOf: termsFor, life })

  /** What is held of the base itself goes by a name of its own, beside that of any model. */
  const baseAlone = (record: ModelRecord): ModelRecord => ({
    ...record,
    id: everyModelOver(record.base),
    adapter: null
  })
  const termsOf = ({ cid, answerer, inputPrice, outputPrice, speed }: Base): Terms => ({
    model: everyModelOver(cid),
    answerer,
    inputPrice,
    outputPrice,
    speed
  })
  async function termsFor(model: ModelRecord): Promise<Terms | undefined> {
    if (isAgent(model) || (await tables.unserved.has(model.id))) return undefined
    const base = offered.get(model.base)
    return base && { ...termsOf(base), model: model.id }
  }

  const inTurn = <T>(cid: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    wishes.run(cid, signal => turns.run(cid, () => work(signal)))

  async function offer(
    record: ModelRecord,
    { inputPrice, outputPrice }: Prices,
    signal: AbortSignal
  ): Promise<SignedOffer> {
    const known = offered.get(record.base)
    if (known === undefined && offered.size >= mostBases)
      throw new LimitError('offer.bases', `every model over ${mostBases} bases is offered, and no more are`, {
        help: 'Withdraw one of them.'
      })
    const model = baseAlone(record)
    const places = await folders.fetch(model, signal)
    let answerer = known?.answerer
    let base: Base
    try {
      opening.speech(places.base)
      answerer ??= await opening.answerer(model, places, signal)
      const speed = known?.speed ?? (await opening.trial(answerer, places))
      base = { cid: record.base, model, answerer, inputPrice, outputPrice, speed, offer: undefined }
      base.offer = announcing.sign(termsOf(base))
      signal.throwIfAborted()
      await tables.servingBases.put(record.base, { inputPrice, outputPrice })
    } catch (error) {
      if (known === undefined) {
        answerer?.close()
        folders.drop(model.id)
      }
      throw error
    }
    offered.set(record.base, base)
    quoted.clear()
    // Those that are open were offered at the prices before; whoever comes next hears the new ones.
    for (const [id, entry] of brought.all())
      if (entry.model.base === record.base)
        brought.renew(id, {
          ...entry,
          inputPrice,
          outputPrice,
          offer: announcing.sign({ ...termsOf(base), model: id })
        })
    files.provide(record.base, { signal: life }).catch((error: unknown) => {
      if (!life.aborted) log.warn('the base is not announced in the DHT', { base: record.base, error })
    })
    return base.offer
  }

  return {
    *[Symbol.iterator]() {
      for (const base of offered.values())
        yield {
          terms: () => termsOf(base),
          answerer: base.answerer,
          took(offer: SignedOffer) {
            base.offer = offer
          }
        }
    },
    offer: (record, prices) => inTurn(record.base, signal => offer(record, prices, signal)),
    offerAgain: record =>
      inTurn(record.base, async signal => {
        const prices = await tables.servingBases.get(record.base)
        return prices && offer(record, prices, signal)
      }),
    async withdraw(cid) {
      const breakOff = wishes.until(cid)
      const over = turns.run(cid, async () => {
        await tables.servingBases.delete(cid)
        const base = offered.get(cid)
        if (base === undefined) return false
        offered.delete(cid)
        quoted.clear()
        for (const [id, { model }] of brought.all()) if (model.base === cid && !inUse(id)) brought.close(id)
        base.answerer.close()
        folders.drop(base.model.id)
        return true
      })
      // Known before its turn: what is opened now may take long, and the node may be killed meanwhile.
      const [, wasOffered] = await Promise.all([tables.servingBases.delete(cid).then(breakOff), over])
      return wasOffered
    },
    has: base => offered.has(base),
    list: () =>
      [...offered.values()].map(({ cid, inputPrice, outputPrice, speed }) => ({
        base: cid,
        inputPrice,
        outputPrice,
        speed
      })),
    async open(model, client) {
      if ((await termsFor(model)) === undefined) return undefined
      const entry = await brought.open(model, client)
      if (entry.offer.message.issuedAt + BigInt(Math.ceil(timing.renewMs / 1000)) <= now())
        entry.offer = announcing.sign({ ...entry, model: model.id })
      return entry
    },
    async quote(model) {
      const terms = await termsFor(model)
      if (terms === undefined || brought.hasFailed(model.id)) return undefined
      if (offered.get(model.base)?.answerer.away() !== undefined) return undefined
      const known = quoted.get(model.id)
      if (known !== undefined) return known
      const offer = announcing.sign(terms)
      quoted.set(model.id, offer)
      return offer
    },
    get: model => brought.get(model),
    holds: model => brought.isComing(model) || offered.has(brought.get(model)?.model.base ?? ''),
    measured(model, speed) {
      const entry = brought.get(model)
      const base = offered.get(entry?.model.base ?? '')
      for (const one of [entry, base]) if (one !== undefined) one.speed = 0.8 * one.speed + 0.2 * speed
    },
    handOver: brought.handOver,
    close: brought.close,
    giveBack: brought.giveBack,
    closeIdle: brought.closeIdle
  }
}
