import type { ModelRecord } from '../../../protocol/models/index.ts'
import { LimitError, NotFoundError, TilthError, anySignal } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Answerer } from '../../engine/backend/types.ts'
import { createCache } from '../../runtime/index.ts'
import type { Queue } from '../../runtime/index.ts'
import type { Parts } from '../deps.ts'
import type { Folders } from '../folders.ts'
import type { Announcing, Terms } from './announcing.ts'
import type { Opening } from './opening.ts'
import type { Served } from './served.ts'

/** Models that are open at once because somebody asked for them; of more, those used longest ago are closed. */
const mostOpen = 256
/** Models that are being opened, half of what the shelf fetches at once, and of them those that one client caused. */
const mostOpening = 32
const mostEach = 2
/** What somebody else's model may take, in bytes: rank 64 on every projection of 8 billion parameters, in 16 bits. */
const maxAdapterBytes = 512 << 20
/** An adapter may take so long to come; whoever asks for it waits for less, and finds it when they come back. */
const fetchMs = 60_000
const patienceMs = 4_000
/** Models that could not be brought, and for how long nobody tries again. */
const mostFailed = 1_000
const failedMs = 180_000

export interface BroughtParts {
  readonly folders: Folders
  readonly announcing: Announcing
  readonly opening: Opening
  /** One after another what opens a model, or hands it over. */
  readonly turns: Queue
  /** Whether answers of a model are under way. */
  readonly inUse: (model: Hex) => boolean
  /** One that its owner offers by itself. */
  readonly alone: (model: Hex) => Served | undefined
  /** What is asked for the models over a base, as long as they are offered. */
  readonly termsOf: (model: ModelRecord) => Promise<Terms | undefined>
  readonly life: AbortSignal
}

/** Models that are open because somebody asked for them, over bases that are offered whole. */
export interface Brought {
  /** @throws LimitError `worker.busy` · NotFoundError `offer.none` · as shelf.take */
  open(model: ModelRecord, client: Address): Promise<Served>
  get(model: Hex): Served | undefined
  all(): IterableIterator<[Hex, Served]>
  /** The same model with other terms. */
  renew(model: Hex, entry: Served): void
  isComing(model: Hex): boolean
  /** Whether bringing it failed a while ago. */
  hasFailed(model: Hex): boolean
  /** It is somebody else's from now on, with all that it holds. */
  readonly handOver: (model: Hex) => void
  readonly close: (model: Hex) => void
  /** Closes the one that was used longest ago and is idle. @returns whether there was one */
  readonly giveBack: () => boolean
  /** Closes what nobody has asked for for a while. */
  readonly closeIdle: () => void
}

const noneNow = (): NotFoundError => new NotFoundError('offer.none', 'the model is not served here now')

/** What says nothing about the model. */
const ofThisNode = new Set<string>([
  'offer.none',
  'shelf.full',
  'shelf.disk',
  'shelf.busy',
  'shelf.stopped',
  'engine-closed',
  'engine-cancelled',
  'engine-crashed',
  'engine-failed',
  'engine-memory',
  'engine-thread'
])

export function createBrought(
  { timing, log, clock }: Pick<Parts, 'timing' | 'log' | 'clock'>,
  { folders, announcing, opening, turns, inUse, alone, termsOf, life }: BroughtParts
): Brought {
  /** In the order of last use. */
  const open = new Map<Hex, Served>()
  const usedAt = new Map<Hex, number>()
  const coming = new Map<Hex, { readonly client: Address; readonly done: Promise<Served> }>()
  const failed = createCache<Hex, true>({ max: mostFailed, forMs: failedMs, clock })

  function use(model: Hex, entry: Served): void {
    open.delete(model)
    open.set(model, entry)
    usedAt.set(model, clock.now())
  }
  function forget(model: Hex): void {
    open.delete(model)
    usedAt.delete(model)
  }
  function close(model: Hex): void {
    const entry = open.get(model)
    if (entry === undefined) return
    forget(model)
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
    const signal = anySignal([life, AbortSignal.timeout(fetchMs)])
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

  async function bring(model: ModelRecord): Promise<Served> {
    const there = alone(model.id) ?? open.get(model.id)
    if (there !== undefined) return there
    makeRoom(mostOpen - 1)
    const places = await fetch(model)
    let answerer: Answerer | undefined
    try {
      const speech = opening.speech(places.base)
      answerer = await opening.answerer(model, places, life)
      await opening.read(answerer, places)
      // Prices may have changed while it came, and its owner may offer it no more.
      const terms = await termsOf(model)
      if (terms === undefined) throw noneNow()
      const { inputPrice, outputPrice, speed } = terms
      const offer = announcing.sign(terms)
      const entry: Served = { model, ...places, speech, answerer, inputPrice, outputPrice, speed, offer }
      use(model.id, entry)
      return entry
    } catch (error) {
      answerer?.close()
      folders.drop(model.id)
      throw error
    }
  }

  function begin(model: ModelRecord, client: Address): Promise<Served> {
    const known = coming.get(model.id)
    if (known !== undefined) return known.done
    // [ignore] Nobody had it a while ago.
    if (failed.get(model.id) === true)
      throw new NotFoundError('offer.none', 'the model could not be brought here a while ago')
    const mine = [...coming.values()].filter(one => one.client === client).length
    // [ignore] Each costs room and a part of the line: so many at once, and of them so many for one client.
    if (coming.size >= mostOpening || mine >= mostEach)
      throw new LimitError('worker.busy', 'other models are being opened', { consequence: 'retry' })
    const done = turns
      .run(model.id, () => bring(model))
      .finally(() => {
        coming.delete(model.id)
      })
    coming.set(model.id, { client, done })
    done.catch((error: unknown) => {
      if (!life.aborted && !(error instanceof TilthError && ofThisNode.has(error.code))) failed.set(model.id, true)
      log.debug('a model that was asked for could not be opened', { model: model.id, error })
    })
    return done
  }

  async function patiently(bringing: Promise<Served>): Promise<Served> {
    const stop = new AbortController()
    try {
      return await Promise.race([
        bringing,
        clock.sleep(patienceMs, anySignal([stop.signal, life])).then((): never => {
          throw new LimitError('worker.busy', 'the model is on its way', { consequence: 'retry' })
        })
      ])
    } finally {
      stop.abort()
    }
  }

  return {
    async open(model, client) {
      const entry = open.get(model.id) ?? (await patiently(begin(model, client)))
      if (open.get(model.id) === entry) use(model.id, entry)
      return entry
    },
    get: model => open.get(model),
    all: () => open.entries(),
    renew(model, entry) {
      if (open.has(model)) open.set(model, entry)
    },
    isComing: model => coming.has(model),
    hasFailed: model => failed.get(model) === true,
    handOver: forget,
    close,
    giveBack() {
      const before = open.size
      makeRoom(before - 1)
      return open.size < before
    },
    closeIdle() {
      const before = clock.now() - timing.idleMs
      for (const [model, at] of usedAt) if (at <= before && !inUse(model)) close(model)
    }
  }
}
