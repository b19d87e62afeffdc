import { LimitError } from '../primitives/errors.ts'
import { exactTokenText } from '../primitives/tokens.ts'
import { usedOn } from './tally.ts'
import type { Tally } from './tally.ts'

/** What somebody may spend; null: as much as there is. */
export interface SpendingLimits {
  readonly perRequest: bigint | null
  readonly perDay: bigint | null
}

/** Somebody whose spending is bounded, as errors name them. */
export interface Payer {
  readonly name: string
  readonly limits: SpendingLimits
  readonly tally: Tally
  /** What it would do with the money, and what to do for it to be less; answers unless said. */
  readonly purpose?: { readonly does: string; readonly less: string }
  /** Where more is allowed. */
  readonly change: (limit: keyof SpendingLimits) => string
}

/** The most that a question may come to; null: as much as there is. `own`: what is held for it already. */
export function mostOf({ limits: { perRequest, perDay }, tally }: Payer, day: number, own?: string): bigint | null {
  if (perDay === null) return perRequest
  const used = usedOn(tally, day, own)
  const left = perDay > used ? perDay - used : 0n
  return perRequest === null || left < perRequest ? left : perRequest
}

const answering = { does: 'the answer may cost', less: 'Ask for a shorter answer' } as const

/** [reject] Nothing is asked that could come to more than its payer may spend. */
export function refusalOf(payer: Payer, amount: bigint, day: number, own?: string): LimitError | undefined {
  const { name, limits, tally, change, purpose = answering } = payer
  const costs = `${purpose.does} ${exactTokenText(amount)} tokens`
  if (limits.perRequest !== null && amount > limits.perRequest)
    return new LimitError(
      'budget.request',
      `${costs}, more than the ${exactTokenText(limits.perRequest)} that one of ${name} may`,
      { help: `${purpose.less}, or allow more: ${change('perRequest')}.`, details: { amount } }
    )
  const most = mostOf({ ...payer, limits: { ...limits, perRequest: null } }, day, own)
  if (most === null || limits.perDay === null || amount <= most) return undefined
  const waits = usedOn({ ...tally, spent: 0n }, day, own) > 0n ? ', some of it held for what is under way' : ''
  return new LimitError(
    'budget.day',
    `${costs}, and of the ${exactTokenText(limits.perDay)} that ${name} may spend a day ` +
      `${exactTokenText(most)} are left${waits}`,
    {
      help: `Wait for the next day (by UTC). ${purpose.less}, or allow more: ${change('perDay')}.`,
      details: { amount }
    }
  )
}
