import { signStatement } from '../../../protocol/crypto/index.ts'
import { attributionHash, pathIn, scoringDocument, wordsTree } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Attribution, ScoringDocument } from '../../../protocol/payouts/index.ts'
import { TilthError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import { createCache, createQueue } from '../../runtime/index.ts'
import { poolsAtOnce } from '../limits.ts'
import type { OpenRound, Rounds } from '../rounds/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Judge } from '../judge/index.ts'
import type { Contents } from './content.ts'
import type { Scorings } from './scorings.ts'
import type { Weigher } from './weigher.ts'

/** Weighs the answers that chance has given it, commits to what it found, and shows it once all have committed. */
export interface Scorer {
  start(): void
  /** A pool in which something may be to do; returns at once. */
  add(pool: Hex): void
  /** Looks again at what is open; returns at once. */
  wake(): void
  stop(): Promise<void>
}

interface Parts {
  readonly rounds: Rounds
  readonly scorings: Scorings
  readonly contents: Contents
  readonly weigher: Weigher
  /** What it does beside. */
  readonly judge: Judge
  /** Chain seconds. */
  readonly now: () => bigint
}

/** How often it is looked whether time is over. */
const lookMs = 1_000
/** An answer is waited for at least so long, however many there are. */
const leastTurnMs = 15_000
/** What a timer can wait. */
const longestMs = 2 ** 31 - 1
/** Epochs whose words wait to be committed to. */
const mostFound = 16
/** Pools with an epoch that is open. */
const mostOpen = 256
/** Refusals that say that somebody was quicker, or that it is too late. */
const done = ['AlreadyDrawn', 'NoDrawNow', 'NotAnchored', 'AlreadyCommitted', 'CommitOver', 'AnotherRound'] as const

/** How far the time to commit is over. */
interface Times {
  readonly late: () => boolean
  readonly last: () => boolean
  /** Until late. */
  readonly leftMs: () => number
}

export function createScorer(
  deps: Pick<PayoutsDeps, 'self' | 'network' | 'key' | 'clock' | 'log' | 'chain' | 'store' | 'metrics'>,
  { rounds, scorings, contents, weigher, judge, now }: Parts,
  { shown }: { shown: (document: ScoringDocument) => Promise<void> }
): Scorer {
  const { self, network, key, clock, log, chain, store, metrics } = deps
  /** What was found and is not shown yet: on disk before the commitment is on chain. */
  const kept = store.collection('payouts/words', scoringDocument)
  const open = new Set<Hex>()
  /** Rounds whose words were shown. */
  const over = new Set<string>()
  const found = createCache<string, Map<Hex, Attribution>>({ max: mostFound })
  /** Side by side: a pool whose receipts cannot be had keeps no other waiting. */
  const working = createQueue({ name: 'scoring', bound: mostOpen, concurrency: poolsAtOnce, metrics })
  const busy = new Set<Hex>()
  /** Answers that are being weighed, by receipt: what comes slowly goes on while others have their turn. */
  const finding = new Map<Hex, Promise<boolean>>()
  let life = new AbortController()
  life.abort()

  const placeOf = ({ pool, epoch, round }: OpenRound): string =>
    `${pool}/${sequenceKey(epoch)}/${sequenceKey(round.number)}`

  /** @returns whether there is nothing more to do in the pool */
  async function look(pool: Hex): Promise<boolean> {
    const epoch = (await chain.payouts.pool(pool)).epoch + 1
    const round = await chain.payouts.round(pool, epoch)
    if (round === undefined || round.spent) return true
    if (round.drawn === undefined) {
      await unlessDone(() => chain.payouts.draw(pool, epoch))
      return false
    }
    const { seed, panel, commitments, commitEnds, revealEnds } = round.drawn
    if (!panel.includes(self)) return true
    if (!commitments.has(self)) {
      if (now() >= commitEnds) return true
      const { commitWindow } = await chain.payouts.roundRules()
      // The last quarter is late: then what was found is committed to; in the last eighth nothing is waited for.
      const lateFrom = commitEnds - commitWindow / 4n
      const late = (): boolean => now() >= lateFrom
      const last = (): boolean => now() >= commitEnds - commitWindow / 8n
      const read = new AbortController()
      const reading = rounds.open(pool, epoch, round).catch(notYet(last))
      const drawn = await Promise.race([reading, until(last, read.signal)]).finally(() => {
        read.abort()
      })
      const leftMs = (): number => Math.min(longestMs, Number(lateFrom - now()) * 1000)
      if (drawn !== undefined) await weigh(drawn, { late, last, leftMs })
      else if (last()) {
        // What nobody can read nobody can weigh: who says so in time is not absent.
        await unlessDone(() => chain.payouts.commit(pool, epoch, seed, zeroHash))
        log.warn('what was anchored of an epoch cannot be read', { pool, epoch })
      }
      return false
    }
    if (now() < commitEnds) return false
    const drawn = await rounds.open(pool, epoch, round)
    if (drawn !== undefined) await show(drawn)
    return now() >= revealEnds
  }

  /** Undefined once it is time, a moment later at the soonest. */
  async function until(time: () => boolean, over: AbortSignal): Promise<undefined> {
    do await clock.sleep(lookMs, over).catch(() => undefined)
    while (!time() && !over.aborted && !life.signal.aborted)
    return undefined
  }
  /** What keeps it from being read is an error while there is time to try again. */
  const notYet =
    (time: () => boolean) =>
    (error: unknown): undefined => {
      if (!time()) throw error
      return undefined
    }

  /**
   * Everything that this node has to weigh; what cannot be had is tried again until late, and then has no word. Nothing
   * is waited for beyond its share of the time, nor when it is last: whose content or siblings come drop by drop keeps
   * others' answers from being weighed no more than it has this node absent, which would cost its stake.
   */
  async function weigh(drawn: OpenRound, { late, last, leftMs }: Times): Promise<void> {
    const place = placeOf(drawn)
    const own = found.get(place) ?? new Map<Hex, Attribution>()
    found.set(place, own)
    const duties = (drawn.assigned.duties.get(self) ?? []).map(at => ({ id: drawn.ids[at] ?? '0x', at }) as const)
    let missing = false
    for (const [i, { id, at }] of duties.entries()) {
      const receipt = drawn.document.receipts[at]
      if (own.has(id) || receipt === undefined || life.signal.aborted) continue
      // What is found by then counts; what is not has no word.
      if (last() || (late() && own.size > 0)) break
      const ends = clock.now() + Math.max(leastTurnMs, leftMs() / (duties.length - i))
      const turn = new AbortController()
      const over = until(() => clock.now() >= ends || last(), turn.signal)
      const isFound = await Promise.race([find(receipt, id, own), over]).finally(() => {
        turn.abort()
      })
      if (isFound !== true) missing = true
    }
    if (life.signal.aborted || (missing && !late())) return
    const ids = duties.map(({ id }) => id)
    await commit(drawn, ids, new Map(own))
  }

  /** What an answer is found to owe, once; what is under way is waited for again. @returns whether that is known */
  function find(receipt: CosignedReceipt, id: Hex, own: Map<Hex, Attribution>): Promise<boolean> {
    const known = finding.get(id)
    if (known !== undefined) return known
    const work = (async () => {
      try {
        // It stays in memory for as long as it takes to weigh it.
        const { content, answer } = await contents.fetch(receipt)
        const attribution = await weigher.attribute({ model: receipt.receipt.message.model, content, answer })
        if (attribution !== null) own.set(id, attribution)
        return true
      } catch (error) {
        log.warn('an answer could not be weighed', { receipt: id, error })
        return false
      } finally {
        finding.delete(id)
      }
    })()
    finding.set(id, work)
    return work
  }

  async function commit(drawn: OpenRound, duties: readonly Hex[], own: ReadonlyMap<Hex, Attribution>): Promise<void> {
    const { pool, epoch, round } = drawn
    const tree = wordsTree(self, duties, new Map([...own].map(([id, one]) => [id, attributionHash(one)])))
    for (const [i, id] of duties.entries()) {
      const attribution = own.get(id)
      if (attribution === undefined) continue
      const message = { receipt: id, scorer: self, attribution: attributionHash(attribution) }
      const statement = signStatement(network, 'Scoring', message, key)
      await kept.put(`${placeOf(drawn)}/${id}`, { statement, attribution, path: pathIn(tree, i) })
    }
    await unlessDone(() => chain.payouts.commit(pool, epoch, round.drawn.seed, tree.root.hash))
    log.info('what was found of an epoch is committed to', { pool, epoch, answers: own.size, of: duties.length })
  }

  /** Nobody can commit any more: now everybody may see it. */
  async function show(drawn: OpenRound): Promise<void> {
    const place = placeOf(drawn)
    if (over.has(place)) return
    let waits: TilthError | undefined
    for await (const document of kept.values({ prefix: `${place}/` })) {
      try {
        await scorings.take(document)
        await shown(document)
      } catch (error) {
        // What cannot be shown now keeps no other word waiting; who shows none of its words pays for it.
        if (!(error instanceof TilthError)) throw error
        // One that was found before a kill, and not again before this node committed, is none.
        if (error.code !== 'scoring.uncommitted') waits = error
        log.warn('a word could not be shown', { receipt: document.statement.message.receipt, code: error.code })
      }
    }
    if (waits !== undefined) throw waits
    over.add(place)
    if (over.size > mostOpen) over.delete(over.values().next().value ?? '')
    // What was shown before is history.
    const old: string[] = []
    for await (const name of kept.keys({ prefix: `${drawn.pool}/` })) if (!name.startsWith(place)) old.push(name)
    for (const name of old) await kept.delete(name)
  }

  async function unlessDone(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (!refusedWith(error, ...done)) throw error
    }
  }

  async function step(pool: Hex): Promise<void> {
    try {
      if (await look(pool)) open.delete(pool)
    } catch (error) {
      if (!(error instanceof TilthError)) open.delete(pool)
      log.warn('an epoch could not be scored yet', { pool, error })
    }
  }
  function wake(): void {
    for (const pool of open) {
      if (life.signal.aborted || busy.has(pool)) continue
      busy.add(pool)
      void working
        .run(pool, () => step(pool))
        .finally(() => {
          busy.delete(pool)
        })
    }
  }

  return {
    start() {
      life = new AbortController()
      judge.start()
    },
    add(pool) {
      if (open.size < mostOpen) open.add(pool)
      wake()
      judge.add(pool)
    },
    wake() {
      wake()
      judge.wake()
    },
    async stop() {
      life.abort()
      await working.idle()
      await judge.stop()
    }
  }
}
