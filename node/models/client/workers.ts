import type { Experience, ModelRecord, Route } from '../../../protocol/models/index.ts'
import {
  everyModelOver,
  foundOutSeconds,
  isPassedOver,
  leadsTo,
  rankOffers,
  suits
} from '../../../protocol/models/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { TilthError, anySignal } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Parts } from '../deps.ts'
import type { OfferBoard, SignedOffer } from '../offers.ts'

/** Times of an answer, in milliseconds, and its tokens. */
export interface Measured {
  /** From asking to the first tokens. */
  readonly firstMs: number
  /** From asking to the end. */
  readonly ms: number
  /** Tokens that came first, and all. */
  readonly first: number
  readonly tokens: number
}

/** What this client has lived through with its workers, for the next choice. Forgotten at a restart. */
export interface Acquaintance {
  readonly of: (worker: string) => Experience
  /** Its offers' claim to a place on a full board: more for one that has served, less for one that did not answer. */
  readonly rank: (worker: Address) => number
  /** An answer that both have signed for. */
  served(worker: Address, measured: Measured): void
  failed(worker: Address): void
  /** It had no token after so long, when another one had. */
  late(worker: Address, ms: number): void
  /** What receipts of before this start say of its pace. */
  recall(worker: Address, tokensPerSecond: number): void
  /** It could not be dialled: for a while it comes after all others. */
  away(worker: Address): void
  isAway(worker: Address): boolean
  /** A worker that lied is not asked again. */
  lied(worker: Address): void
  hasLied(worker: Address): boolean
}

/** Workers remembered, each for its kind of news: keys are free, so what is said of them is bounded. */
const remembered = 1024
const awayMs = 60_000
/** Workers that serve every model over a base: so many are asked at once, and not again where they refused a model. */
const mostAsked = 4
const refusedMs = 30_000

/** Of what was known and what is new, where there are both. */
const mean = (known: number | undefined, news: number | undefined): number | undefined =>
  known === undefined || news === undefined ? (news ?? known) : 0.7 * known + 0.3 * news

/** What receipts said, while nothing is measured. */
const keptOf = ({ recalledSpeed }: Experience): Pick<Experience, 'recalledSpeed'> =>
  recalledSpeed === undefined ? {} : { recalledSpeed }

export function createAcquaintance({ clock }: Pick<Parts, 'clock'>): Acquaintance {
  const experience = createCache<Address, Experience>({ max: remembered })
  const liars = createCache<Address, true>({ max: remembered })
  const gone = createCache<Address, true>({ max: remembered, forMs: awayMs, clock })
  const of = (worker: string): Experience => experience.get(worker as Address) ?? { failures: 0 }
  const isAway = (worker: Address): boolean => gone.get(worker) === true

  return {
    of,
    rank(worker) {
      if (liars.get(worker) === true || isAway(worker)) return 0
      const { tokensPerSecond, recalledSpeed } = of(worker)
      return tokensPerSecond === undefined && recalledSpeed === undefined ? 1 : 2
    },
    served(worker, { firstMs, ms, first, tokens }) {
      const { tokensPerSecond, firstTokenMs } = of(worker)
      // An answer whose tokens came all at once says nothing of the pace after the first.
      const [counted, within] = tokens > first ? [tokens - first, ms - firstMs] : [tokens, ms]
      const speed = counted === 0 || within <= 0 ? undefined : (counted * 1000) / within
      const [pace, wait] = [mean(tokensPerSecond, speed), mean(firstTokenMs, tokens === 0 ? undefined : firstMs)]
      experience.set(worker, {
        failures: 0,
        answers: (of(worker).answers ?? 0) + 1,
        ...(pace === undefined ? keptOf(of(worker)) : { tokensPerSecond: pace }),
        ...(wait === undefined ? {} : { firstTokenMs: wait })
      })
    },
    failed(worker) {
      experience.set(worker, { ...of(worker), failures: of(worker).failures + 1 })
    },
    late(worker, ms) {
      const known = of(worker)
      if (ms <= (known.firstTokenMs ?? 0)) return
      experience.set(worker, { ...known, firstTokenMs: mean(known.firstTokenMs, ms) ?? ms })
    },
    recall(worker, recalledSpeed) {
      if (experience.get(worker) === undefined) experience.set(worker, { failures: 0, recalledSpeed })
    },
    away(worker) {
      gone.set(worker, true)
    },
    isAway,
    lied(worker) {
      liars.set(worker, true)
    },
    hasLied: worker => liars.get(worker) === true
  }
}

export interface Workers extends Acquaintance {
  /**
   * Standing offers of others to which the route leads, best first; looks for some if there are none. `rows`: only who
   * serves it by name has rows to put before a question.
   */
  offers(
    model: ModelRecord,
    need: { inputTokens: number; outputTokens: number; rows?: boolean },
    signal: AbortSignal,
    route?: Route
  ): Promise<SignedOffer[]>
  /** Whether anybody else offers it, wherever the route leads. */
  offered(model: ModelRecord): boolean
  /** Whether it is there: it answers with an offer. @throws as streams.open · InvalidError as checkOffer */
  reach(offer: SignedOffer, signal: AbortSignal): Promise<void>
}

/** Whether a worker answers by a model with stake behind it. */
export type Stands = (model: ModelRecord, worker: Address) => Promise<boolean>
const nobodyStands: Stands = async () => false
/** When scorers of its pool have found a worker out, in chain seconds. @throws the signal's reason when aborted */
export type FoundOutAt = (model: ModelRecord, worker: Address, signal?: AbortSignal) => Promise<bigint | undefined>
const nobodyFoundOut: FoundOutAt = async () => undefined

export function createWorkers(
  { self, clock, timing, now }: Pick<Parts, 'self' | 'clock' | 'timing' | 'now'>,
  board: Pick<OfferBoard, 'list' | 'find' | 'quote'>,
  acquaintance: Acquaintance,
  { stands = nobodyStands, foundOutAt = nobodyFoundOut }: { stands?: Stands; foundOutAt?: FoundOutAt } = {}
): Workers {
  const refused = createCache<`${Address}/${Hex}`, true>({ max: remembered, forMs: refusedMs, clock })
  const standingBy = (name: Hex): SignedOffer[] =>
    board.list(name).filter(({ message: { worker } }) => worker !== self && !acquaintance.hasLied(worker))
  const standing = (model: ModelRecord): SignedOffer[] => standingBy(model.id)
  const overItsBase = (model: ModelRecord): SignedOffer[] =>
    standingBy(everyModelOver(model.base)).filter(
      ({ message: { worker } }) => refused.get(`${worker}/${model.id}`) === undefined
    )

  /** Has those that serve every model over its base, the best of them first, offer this one by its name. */
  async function askForIt(
    model: ModelRecord,
    need: { inputTokens: number; outputTokens: number },
    signal: AbortSignal,
    route: Route
  ): Promise<void> {
    const known = new Set(standing(model).map(({ message }) => message.worker))
    const open = overItsBase(model).filter(
      ({ message: { worker } }) => !known.has(worker) && leadsTo(route, worker) && !acquaintance.isAway(worker)
    )
    const best = rankOffers(open, need, acquaintance.of, route.sort).slice(0, mostAsked)
    await Promise.all(
      best.map(async ({ message: { worker } }) => {
        try {
          await board.quote(worker, model.id, anySignal([signal, AbortSignal.timeout(timing.reachMs)]))
        } catch (error) {
          if (signal.aborted) return
          const code = error instanceof TilthError ? error.code : 'internal'
          // It does not serve this one, or could not get it: of others that says nothing.
          if (code === 'offer.none' || /^(shelf|files)\./u.test(code)) refused.set(`${worker}/${model.id}`, true)
          else if (code !== 'worker.busy') acquaintance.away(worker)
        }
      })
    )
  }

  return {
    ...acquaintance,
    offered: model => standing(model).length > 0 || overItsBase(model).length > 0,
    async offers(model, need, signal, route = {}) {
      const deadline = clock.now() + timing.findMs
      const asked = need.rows === true ? undefined : askForIt(model, need, signal, route)
      const allowed = async (): Promise<SignedOffer[]> => {
        const suited = standing(model).filter(({ message }) => leadsTo(route, message.worker) && suits(route, message))
        const at = await Promise.all(suited.map(({ message }) => foundOutAt(model, message.worker, signal)))
        const led = suited.filter((_, i) => !isPassedOver(route, at[i] ?? -foundOutSeconds, now()))
        if (route.bonded !== true) return led
        const bonded = await Promise.all(led.map(({ message }) => stands(model, message.worker)))
        return led.filter((_, i) => bonded[i] === true)
      }
      let found = await allowed()
      if (found.length === 0) {
        await asked
        found = await allowed()
      }
      for (let i = 0; found.length === 0 && clock.now() < deadline; i++) {
        signal.throwIfAborted()
        if (i % 4 === 0)
          await board.find(model, anySignal([signal, AbortSignal.timeout(Math.max(1, deadline - clock.now()))]))
        else await clock.sleep(Math.min(500, timing.findMs / 4), signal)
        if (i > 0 && need.rows !== true) await askForIt(model, need, signal, route)
        found = await allowed()
      }
      const ranked = rankOffers(found, need, acquaintance.of, route.sort)
      const away = ({ message }: SignedOffer): boolean => acquaintance.isAway(message.worker)
      return [...ranked.filter(offer => !away(offer)), ...ranked.filter(away)]
    },
    async reach({ message: { worker, model } }, signal) {
      try {
        await board.quote(worker, model, anySignal([signal, AbortSignal.timeout(timing.reachMs)]))
      } catch (error) {
        if (!signal.aborted) acquaintance.away(worker)
        throw error
      }
    }
  }
}
