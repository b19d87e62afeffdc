import { z } from 'zod'
import { signedSchema } from '../crypto/schema.ts'
import type { Signed } from '../crypto/statements.ts'
import { InvalidError } from '../primitives/errors.ts'
import { bytes32 } from '../primitives/hex.ts'
import { awardDocument, deliveryContent } from './types.ts'
import type { DeliveryContent } from './types.ts'

const base = z.strictObject({ award: awardDocument, escrow: bytes32 })
const queued = base.extend({ state: z.literal('queued') })
const delivered = base.extend({
  state: z.literal('delivered'),
  delivery: signedSchema('Delivery'),
  content: deliveryContent
})
/** Nothing was delivered. The builder has still to hear of it, and to get the consent to its refund. */
const givenUp = base.extend({ state: z.literal('given-up'), reason: z.string().max(200) })
const closed = base.extend({ state: z.literal('closed'), paid: z.boolean() })

/**
 * An award as its worker keeps it: queued -> delivered -> closed; given up when it was superseded, closed, or cannot
 * be done before anything was delivered. What is delivered is given up no more: the escrow alone ends it.
 */
export const assignment = z.discriminatedUnion('state', [queued, delivered, givenUp, closed])
export type Assignment = z.infer<typeof assignment>

const wrong = (from: string, to: string): InvalidError =>
  new InvalidError('assignment.transition', `an assignment that is ${from} cannot become ${to}`, {
    consequence: 'fatal'
  })

/** queued -> delivered */
export function handOver(at: Assignment, delivery: Signed<'Delivery'>, content: DeliveryContent): Assignment {
  if (at.state !== 'queued') throw wrong(at.state, 'delivered')
  return { ...at, state: 'delivered', delivery, content }
}

/** delivered | given up -> closed, as its escrow has ended */
export function close(at: Assignment, paid: boolean): Assignment {
  if (at.state !== 'delivered' && at.state !== 'given-up') throw wrong(at.state, 'closed')
  return { award: at.award, escrow: at.escrow, state: 'closed', paid }
}

/** queued -> given up */
export function giveUp(at: Assignment, reason: string): Assignment {
  if (at.state !== 'queued') throw wrong(at.state, 'given-up')
  return { award: at.award, escrow: at.escrow, state: 'given-up', reason }
}
