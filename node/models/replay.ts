import { isAgent, servedBy, unsayable } from '../../protocol/models/index.ts'
import type { CosignedReceipt, ModelRecord, Opening, Replayed } from '../../protocol/models/index.ts'
import { InvalidError, NotFoundError } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { createQueue } from '../runtime/index.ts'
import type { Lease } from '../shelf/index.ts'
import type { Catalogue } from './catalogue.ts'
import type { Parts } from './deps.ts'
import type { Receipts } from './receipts.ts'
import { saidAgain } from './said-again.ts'
import type { ReplayView } from './types.ts'

/** Other answers of the same worker and model that are said again with one, and their tokens together. */
const mostOthers = 16
const mostOtherTokens = 2_048
/** Openings that are looked at for them. */
const mostLookedAt = 1_000
/** Audits that wait while one runs: each is an answer's work and more. */
const mostWaiting = 16

/**
 * Answers are said again by this machine: the same weights, the client's seed, and each token that was given in place
 * of the one that would be chosen. How far the given ones lie behind is what judges their worker.
 */
export function createReplay(
  { shelf, engine, versions }: Pick<Parts, 'shelf' | 'engine' | 'versions'>,
  catalogue: Pick<Catalogue, 'get'>,
  receipts: Pick<Receipts, 'get' | 'opening' | 'openings'>
): (id: Hex, signal?: AbortSignal) => Promise<ReplayView> {
  interface Leases {
    readonly base: Lease
    readonly adapter: Lease | undefined
    readonly record: ModelRecord
  }
  interface Answer {
    readonly receipt: CosignedReceipt
    readonly opening: Opening
  }
  async function answerOf(id: Hex): Promise<Answer | undefined> {
    const [receipt, opening] = [await receipts.get(id), await receipts.opening(id)]
    return receipt === undefined || opening === undefined ? undefined : { receipt, opening }
  }

  /** The newest others of its worker and model. */
  async function othersOf(id: Hex, { receipt }: Answer): Promise<Opening[]> {
    const found: Opening[] = []
    let [looked, room] = [0, mostOtherTokens]
    for await (const other of receipts.openings({ reverse: true })) {
      if (++looked > mostLookedAt || found.length === mostOthers) break
      if (other === id) continue
      const answer = await answerOf(other)
      if (answer?.receipt.worker !== receipt.worker) continue
      if (answer.receipt.receipt.message.model !== receipt.receipt.message.model) continue
      if (answer.opening.answer.length > room) continue
      room -= answer.opening.answer.length
      found.push(answer.opening)
    }
    return found
  }

  async function toldOf(
    { base, adapter, record }: Leases,
    opening: Opening,
    signal: AbortSignal | undefined
  ): Promise<{ readonly told: Replayed[]; readonly inputTokens: number }> {
    const { context, messages } = opening.content
    const rows = context === undefined ? [] : await versions.context(record, messages, context)
    const model = { base: base.folder, adapter: adapter?.folder, rows: rows.map(({ row }) => row) }
    const { told, inputTokens } = await saidAgain(engine, model, opening, signal)
    // What could not have been said any more, after an end by its form or a word that stops it, lies behind endlessly.
    return { told: opening.answer.map((_, i) => told[i] ?? unsayable), inputTokens }
  }

  async function held<T>(
    record: ModelRecord,
    signal: AbortSignal | undefined,
    run: (leases: Leases) => Promise<T>
  ): Promise<T> {
    const { base, adapter, worker, builder } = record
    const ask = { from: [...new Set([worker, builder])], cause: 'owner', signal } as const
    const under = await shelf.take(base, { ...ask, kind: 'base' })
    try {
      const over = adapter === null ? undefined : await shelf.take(adapter, { ...ask, kind: 'adapter' })
      try {
        return await run({ base: under, adapter: over, record })
      } finally {
        over?.release()
      }
    } finally {
      under.release()
    }
  }

  const queue = createQueue({ name: 'replays', bound: mostWaiting, concurrency: 1 })

  async function replay(id: Hex, signal: AbortSignal | undefined): Promise<ReplayView> {
    const answer = await answerOf(id)
    if (answer === undefined)
      throw new NotFoundError('opening.unknown', 'what was asked and answered is not kept here', {
        help: 'Its client and its worker have it, for thirty days.'
      })
    const { model } = answer.receipt.receipt.message
    const known = catalogue.get(model)
    if (known === undefined) throw new NotFoundError('model.unknown', `no model ${model} is registered`)
    // [reject] What an agent says was said by the models of its steps; its own receipt is its fee's.
    if (isAgent(known.record))
      throw new InvalidError('agent.replay', `${known.record.name} is an agent: this receipt is its fee's`, {
        help: 'Ask for those of its steps.'
      })
    return held(known.record, signal, async leases => {
      const { told: all, inputTokens } = await toldOf(leases, answer.opening, signal)
      const own = servedBy(all)
      const { inputTokens: paid } = answer.receipt.receipt.message
      let answers = 1
      // What another engine drew differs in all of it from what is drawn here: it would drown what the others say.
      for (const other of own.verdict === 'redrawn' ? [] : await othersOf(id, answer)) {
        const again = await toldOf(leases, other, signal).catch(() => {
          signal?.throwIfAborted()
          return undefined // one that cannot be said again says nothing of this one
        })
        if (again === undefined || servedBy(again.told).verdict === 'redrawn') continue
        all.push(...again.told)
        answers++
      }
      return { own, prompt: { counted: inputTokens, paid }, together: { ...servedBy(all), answers } }
    })
  }
  return (id, signal) => queue.run('one', () => replay(id, signal))
}
