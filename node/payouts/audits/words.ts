import { z } from 'zod'
import type { AuditorsWord } from '../../../protocol/jobs/index.ts'
import { bytes32, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import type { AuditRound } from '../../chain/types.ts'
import type { PayoutsDeps } from '../types.ts'

export type OwnWord = Omit<AuditorsWord, 'auditor'>
export const nothing: OwnWord = { word: 'nothing', subject: zeroHash, runs: 0, missing: 0 }

export const noted = z.strictObject({
  word: z.enum(['agrees', 'differs']),
  subject: bytes32,
  runs: z.int().min(1),
  missing: z.int().min(0).default(0)
})

export interface Words {
  /** What was run so far of what chance has given this node, on disk: so much it can say whatever comes. */
  note(id: Hex, round: Pick<AuditRound, 'number' | 'seed'>, word: OwnWord): Promise<void>
  /** What was noted of this very draw; nothing, where nothing was. */
  known(id: Hex, round: Pick<AuditRound, 'number' | 'seed'>): Promise<OwnWord>
  /** Says this node's one word on chain, unless it has spoken, it is over, or another draw stands by now. */
  say(id: Hex, round: Pick<AuditRound, 'number' | 'seed'>, word: OwnWord): Promise<void>
}

export function createWords({ store, chain }: Pick<PayoutsDeps, 'store' | 'chain'>): Words {
  const table = store.collection('payouts/audit-words', noted)
  const placeOf = (id: Hex, { seed }: Pick<AuditRound, 'seed'>): string => `${id}/${seed ?? zeroHash}`
  return {
    async note(id, round, { word, ...said }) {
      if (word === 'agrees' || word === 'differs') await table.put(placeOf(id, round), { word, ...said })
    },
    known: async (id, round) => (await table.get(placeOf(id, round))) ?? nothing,
    async say(id, { number, seed }, word) {
      // A block that left the chain may have taken the draw with it: what was run then is of another one.
      const last = (await chain.ledger.audit(id))?.rounds.at(-1)
      if (seed === null || last?.number !== number || last.seed !== seed) return
      await unlessDone(() => chain.audits.say(id, seed, word))
    }
  }
}

/** Refusals that say that somebody was quicker, or that it is not time. */
const done = [
  'AlreadyDrawn',
  'NoDrawNow',
  'NoSeats',
  'NotOpen',
  'NotDrawn',
  'AlreadySaid',
  'AuditOver',
  'AuditStillOpen',
  'AnotherRound',
  'AlreadyOpen',
  'AlreadyRefused',
  'TooManyRounds',
  'NotAbsent'
] as const

export async function unlessDone(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!refusedWith(error, ...done)) throw error
  }
}
