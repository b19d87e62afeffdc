import { everyModelOver } from '../../../protocol/models/index.ts'
import type { ModelRecord } from '../../../protocol/models/index.ts'
import { LimitError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Answerer } from '../../engine/backend/types.ts'
import type { Parts } from '../deps.ts'
import type { Folders } from '../folders.ts'
import type { SignedOffer } from '../offers.ts'
import type { Tables } from '../records.ts'
import type { WholeBase } from '../types.ts'
import type { Announced, Announcing, Terms } from './announcing.ts'
import type { Opening } from './opening.ts'
import type { Served } from './served.ts'

/** Models that are open at once because somebody asked for them; of more, those used longest ago are closed. */
const mostOpen = 256
/** Models that are being opened; whoever wants another one then comes back. */
const mostOpening = 128
/** What somebody else's model may take, in bytes: rank 64 on every projection of 8 billion parameters, in 16 bits. */
const maxAdapterBytes = 512 << 20
/** An adapter may take so long to come; whoever asks for it waits for less, and finds it when they come back. */
const fetchMs = 60_000
const patienceMs = 4_000
/** Bases that are offered whole. */
export const mostBases = 16

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
  /** @returns whether it was offered */
  withdraw(base: string): Promise<boolean>
  has(base: string): boolean
  list(): readonly WholeBase[]
  /**
   * A model over one of these bases, brought here and opened where it is not: what was not asked for costs nothing.
   * Undefined where its base is not offered, or its owner withdrew it.
   * @throws LimitError `worker.busy` while it is on its way · as shelf.take
   */
  open(model: ModelRecord): Promise<Served | undefined>
  /** One that is open. */
  get(model: Hex): Served | undefined
  /** An answer of an open model came at so many tokens a second. */
  measured(model: Hex, speed: number): void
  /** It is somebody else's from now on, with all that it holds. */
  handOver(model: Hex): void
  /** Closes what is open. */
  close(model: Hex): void
}

/** @param inUse whether answers of a model are under way */
export function createBases(
  parts: Parts,
  tables: Pick<Tables, 'servingBases' | 'unserved'>,
  { folders, announcing, opening }: { folders: Folders; announcing: Announcing; opening: Opening },
  inUse: (model: Hex) => boolean,
  life: AbortSignal
): Bases {
  const { timing, files, log, clock, now } = parts
  const offered = new Map<string, Base>()
  /** In the order of last use. */
  const open = new Map<Hex, Served>()
  const coming = new Map<Hex, Promise<Served>>()

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

  function close(model: Hex): void {
    const entry = open.get(model)
    if (entry === undefined) return
    open.delete(model)
    entry.answerer.close()
    folders.drop(model)
  }
  /** Closes those that nobody uses, the one used longest ago first, until so many are left. */
  function makeRoom(most: number): void {
    for (const model of open.keys()) {
      if (open.size <= most) return
      if (!inUse(model)) close(model)
    }
  }

  async function fetch(model: ModelRecord): ReturnType<Folders['fetch']> {
    const signal = AbortSignal.any([life, AbortSignal.timeout(fetchMs)])
    const take = (): ReturnType<Folders['fetch']> => folders.fetch(model, signal, { maxAdapterBytes })
    try {
      return await take()
    } catch (error) {
      // What is open holds the disk; what is asked for now goes before what was asked for long ago.
      if (!(error instanceof TilthError && error.code === 'shelf.full') || open.size === 0) throw error
      makeRoom(Math.floor(open.size / 2))
      return take()
    }
  }

  async function bring(model: ModelRecord, base: Base): Promise<Served> {
    makeRoom(mostOpen - 1)
    const places = await fetch(model)
    try {
      const speech = opening.speech(places.base)
      const answerer = await opening.answerer(model, places, life)
      const { inputPrice, outputPrice, speed } = base
      const offer = announcing.sign({ ...termsOf(base), model: model.id })
      const entry: Served = { model, ...places, speech, answerer, inputPrice, outputPrice, speed, offer }
      open.set(model.id, entry)
      return entry
    } catch (error) {
      folders.drop(model.id)
      throw error
    }
  }

  function opened(model: ModelRecord, base: Base): Promise<Served> {
    const known = coming.get(model.id)
    if (known !== undefined) return known
    // [ignore] Each costs room and a part of the line: so many at once.
    if (coming.size >= mostOpening)
      throw new LimitError('worker.busy', 'other models are being opened', { consequence: 'retry' })
    const bringing = bring(model, base).finally(() => coming.delete(model.id))
    coming.set(model.id, bringing)
    bringing.catch((error: unknown) => {
      log.debug('a model that was asked for could not be opened', { model: model.id, error })
    })
    return bringing
  }

  async function patiently(bringing: Promise<Served>): Promise<Served> {
    const stop = new AbortController()
    try {
      return await Promise.race([
        bringing,
        clock.sleep(patienceMs, AbortSignal.any([stop.signal, life])).then((): never => {
          throw new LimitError('worker.busy', 'the model is on its way', { consequence: 'retry' })
        })
      ])
    } finally {
      stop.abort()
    }
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
    async offer(record, { inputPrice, outputPrice }) {
      const known = offered.get(record.base)
      if (known === undefined && offered.size >= mostBases)
        throw new LimitError('offer.bases', `every model over ${mostBases} bases is offered, and no more are`, {
          help: 'Withdraw one of them.'
        })
      const model = baseAlone(record)
      const places = await folders.fetch(model, life)
      opening.speech(places.base)
      const answerer = known?.answerer ?? (await opening.answerer(model, places, life))
      const speed = known?.speed ?? (await opening.trial(answerer, places))
      const base: Base = { cid: record.base, model, answerer, inputPrice, outputPrice, speed, offer: undefined }
      const terms = termsOf(base)
      const offer = announcing.sign(terms)
      await tables.servingBases.put(record.base, { inputPrice, outputPrice })
      offered.set(record.base, base)
      // Those that are open were offered at the prices before; whoever comes next hears the new ones.
      for (const [id, entry] of open)
        if (entry.model.base === record.base)
          open.set(id, { ...entry, inputPrice, outputPrice, offer: announcing.sign({ ...terms, model: id }) })
      files.provide(record.base, { signal: life }).catch((error: unknown) => {
        if (!life.aborted) log.warn('the base is not announced in the DHT', { base: record.base, error })
      })
      return offer
    },
    async withdraw(cid) {
      const base = offered.get(cid)
      await tables.servingBases.delete(cid)
      if (base === undefined) return false
      offered.delete(cid)
      for (const [id, { model }] of open) if (model.base === cid && !inUse(id)) close(id)
      base.answerer.close()
      folders.drop(base.model.id)
      return true
    },
    has: base => offered.has(base),
    list: () =>
      [...offered.values()].map(({ cid, inputPrice, outputPrice, speed }) => ({
        base: cid,
        inputPrice,
        outputPrice,
        speed
      })),
    async open(model) {
      const base = offered.get(model.base)
      if (base === undefined || (await tables.unserved.has(model.id))) return undefined
      const entry = open.get(model.id) ?? (await patiently(opened(model, base)))
      if (open.get(model.id) !== entry) return entry // closed meanwhile: what it needs is on the disk still
      open.delete(model.id)
      open.set(model.id, entry)
      if (entry.offer.message.issuedAt + BigInt(Math.ceil(timing.renewMs / 1000)) <= now())
        entry.offer = announcing.sign({ ...entry, model: model.id })
      return entry
    },
    get: model => open.get(model),
    measured(model, speed) {
      const entry = open.get(model)
      const base = offered.get(entry?.model.base ?? '')
      for (const one of [entry, base]) if (one !== undefined) one.speed = 0.8 * one.speed + 0.2 * speed
    },
    handOver(model) {
      open.get(model)?.answerer.close()
      open.delete(model)
    },
    close
  }
}
