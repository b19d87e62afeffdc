import { foundOutBy, saidAgain } from '../../models/index.ts'
import { foundOutSeconds } from '../../../protocol/models/index.ts'
import { drawnAnswers, drawnSubject, findersOf, isJudged, judgeAnswers } from '../../../protocol/payouts/index.ts'
import type { DrawnAnswers, SaidAgain } from '../../../protocol/payouts/index.ts'
import { TilthError, fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import { createQueue, unlessAborted, within } from '../../runtime/index.ts'
import type { Models, Weighed } from '../models.ts'
import type { OpenRound, Rounds } from '../rounds/index.ts'
import type { Contents } from '../scorer/content.ts'
import type { PayoutsDeps } from '../types.ts'

/** Pools with a round whose answers may be to be judged. */
const mostOpen = 256
/** Of one worker and model so many answers are said again, and so many tokens. */
const mostAnswers = 32
const mostTokens = 2_048
/** Rounds that were judged. */
const mostJudged = 1_024
/** A model's base and siblings are waited for so long at a time. */
const foldersMs = 60_000
/** What could not be judged is looked at again so much later. */
const againMs = 5_000
/** Refusals that say that nothing more is to be said. */
const done = ['AlreadySaid', 'AnotherRound', 'NotOnThePanel', 'IsAParty', 'TimeOver'] as const

/**
 * Beside its utilities a drawn scorer judges the answers that it was drawn for, of each worker together: those that one
 * stands for with its stake, and all of one that does not, which loses nothing but its clients. Its word stands on
 * chain, so that nobody has to gather or bring it; it says one only where a worker is found out, and only where its
 * node's policy has it judge. Weighing comes first: nothing here holds it up.
 */
export interface Judge {
  start(): void
  /** A pool in which something may be to judge; returns at once. */
  add(pool: Hex): void
  wake(): void
  stop(): Promise<void>
}

export function createJudge(
  {
    self,
    chain,
    engine,
    clock,
    log,
    metrics,
    policy
  }: Pick<PayoutsDeps, 'self' | 'chain' | 'engine' | 'clock' | 'log' | 'metrics' | 'policy'>,
  {
    rounds,
    contents,
    models,
    now
  }: {
    readonly rounds: Pick<Rounds, 'open'>
    readonly contents: Pick<Contents, 'fetch'>
    readonly models: Pick<Models, 'weighed' | 'folders'>
    /** Chain seconds. */
    readonly now: () => bigint
  },
  patienceMs = foldersMs
): Judge {
  /** When each is to be looked at. */
  const open = new Map<Hex, number>()
  const busy = new Set<Hex>()
  const judged = new Set<string>()
  // One after another: each is as much work as answering.
  const queue = createQueue({ name: 'judging', bound: mostOpen, concurrency: 1, metrics })
  let life = new AbortController()
  life.abort()

  /** @returns whether there is nothing more to do in the pool */
  async function look(pool: Hex): Promise<boolean> {
    const epoch = (await chain.payouts.pool(pool)).epoch + 1
    const round = await chain.payouts.round(pool, epoch)
    if (round === undefined) return true
    if (round.drawn === undefined) return false
    const { panel, commitments, commitEnds, revealEnds } = round.drawn
    const { challengeWindow } = await chain.payouts.rules()
    if (!panel.includes(self) || now() >= revealEnds + 2n * challengeWindow) return true
    if (!commitments.has(self) && now() < commitEnds) return false
    const drawn = await rounds.open(pool, epoch, round)
    if (drawn === undefined) return false
    for (const group of drawnAnswers(drawn.document.receipts, drawn.assigned.scorers)) await judge(drawn, group)
    return true
  }

  async function judge(drawn: OpenRound, { worker, model, places }: DrawnAnswers): Promise<void> {
    const { pool, epoch, round, ids } = drawn
    const name = `${pool}/${epoch}/${round.number}/${worker}/${model}`
    const own = places.filter(at => drawn.assigned.scorers[at]?.includes(self) === true)
    if (judged.has(name) || own.length === 0) return
    const weighed = await models.weighed(model)
    if (weighed === null) return
    // Whatever they say, it is too few: the work is spared.
    const parties = [worker, weighed.registered.builder]
    const { panel } = round.drawn
    if (panel.filter(one => !parties.includes(one)).length < findersOf(panel.length)) return
    await chain.ledger.caughtUp()
    const standing = await chain.ledger.standing(pool, worker)
    // Where it left lately it may lose stake still, whenever it answered, which the contract is not told: so no leaving
    // keeps an answer from being judged. Long after that it is as one that never stood.
    const left = standing?.until ?? now()
    const stands =
      standing !== undefined && standing.since > 0n && standing.foundOut === null && now() < left + foundOutSeconds
    // One that stands for nothing and was found out lately is passed over as it is.
    const lately = stands ? null : await foundOutBy(chain.ledger, pool, worker)
    if ((lately !== null && now() < lately.time + foundOutSeconds / 2n) || life.signal.aborted) return
    const found = judgeAnswers(await sayAgain(drawn, weighed, own, stands ? standing.since : 0n))
    if (found.foundOut) {
      log.warn('answers are not by the weights that were offered', { worker, model, ...found })
      try {
        const receipts = drawnSubject(places.map(at => ids[at] ?? '0x'))
        await chain.serving.accuse({ pool, epoch, round: round.number, model, worker }, receipts)
      } catch (error) {
        if (!refusedWith(error, ...done)) throw error
      }
    }
    judged.add(name)
    if (judged.size > mostJudged) judged.delete(judged.values().next().value ?? '')
  }

  /** What this node was drawn for of a worker and model since it stands there, in an order that chance gives. */
  async function sayAgain(
    { round, document, ids }: OpenRound,
    weighed: Weighed,
    places: readonly number[],
    since: bigint
  ): Promise<SaidAgain[]> {
    // What comes drop by drop goes on coming, and keeps no other pool's answers from being judged.
    const { base, adapters } = await unlessAborted(models.folders(weighed), within(patienceMs, life.signal))
    const adapter = adapters[weighed.measure.matrix.full] ?? undefined
    const lot = (at: number): Hex => keccak(fromHex(`${round.drawn.seed}${ids[at]?.slice(2) ?? ''}`))
    const said: SaidAgain[] = []
    let room = mostTokens
    for (const at of places.toSorted((a, b) => (lot(a) < lot(b) ? -1 : 1))) {
      const receipt = document.receipts[at]
      if (receipt === undefined || said.length === mostAnswers) break
      try {
        const opening = await contents.fetch(receipt)
        const { issuedAt } = opening.request.message
        if (!isJudged(opening.content) || opening.answer.length > room) continue
        if (issuedAt < since) continue
        room -= opening.answer.length
        const { told } = await saidAgain(engine, { base, adapter }, opening, life.signal)
        said.push({ temperature: opening.content.temperature, told })
      } catch (error) {
        life.signal.throwIfAborted()
        // One that cannot be had or said again says nothing of the others.
        if (!(error instanceof TilthError)) throw error
        log.debug('an answer could not be said again', { receipt: ids[at], code: error.code })
      }
    }
    return said
  }

  async function step(pool: Hex): Promise<void> {
    try {
      if (await look(pool)) open.delete(pool)
      else open.set(pool, clock.now() + againMs)
    } catch (error) {
      if (life.signal.aborted) return
      open.set(pool, clock.now() + againMs)
      log.warn("a pool's answers could not be judged yet", { pool, error })
    }
  }

  function wake(): void {
    for (const [pool, from] of open) {
      if (life.signal.aborted || busy.has(pool) || from > clock.now()) continue
      busy.add(pool)
      void queue
        .run(pool, () => step(pool))
        .finally(() => {
          busy.delete(pool)
        })
    }
  }

  return {
    start() {
      life = new AbortController()
    },
    add(pool) {
      if (policy?.judge !== true) return
      if (open.size < mostOpen || open.has(pool)) open.set(pool, 0)
      wake()
    },
    wake,
    async stop() {
      life.abort()
      await queue.idle()
    }
  }
}
