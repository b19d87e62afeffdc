import { z } from 'zod'
import { sameAnswer } from '../../../protocol/data/index.ts'
import type { Row } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { maxHeldOutQuestions, spreadQuestions } from '../../../protocol/payouts/index.ts'
import type { Lease } from '../../shelf/index.ts'
import { heldOutBatch, mostOwnTokens } from '../limits.ts'
import type { Models } from '../models.ts'
import type { MatchesView, PayoutsDeps } from '../types.ts'

export const matchesRecord = z.strictObject({ questions: z.int(), base: z.int(), tuned: z.int() })

/**
 * To how many of its Datanet's held-out questions a model, and its base alone, give the very answer of their author:
 * the likeliest tokens in float32, so that every node finds the same, and compared as `sameAnswer` does. It is what
 * people ask first about a model; it pays nobody.
 */
export interface Matches {
  /** As measured here before. */
  of(model: Hex): Promise<MatchesView | null>
  /** Measured once, then kept; null for a model that cannot be weighed. @throws as `Models.weighed`, the shelf */
  measure(model: Hex): Promise<MatchesView | null>
  stop(): void
}

export function createMatches(
  { store, engine, versions, shelf, self }: Pick<PayoutsDeps, 'store' | 'engine' | 'versions' | 'shelf' | 'self'>,
  models: Pick<Models, 'weighed'>
): Matches {
  const known = store.collection('payouts/matches', matchesRecord)
  const running = new Map<Hex, Promise<MatchesView | null>>()
  const stopping = new AbortController()
  const { signal } = stopping

  async function isRight(model: string, adapter: string | undefined, row: Row): Promise<boolean> {
    const { answer } = await engine.encode(model, row)
    const { text } = await engine.generate({
      model,
      ...(adapter === undefined ? {} : { adapter }),
      messages: row.messages.slice(0, -1),
      exact: true,
      // What goes on for longer than the true answer is another one.
      settings: { maxTokens: answer.length + mostOwnTokens, temperature: 0, seed: 0 },
      signal
    }).result
    return sameAnswer(text, row.messages.at(-1)?.content ?? '')
  }

  /** Some at once, so that other work of the engine gets its turn in between. */
  async function count(model: string, adapter: string | undefined, rows: readonly Row[]): Promise<number> {
    let right = 0
    for (let at = 0; at < rows.length; at += heldOutBatch) {
      signal.throwIfAborted()
      const some = await Promise.all(rows.slice(at, at + heldOutBatch).map(row => isRight(model, adapter, row)))
      right += some.filter(Boolean).length
    }
    return right
  }

  async function measure(model: Hex): Promise<MatchesView | null> {
    const before = await known.get(model)
    if (before !== undefined) return before
    const weighed = await models.weighed(model)
    if (weighed === null) return null
    const {
      registered: { base, worker, builder },
      result,
      measure: { matrix }
    } = weighed
    const from: Address[] = [worker, builder].filter(one => one !== self)
    const adapter = result.adapters[matrix.full]
    const leases: Lease[] = []
    try {
      leases.push(await shelf.take(base, { kind: 'base', from, cause: 'owner', signal }))
      if (typeof adapter === 'string')
        leases.push(await shelf.take(adapter, { kind: 'adapter', from, cause: 'owner', signal }))
      const [folder = '', tuned] = leases.map(lease => lease.folder)
      const rows = spreadQuestions(await versions.heldOut(result.spec), maxHeldOutQuestions)
      const found = {
        questions: rows.length,
        base: await count(folder, undefined, rows),
        tuned: await count(folder, tuned, rows)
      }
      await known.put(model, found)
      return found
    } finally {
      for (const lease of leases) lease.release()
    }
  }

  return {
    of: async model => (await known.get(model)) ?? null,
    measure(model) {
      const underway = running.get(model)
      if (underway !== undefined) return underway
      const measuring = measure(model).finally(() => {
        running.delete(model)
      })
      running.set(model, measuring)
      return measuring
    },
    stop() {
      stopping.abort()
    }
  }
}
