import { z } from 'zod'
import { signedSchema } from '../crypto/schema.ts'
import type { Signed } from '../crypto/statements.ts'
import { InvalidError } from '../primitives/errors.ts'
import { address, bytes32, cidText, signature } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { licenceText } from '../primitives/licences.ts'
import { splitParts, splitSum, wholeFee } from '../primitives/split.ts'
import { awardDocument, lot, tuneJobDocument } from './types.ts'
import type { AwardDocument, Lot, TuneJobDocument } from './types.ts'

// A job as its builder keeps it. A job is bid for, then its lots run side by side, each by its own award; it is over
// when
// all are released, or when its deadline passed. Every function is one transition, A -> B, and throws in any other
// state.

const offered = z.strictObject({
  state: z.literal('offered'),
  lot,
  /** Of its next award. */ attempt: z.int().min(0),
  failed: z.array(address)
})
const funding = offered.extend({ state: z.literal('funding'), award: awardDocument })
const awarded = funding.extend({ state: z.literal('awarded'), escrow: bytes32 })
const training = awarded.extend({ state: z.literal('training') })
const delivered = awarded.extend({ state: z.literal('delivered'), delivery: signedSchema('Delivery') })
const accepted = delivered.extend({
  state: z.literal('accepted'),
  adapters: z.array(cidText),
  /** Of training, as the worker's log says. */ seconds: z.number().min(0)
})
const released = accepted.extend({ state: z.literal('released'), transaction: bytes32.nullable() })

/**
 * One lot: offered -> funding -> awarded -> training -> delivered -> accepted -> released; offered again when its
 * worker dies or what it delivered is rejected.
 */
export const lotState = z.discriminatedUnion('state', [
  offered,
  funding,
  awarded,
  training,
  delivered,
  accepted,
  released
])
export type LotState = z.infer<typeof lotState>
type In<S extends LotState['state']> = Extract<LotState, { state: S }>

/**
 * An award that came to nothing. Its escrow comes back at once where its worker has not taken it or consents, and after
 * the deadline where nothing was delivered. What was delivered is paid for, or refused: then its price is nobody's.
 */
export const forfeit = z.strictObject({
  award: awardDocument,
  reason: z.string().max(200),
  /** Of the check that its delivery failed, where it was measured. */
  code: z.string().max(60).nullable(),
  /** The worker's signature over a `Release` of 0. */
  consent: signature.nullable(),
  refunded: z.boolean(),
  /** Where its money is not with the builder: with the worker, with nobody until one of them gives way, or burnt. */
  money: z.enum(['paid', 'refused', 'burnt']).optional()
})
export type Forfeit = z.infer<typeof forfeit>

/**
 * Players and their rows are kept with the job, so that prices and divisions can be computed again without the data.
 */
const plan = z.strictObject({
  /** What drew its coalitions; left away where a version drew them by the job's own hash. */
  draw: bytes32.optional(),
  players: z.array(address),
  rows: z.array(z.int().min(0)),
  lots: z.array(lotState),
  forfeits: z.array(forfeit)
})
export type Plan = z.infer<typeof plan>

const bidding = z.strictObject({
  state: z.literal('bidding'),
  /** Milliseconds since 1970. */ until: z.number(),
  expected: z.int().nullable()
})
const running = plan.extend({ state: z.literal('running') })
const completed = plan.extend({ state: z.literal('completed'), result: cidText, closed: signedSchema('JobClosed') })
const expired = plan.extend({
  state: z.literal('expired'),
  reason: z.string().max(200),
  closed: signedSchema('JobClosed')
})

/** bidding -> running -> completed | expired; bidding -> expired when nobody's bid fits. */
export const jobState = z.discriminatedUnion('state', [bidding, running, completed, expired])
export type JobState = z.infer<typeof jobState>

/** How the model that comes of a job is to be registered; what is left away is chosen by the builder's node. */
export const productTerms = z.strictObject({
  name: z.string().min(1).max(80).optional(),
  /** Basis points of every fee. */
  split: splitParts.refine(split => splitSum(split) === wholeFee, `must sum to ${wholeFee}`).optional(),
  /** The registration of its base that the upstream part goes to. */
  upstream: bytes32.optional(),
  /** What it may be used under: an SPDX identifier. */
  licence: licenceText.optional()
})
export type ProductTerms = z.infer<typeof productTerms>

export const jobRecord = z.strictObject({
  document: tuneJobDocument,
  /** null: the model is not registered by itself; left away where the job was posted by a version that did not ask. */
  product: productTerms.nullable().optional(),
  /** The builder awards by hand: bids wait for it instead of the rule. */
  byHand: z.boolean().optional(),
  /** Its trainings wait at their checkpoints until the builder lets them go on. */
  paused: z.boolean().optional(),
  bids: z.array(signedSchema('Bid')),
  /** As measured by the builder on the held-out questions. */
  heldOut: z.strictObject({ base: z.number(), tuned: z.number() }).nullable(),
  state: jobState
})
export type JobRecord = z.infer<typeof jobRecord>

const wrong = (from: string, to: string): InvalidError =>
  new InvalidError('job.transition', `a lot or job that is ${from} cannot become ${to}`, { consequence: 'fatal' })

function mustBe<S extends LotState['state']>(state: LotState, to: string, ...from: S[]): asserts state is In<S> {
  if (!from.includes(state.state as S)) throw wrong(state.state, to)
}

export const newJob = (
  document: TuneJobDocument,
  until: number,
  expected: number | null,
  product?: ProductTerms | null,
  byHand = false
): JobRecord => ({
  document,
  ...(product === undefined ? {} : { product }),
  ...(byHand ? { byHand } : {}),
  bids: [],
  heldOut: null,
  state: { state: 'bidding', until, expected }
})

/** A worker's later bid replaces its earlier one. @returns the same record when the bid is in it already */
export function withBid(record: JobRecord, bid: Signed<'Bid'>): JobRecord {
  if (record.bids.some(({ signature }) => signature === bid.signature)) return record
  return { ...record, bids: [...record.bids.filter(({ message }) => message.worker !== bid.message.worker), bid] }
}

/** bidding -> running */
export function begin(
  state: JobState,
  draw: Hex,
  players: readonly Address[],
  rows: readonly number[],
  lots: readonly LotState[]
): Extract<JobState, { state: 'running' }> {
  if (state.state !== 'bidding') throw wrong(state.state, 'running')
  return { state: 'running', draw, players: [...players], rows: [...rows], lots: [...lots], forfeits: [] }
}

/** running -> completed, once every lot is released */
export function complete(
  state: JobState,
  result: string,
  closed: Signed<'JobClosed'>
): Extract<JobState, { state: 'completed' }> {
  if (state.state !== 'running' || state.lots.some(({ state }) => state !== 'released'))
    throw wrong(state.state, 'completed')
  return { ...state, state: 'completed', result, closed }
}

/** bidding | running -> expired: what is not accepted is forfeited; what is accepted is released all the same. */
export function expire(
  state: JobState,
  reason: string,
  closed: Signed<'JobClosed'>
): Extract<JobState, { state: 'expired' }> {
  if (state.state === 'bidding')
    return { state: 'expired', reason, closed, players: [], rows: [], lots: [], forfeits: [] }
  if (state.state !== 'running') throw wrong(state.state, 'expired')
  const kept = state.lots.filter(({ state }) => state === 'accepted' || state === 'released')
  const lost = state.lots.flatMap(lot =>
    lot.state === 'accepted' || lot.state === 'released' || lot.state === 'offered' ? [] : [forfeitOf(lot, reason)]
  )
  return { ...state, state: 'expired', reason, closed, lots: kept, forfeits: [...state.forfeits, ...lost] }
}

export const offer = (lot: Lot): LotState => ({ state: 'offered', lot, attempt: 0, failed: [] })

/** offered -> funding: the award is signed and kept before its escrow is paid, so that a crash pays it once. */
export function award(state: LotState, document: AwardDocument): In<'funding'> {
  mustBe(state, 'funding', 'offered')
  return { ...state, state: 'funding', award: document }
}

/** funding -> awarded */
export function funded(state: LotState, escrow: Hex): In<'awarded'> {
  mustBe(state, 'awarded', 'funding')
  return { ...state, state: 'awarded', escrow }
}

/** awarded -> training */
export function started(state: LotState): In<'training'> {
  mustBe(state, 'training', 'awarded')
  return { ...state, state: 'training' }
}

/** awarded | training -> delivered */
export function deliver(state: LotState, delivery: Signed<'Delivery'>): In<'delivered'> {
  mustBe(state, 'delivered', 'awarded', 'training')
  return { ...state, state: 'delivered', delivery }
}

/** delivered -> accepted */
export function accept(state: LotState, adapters: readonly string[], seconds: number): In<'accepted'> {
  mustBe(state, 'accepted', 'delivered')
  return { ...state, state: 'accepted', adapters: [...adapters], seconds }
}

/** accepted -> released */
export function release(state: LotState, transaction: Hex | null): In<'released'> {
  mustBe(state, 'released', 'accepted')
  return { ...state, state: 'released', transaction }
}

/**
 * funding | awarded | training | delivered -> offered, with the attempt counted and the award forfeited: its worker
 * died, failed, or delivered what is no good.
 */
export function reoffer(
  state: LotState,
  reason: string,
  code: string | null = null
): { lot: In<'offered'>; forfeit: Forfeit } {
  mustBe(state, 'offered', 'funding', 'awarded', 'training', 'delivered')
  const { worker } = state.award.statement.message
  return {
    lot: {
      state: 'offered',
      lot: state.lot,
      attempt: state.attempt + 1,
      failed: [...new Set([...state.failed, worker])]
    },
    forfeit: forfeitOf(state, reason, code)
  }
}

function forfeitOf(
  state: In<'funding' | 'awarded' | 'training' | 'delivered'>,
  reason: string,
  code: string | null = null
): Forfeit {
  return { award: state.award, reason, code, consent: null, refunded: false }
}

/** Where the money of an award that came to nothing has ended: with its builder, its worker, or nobody. */
export const endOf = ({
  refunded,
  money
}: Pick<Forfeit, 'refunded' | 'money'>): 'refunded' | 'paid' | 'burnt' | undefined =>
  refunded ? 'refunded' : money === 'refused' ? undefined : money

/** Whether an award that came to nothing costs its price all the same: something was delivered, and measured. */
const costs = ({ refunded, code, money }: Forfeit): boolean => !refunded && (code !== null || money !== undefined)

/** What the budget still allows. Awards for which nothing was delivered cost nothing in the end. */
export function budgetLeft({ document, state }: JobRecord): bigint {
  if (state.state === 'bidding') return document.statement.message.budget
  const awards = [
    ...state.lots.flatMap(lot => (lot.state === 'offered' ? [] : [lot.award])),
    ...state.forfeits.flatMap(forfeit => (costs(forfeit) ? [forfeit.award] : []))
  ]
  return awards.reduce((left, { statement }) => left - statement.message.price, document.statement.message.budget)
}
