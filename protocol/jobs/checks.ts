import { digest } from '../crypto/digest.ts'
import { requireSigner } from '../crypto/sign.ts'
import type { Message, Network, Signed } from '../crypto/statements.ts'
import { contentHash } from '../primitives/canonical.ts'
import type { ErrorCode } from '../primitives/errors.ts'
import { InvalidError, TilthError } from '../primitives/errors.ts'
import type { Hex } from '../primitives/hex.ts'
import { segmentEnds } from './segments.ts'
import { adaptersIn, maxCoalitions } from './types.ts'
import type { AwardDocument, DeliveryContent, Lot, TuneJobDocument } from './types.ts'

// All times in the statements of this phase are seconds since 1970, as the chain has them.

/** A deadline further away than this is no job but a mistake, or a way to lock up workers. */
export const longestJobSeconds = 30n * 86_400n
/** How far clocks of honest peers may disagree. */
export const clockSkewSeconds = 120n

export interface CheckContext {
  readonly network: Network
  /** Seconds since 1970. */
  readonly now: bigint
}

/** Names of what is wrong: `reject` is the sender's fault, `ignore` is nobody's. */
const reject = (code: ErrorCode, message: string, details?: Record<string, unknown>): never => {
  throw new InvalidError(code, message, { details })
}
const ignore = (code: ErrorCode, message: string): never => {
  throw new TilthError(code, message, { consequence: 'ignore' })
}

/**
 * @returns the job's id, the digest of its statement.
 * @throws InvalidError `job.*`, `signature.mismatch`; TilthError `job.late`, `job.future` (ignore)
 */
export function checkTuneJob({ statement, spec }: TuneJobDocument, { network, now }: CheckContext): Hex {
  const { builder, budget, createdAt, deadline } = statement.message
  // [reject] A tune job is signed by its builder.
  requireSigner(network, statement, builder)
  // [reject] What was signed is this specification.
  if (contentHash(spec) !== statement.message.spec) reject('job.spec', "the specification's hash is not the signed one")
  // [reject] A job offers money.
  if (budget === 0n) reject('job.budget', 'a job without a budget pays nobody')
  // [reject] Its deadline comes after its creation, within thirty days.
  if (deadline <= createdAt || deadline - createdAt > longestJobSeconds)
    reject('job.deadline', 'the deadline must be within thirty days of the creation')
  // [ignore] It was not created in the future, but for what clocks may differ; by which clock, nobody can see.
  if (createdAt > now + clockSkewSeconds) ignore('job.future', 'the job was created in the future')
  // [ignore] After its deadline nobody needs to hear of it.
  if (deadline <= now) ignore('job.late', 'the job is past its deadline')
  return digest(network, 'TuneJob', statement.message)
}

/** @throws InvalidError `bid.*`, `signature.mismatch`; TilthError `bid.late`, `bid.dear` (ignore) */
export function checkBid(bid: Signed<'Bid'>, job: TuneJobDocument, { network, now }: CheckContext): void {
  const { worker, price, siblingPrice, seconds, expires } = bid.message
  const { budget, deadline, builder } = job.statement.message
  // [reject] A bid is for this job, signed by its worker.
  if (bid.message.job !== digest(network, 'TuneJob', job.statement.message))
    reject('bid.job', 'the bid is for another job')
  requireSigner(network, bid, worker)
  // [reject] Nobody hires himself: a builder's own work needs no market, and its escrow would go round in a circle.
  if (worker === builder) reject('bid.self', 'the builder bids on its own job')
  // [reject] Work takes time.
  if (seconds === 0) reject('bid.seconds', 'a bid of no seconds')
  // [reject] A bid stands no longer than the job.
  if (expires > deadline) reject('bid.expires', 'the bid stands longer than the job')
  // [ignore] A bid that stands no more.
  if (expires <= now) ignore('bid.late', 'the bid has expired')
  // [ignore] A bid above the budget, or one that cannot keep the deadline, buys nothing.
  if (price > budget || siblingPrice > budget) ignore('bid.dear', 'the bid is above the budget')
  if (now + BigInt(seconds) > deadline) ignore('bid.slow', 'the bid cannot keep the deadline')
}

/** @returns the award's id. @throws InvalidError `award.*`, `signature.mismatch`; TilthError `award.late` (ignore) */
export function checkAward(
  { statement, lot }: AwardDocument,
  job: TuneJobDocument,
  { network, now }: CheckContext
): Hex {
  const { price, deadline } = statement.message
  // [reject] An award is for this job, signed by its builder.
  if (statement.message.job !== digest(network, 'TuneJob', job.statement.message))
    reject('award.job', 'the award is for another job')
  requireSigner(network, statement, job.statement.message.builder)
  // [reject] What was signed is this lot.
  if (contentHash(lot) !== statement.message.lot) reject('award.lot', "the lot's hash is not the signed one")
  // [reject] Siblings are named once each, in ascending order; the empty coalition has none (it is the base model).
  if (lot.kind === 'siblings') {
    if (lot.coalitions.some((index, i) => index <= (lot.coalitions[i - 1] ?? 0) || index >= maxCoalitions)) {
      reject('award.coalitions', 'the lot names coalitions that the job has not, or one twice')
    }
  }
  // [reject] The price is within the budget, the deadline within the job's.
  if (price > job.statement.message.budget) reject('award.price', 'the award is above the budget')
  if (deadline > job.statement.message.deadline) reject('award.deadline', "the award's deadline is after the job's")
  // [ignore] An award whose time is over.
  if (deadline <= now) ignore('award.late', "the award's deadline has passed")
  return digest(network, 'Award', statement.message)
}

/** What a worker bids may be less than what it bid a moment ago. */
const mostTimesBid = 4n

/**
 * A worker takes an award only at its own price, and only while money for it is in escrow, for it, for long enough.
 * @throws TilthError `award.unpaid` (ignore), InvalidError `award.cheap`, `award.dear`
 */
export function checkEscrow(
  award: Message<'Award'>,
  builder: Hex,
  expected: bigint,
  escrow: { state: string; builder: Hex; worker: Hex; amount: bigint; deadline: bigint }
): void {
  // [reject] The price is at least what was bid for such a lot.
  if (award.price < expected)
    reject('award.cheap', 'the award pays less than the bid', { bid: expected, award: award.price })
  // [reject] And no gift: a worker deposits a part of it, and loses that where its builder keeps from it what it needs.
  if (award.price > expected * mostTimesBid)
    reject('award.dear', 'the award pays far more than the bid, and asks for as large a deposit', {
      bid: expected,
      award: award.price
    })
  // [ignore] The escrow is funded by the builder, for this worker, with the price and until the deadline, no more and
  // no longer: the deposit goes by the one, and a builder has until the other to decide. The worker may have taken it
  // already.
  const { state, worker, amount, deadline } = escrow
  if (
    (state !== 'funded' && state !== 'taken') ||
    escrow.builder !== builder ||
    worker !== award.worker ||
    amount !== award.price ||
    deadline !== award.deadline
  ) {
    ignore('award.unpaid', 'the price of the award is not in escrow')
  }
}

/** @throws InvalidError `delivery.*`, `signature.mismatch` */
export function checkDelivery(delivery: Signed<'Delivery'>, award: AwardDocument, { network }: CheckContext): void {
  const { job, worker, lot } = award.statement.message
  // [reject] A delivery is for the awarded lot of the job.
  if (delivery.message.job !== job || delivery.message.lot !== lot)
    reject('delivery.lot', 'the delivery is for another lot')
  // [reject] It is signed by the worker that holds the award.
  if (delivery.message.worker !== worker)
    reject('delivery.worker', 'the delivery is by another worker than the awarded')
  requireSigner(network, delivery, worker)
}

/** @throws InvalidError `delivery.log`, `delivery.count`, `delivery.same`, `delivery.steps`, `delivery.states` */
export function checkDeliveryContent(content: DeliveryContent, delivery: Message<'Delivery'>, lot: Lot): void {
  // [reject] Adapters and logs are those that were signed for.
  if (contentHash(content) !== delivery.log)
    reject('delivery.log', "the delivered adapters' and logs' hash is not the signed one")
  // [reject] There is one adapter and one log for each in the lot, and no adapter stands for two.
  const count = adaptersIn(lot)
  if (content.adapters.length !== count || content.logs.length !== count)
    reject('delivery.count', `the lot has ${count} adapters, the delivery ${content.adapters.length}`)
  if (new Set(content.adapters).size !== count) reject('delivery.same', 'one adapter stands for several coalitions')
  // [reject] A log has a loss for each of its steps.
  if (content.logs.some(log => log.loss.length !== log.steps))
    reject('delivery.steps', 'a log has more or fewer losses than steps')
  // [reject] States are committed for each adapter or for none, one for each segment of its steps.
  const { states, logs } = content
  const fits = logs.every(({ steps }, i) => states?.[i]?.length === segmentEnds(steps).length)
  if (states !== undefined && (states.length !== count || !fits))
    reject('delivery.states', 'the committed states are not those of the steps in the logs')
}

/** @throws InvalidError `closed.*`, `signature.mismatch` */
export function checkClosed(closed: Signed<'JobClosed'>, job: TuneJobDocument, { network }: CheckContext): void {
  // [reject] Only its builder closes a job, with a result exactly when it is completed.
  if (closed.message.job !== digest(network, 'TuneJob', job.statement.message))
    reject('closed.job', 'another job was closed')
  requireSigner(network, closed, job.statement.message.builder)
  if (closed.message.completed !== (closed.message.result !== ''))
    reject('closed.result', 'a completed job names its result, another none')
}
