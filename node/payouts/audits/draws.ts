import type { Hex } from '../../../protocol/primitives/index.ts'
import { everyOf } from '../../chain/index.ts'
import type { AuditRound } from '../../chain/types.ts'
import { createQueue } from '../../runtime/index.ts'
import type { PayoutsDeps } from '../types.ts'
import { lastPartOf } from './speaking.ts'
import type { Words } from './words.ts'

/** Rounds that this node is drawn in at the same time; who is drawn in more has said nothing to the newest of them. */
const mostDrawn = 4_096
/** Of the newest audits so many are looked through at a start: each that is open has cost a bond and its fees. */
const mostScanned = 65_536
/** What could not be said is tried again so much later. */
const againMs = 5_000
/** Words that are said at the same time. */
const saidAtOnce = 4

/**
 * Rounds that chance has drawn this node for, apart from all else that is open, so that nobody's audits push one out;
 * and the last word in each. Silence costs a stake, so that word waits for nothing that somebody else could hold up:
 * neither papers nor runs nor what is before them, only for the chain.
 */
export interface Draws {
  /** Takes what the ledger has of them. */
  start(): Promise<void>
  take(id: Hex, round: Pick<AuditRound, 'panel' | 'until'>): void
  ids(): Iterable<Hex>
  /** Says what is due, of a time or of every draw's that is late; returns at once. */
  wake(): void
  idle(): Promise<void>
}

export function createDraws(
  { self, chain, clock, log, metrics }: Pick<PayoutsDeps, 'self' | 'chain' | 'clock' | 'log' | 'metrics'>,
  { words, now }: { readonly words: Words; readonly now: () => bigint }
): Draws {
  const { ledger } = chain
  /** When its time is over, in chain seconds. */
  const drawn = new Map<Hex, bigint>()
  const waits = new Map<Hex, number>()
  const busy = new Set<Hex>()
  const queue = createQueue({ name: 'audits-words', bound: mostDrawn, concurrency: saidAtOnce, metrics })
  let window: bigint | undefined

  function take(id: Hex, { panel, until }: Pick<AuditRound, 'panel' | 'until'>): void {
    if (!panel.includes(self)) return
    if (drawn.has(id) || drawn.size < mostDrawn) drawn.set(id, until)
    else log.warn('this node is drawn for more audits than it keeps in mind', { audit: id, most: mostDrawn })
  }

  /** Once nothing more can come of it, or it is another round's, it goes: a block with its word may be taken back. */
  async function look(id: Hex): Promise<void> {
    const round = (await ledger.audit(id))?.rounds.at(-1)
    const head = ledger.head()?.timestamp ?? 0n
    if (round === undefined || !round.panel.includes(self) || round.closed || head >= round.until) {
      drawn.delete(id)
      waits.delete(id)
      return
    }
    waits.set(id, clock.now() + againMs)
    if (round.words.some(({ auditor }) => auditor === self)) return
    const word = await words.known(id, round)
    log.warn('the time of an audit is nearly over: what is known is said', { audit: id, ...word })
    await words.say(id, round, word)
  }

  return {
    async start() {
      let scanned = 0
      for await (const { id, rounds } of everyOf(page => ledger.audits({ ...page, reverse: true }))) {
        if (++scanned > mostScanned) break
        const round = rounds.at(-1)
        if (round !== undefined && !round.closed) take(id, round)
      }
    },
    take,
    ids: () => drawn.keys(),
    wake() {
      void due().catch((error: unknown) => {
        log.warn('the last words of audits could not be looked at', { error })
      })
    },
    idle: () => queue.idle()
  }

  async function due(): Promise<void> {
    window ??= await chain.audits.window()
    for (const [id, until] of drawn) {
      if (busy.has(id) || now() < lastPartOf({ until }, window) || (waits.get(id) ?? 0) > clock.now()) continue
      busy.add(id)
      void queue
        .run(id, () => look(id))
        .catch((error: unknown) => {
          waits.set(id, clock.now() + againMs)
          log.warn('a word could not be said yet', { audit: id, error })
        })
        .finally(() => {
          busy.delete(id)
        })
    }
  }
}
