import { z } from 'zod'
import { emptyTally, hold, refusalOf, settle, settleAll } from '../protocol/models/index.ts'
import type { SpendingLimits, Tally } from '../protocol/models/index.ts'
import { LimitError, amount, toHex } from '../protocol/primitives/index.ts'
import type { AskBudget } from '../node/models/types.ts'
import type { Store } from '../node/store/types.ts'

/** Answers that are under way at once. */
const mostHeld = 64
const dayMs = 86_400_000

const day = z.int().min(0)
const tallyForm = z.strictObject({
  day,
  spent: amount,
  total: amount,
  held: z.array(z.strictObject({ id: z.string().max(40), day, amount })).max(mostHeld)
})

export interface Budget {
  /** For one answer; `end` once it is over. @throws LimitError as `reserve` */
  begin(): AskBudget & { end(): Promise<void> }
}

/**
 * What a day's answers may cost, on disk before a channel is opened for one. What a killed process left held counts as
 * spent.
 */
export async function openBudget(
  store: Pick<Store, 'collection'>,
  limits: SpendingLimits,
  now: () => number
): Promise<Budget> {
  const table = store.collection('client/spending', tallyForm)
  const found = await table.get('own')
  let tally: Tally =
    found === undefined
      ? emptyTally
      : settleAll({ ...found, held: new Map(found.held.map(({ id, ...one }) => [id, one])) })
  const save = (): Promise<void> =>
    table.put('own', { ...tally, held: [...tally.held].map(([id, one]) => ({ id, ...one })) })
  const payer = () =>
    ({ name: 'this account', limits, tally, change: () => 'the limits that it was connected with' }) as const

  return {
    begin() {
      const id = toHex(crypto.getRandomValues(new Uint8Array(12)))
      let came = 0n
      let isHeld = false
      return {
        async reserve(most) {
          const today = Math.floor(now() / dayMs)
          const refused = refusalOf(payer(), most, today, id)
          if (refused !== undefined) throw refused
          // [reject] What is under way has a bound, so that the record has one.
          if (!isHeld && tally.held.size >= mostHeld)
            throw new LimitError('queue.full', `${mostHeld} answers are under way already`, {
              consequence: 'retry',
              help: 'Ask again when one of them is there.'
            })
          isHeld = true
          tally = hold(tally, id, most, today)
          came = most // until it is known to be less
          await save()
        },
        spent(atMost) {
          came = atMost
        },
        async end() {
          if (!isHeld) return
          tally = settle(tally, id, came)
          await save()
        }
      }
    }
  }
}
