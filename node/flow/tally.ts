import { z } from 'zod'
import { amount } from '../../protocol/primitives/index.ts'
import type { FlowDeps } from './types.ts'

const many = z.int().min(0).default(0)

/** What no list and no contract counts: how often it happened since this node began, as it heard it. */
export const tallyRecord = z.strictObject({
  checked: many,
  votes: many,
  accepted: many,
  bids: many,
  delivered: many,
  receipts: many,
  tokens: many,
  fees: amount.default(0n),
  scorings: many
})
export type Tally = z.infer<typeof tallyRecord>

/** Milliseconds between writings: a process that is killed forgets no more than these. */
const keepMs = 5_000

/** Counts news as they come. */
export function createTally({ clock, events, log, store }: Pick<FlowDeps, 'clock' | 'events' | 'log' | 'store'>) {
  const table = store.collection('flow/tally', tallyRecord)
  let tally: Tally = tallyRecord.parse({})
  let written = tally
  const offs: (() => void)[] = []

  const add = (more: Partial<Tally>): void => {
    const next: Tally = { ...tally }
    for (const name of Object.keys(more) as (keyof Tally)[])
      if (name === 'fees') next.fees += more.fees ?? 0n
      else next[name] += more[name] ?? 0
    tally = next
  }
  async function keep(): Promise<void> {
    if (written === tally) return
    const now = tally
    await table.put('all', now)
    written = now
  }

  return {
    now: (): Tally => tally,
    async start() {
      tally = written = (await table.get('all')) ?? tally
      offs.push(
        events.on('data.checked', () => add({ checked: 1 })),
        events.on('data.voted', ({ step }) => add({ votes: step === 'revealed' ? 1 : 0 })),
        events.on('data.decided', ({ status }) => add({ accepted: status === 'accepted' ? 1 : 0 })),
        events.on('jobs.bid', () => add({ bids: 1 })),
        events.on('jobs.delivered', () => add({ delivered: 1 })),
        events.on('payouts.receipt', ({ fee, tokens }) => add({ receipts: 1, tokens, fees: fee })),
        events.on('payouts.scored', () => add({ scorings: 1 })),
        clock.every(keepMs, keep, error => {
          log.warn('what came through the flow could not be kept', { error })
        })
      )
    },
    async stop() {
      for (const off of offs.splice(0)) off()
      await keep()
    }
  }
}
