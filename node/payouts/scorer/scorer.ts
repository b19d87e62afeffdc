import { signStatement } from '../../../protocol/crypto/index.ts'
import { attributionHash, divisionOf, entitled, keptScorings } from '../../../protocol/payouts/index.ts'
import type { ScoringDocument } from '../../../protocol/payouts/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Entry, ReceiptStore } from '../receipts/index.ts'
import type { Models } from '../models.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Contents } from './content.ts'
import type { Scorings } from './scorings.ts'
import type { Stakes } from '../stakes.ts'
import type { Weigher } from './weigher.ts'

/** Weighs others' answers and says what it found. One at a time, oldest first. */
export interface Scorer {
  start(): void
  /** A receipt that may want weighing; returns at once. */
  add(id: Hex): void
  /** Tries again what could not be weighed yet; returns at once. */
  wake(): void
  stop(): Promise<void>
}

interface Parts {
  readonly receipts: Pick<ReceiptStore, 'get'>
  readonly models: Models
  readonly stakes: Stakes
  readonly scorings: Scorings
  readonly contents: Contents
  readonly weigher: Weigher
}

/** Receipts that wait for their weighing; what comes beyond is weighed by others. */
const mostWaiting = 20_000
/** How often one is tried, later and later: siblings or content may only not be to be had yet. */
const attempts = 8

export function createScorer(
  { self, network, key, clock, log }: Pick<PayoutsDeps, 'self' | 'network' | 'key' | 'clock' | 'log'>,
  { receipts, models, stakes, scorings, contents, weigher }: Parts,
  { scored }: { scored: (document: ScoringDocument) => Promise<void> }
): Scorer {
  const waiting = new Map<Hex, { times: number; again: number }>()
  let running: Promise<void> | undefined
  let life = new AbortController()
  life.abort()

  /** Whether this node has to weigh it; undefined: not yet, since its stake may come. */
  async function mine({ id, pool, receipt, state }: Entry): Promise<boolean | undefined> {
    if (pool === null || state.name === 'settled' || state.name === 'over') return false
    if ((await scorings.has(id, self)) || (await scorings.count(id)) >= keptScorings) return false
    const { builder, result } = await models.registered(receipt.receipt.message.model)
    if (divisionOf(receipt, result === '' ? null : result) !== 'weighed') return false
    const why = entitled(receipt, self, { bonded: await stakes.bonded(self), builder })
    return why === 'stake' ? undefined : why === undefined
  }

  /** @returns whether there is nothing more to do for it */
  async function score(id: Hex): Promise<boolean> {
    const entry = await receipts.get(id)
    const wanted = entry === undefined ? false : await mine(entry)
    if (entry === undefined || wanted !== true) return wanted === false
    // It stays in memory for as long as it takes to weigh it.
    const { content, answer } = await contents.fetch(entry.receipt)
    const attribution = await weigher.attribute({ model: entry.receipt.receipt.message.model, content, answer })
    if (attribution === null) return true
    const statement = signStatement(
      network,
      'Scoring',
      { receipt: id, scorer: self, attribution: attributionHash(attribution) },
      key
    )
    await scorings.take({ statement, attribution })
    await scored({ statement, attribution })
    return true
  }

  const due = (): Hex | undefined => {
    const now = clock.now()
    for (const [id, { again }] of waiting) if (again <= now) return id
    return undefined
  }

  async function work(): Promise<void> {
    for (let id = due(); id !== undefined && !life.signal.aborted; id = due()) {
      let over = false
      try {
        over = await score(id)
      } catch (error) {
        log.warn('an answer could not be weighed', { receipt: id, error })
      }
      const times = (waiting.get(id)?.times ?? 0) + 1
      waiting.delete(id)
      if (!over && times < attempts)
        waiting.set(id, { times, again: clock.now() + Math.min(60_000, 1000 * 2 ** Math.min(times, 6)) })
    }
  }
  function wake(): void {
    if (life.signal.aborted) return
    running ??= work().finally(() => {
      running = undefined
    })
  }

  return {
    start() {
      life = new AbortController()
    },
    add(id) {
      if (waiting.size < mostWaiting && !waiting.has(id)) waiting.set(id, { times: 0, again: 0 })
      wake()
    },
    wake,
    async stop() {
      life.abort()
      await running
    }
  }
}
