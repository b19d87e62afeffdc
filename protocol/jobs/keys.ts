import { z } from 'zod'
import { signedSchema } from '../crypto/schema.ts'
import type { Message } from '../crypto/statements.ts'
import { givenKey, keysAtOnce } from '../data/key-request.ts'
import type { TrainerGround } from '../data/trainers.ts'
import { InvalidError, TilthError } from '../primitives/errors.ts'
import type { Hex } from '../primitives/hex.ts'
import { checkAward, checkTuneJob } from './checks.ts'
import type { CheckContext } from './checks.ts'
import { awardDocument, tuneJobDocument } from './types.ts'
import type { AwardDocument, TuneJobDocument } from './types.ts'

/**
 * Frames of `/tilth/jobs/keys/1`: a worker asks for the keys to the rows of the version that its award is for, with the
 * papers of the award; whoever has keys gives them in as many frames as they take.
 */
export const awardKeysRequest = z.strictObject({
  statement: signedSchema('KeyRequest'),
  job: tuneJobDocument,
  award: awardDocument
})
export type AwardKeysRequest = z.infer<typeof awardKeysRequest>
export const awardKeysReply = z.strictObject({ keys: z.array(givenKey).max(keysAtOnce), more: z.boolean() })

/** What stands on chain of an award: its escrow, what its worker has at stake beside that, and who may train. */
export interface AwardOnChain {
  /** Why its worker may be given rows, by rules, roster and host of now. */
  readonly ground: TrainerGround | undefined
  readonly escrow: { readonly state: string; readonly builder: Hex; readonly worker: Hex; readonly deadline: bigint }
  readonly stake: bigint
  readonly leastStake: bigint
  /** Seconds since 1970. */
  readonly now: bigint
}

/**
 * The papers of a request for keys: whether they are one award of one job, for this asker and this Datanet.
 * @throws InvalidError `keys.award`, `keys.datanet`, and as checkTuneJob and checkAward
 */
export function checkAwardPapers(
  asked: Pick<Message<'KeyRequest'>, 'asker' | 'datanet' | 'ground'>,
  { job, award }: { readonly job: TuneJobDocument; readonly award: AwardDocument },
  context: CheckContext
): void {
  checkTuneJob(job, context)
  // [reject] The award that is shown is the one that was signed for.
  if (checkAward(award, job, context) !== asked.ground)
    throw new InvalidError('keys.award', 'the request names another award')
  // [reject] It is the asker's own.
  if (award.statement.message.worker !== asked.asker)
    throw new InvalidError('keys.award', "the award is another worker's")
  // [reject] Its job is on this Datanet.
  if (job.spec.datanet !== asked.datanet)
    throw new InvalidError('keys.datanet', "the award's job is on another Datanet")
}

/**
 * What the chain says of an award decides whether its worker is given keys: it has taken it, with its deposit, it is
 * not over, those who sit have agreed to it or to its builder, and as much is at stake as the Datanet asks for.
 * @throws TilthError `keys.ended`, `keys.stake`, `keys.trainer` (ignore): the giver's chain may be behind
 */
export function checkAwardOnChain(
  { statement: { message } }: AwardDocument,
  builder: Hex,
  { escrow, ground, stake, leastStake, now }: AwardOnChain
): void {
  const ignore = (code: 'keys.ended' | 'keys.stake' | 'keys.trainer', text: string): never => {
    throw new TilthError(code, text, { consequence: 'ignore' })
  }
  // [ignore] Its escrow stands with the worker's deposit in it, undelivered and before its deadline.
  if (escrow.state !== 'taken' || escrow.builder !== builder || escrow.worker !== message.worker)
    ignore('keys.ended', `the escrow of the award is ${escrow.state}, and its worker needs no rows`)
  if (escrow.deadline <= now) ignore('keys.ended', 'the deadline of the award has passed')
  // [ignore] Somebody has agreed before that its worker may read, or whom its builder chooses: paying for a job of
  // one's own and working on it by another account is no reason.
  if (ground === undefined) ignore('keys.trainer', 'nobody who sits there has agreed to that worker or its builder')
  // [ignore] Its worker has at stake what the Datanet asks for.
  if (stake < leastStake) ignore('keys.stake', 'the worker has less at stake than the Datanet asks for')
}
