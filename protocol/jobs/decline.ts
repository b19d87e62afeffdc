import { z } from 'zod'
import { bytes32, uint } from '../primitives/hex.ts'
import { ownOf } from '../primitives/own-of.ts'

/**
 * The one frame of `/tilth/jobs/decline/1`: a worker tells a builder why it does not bid. Courtesy, not evidence: it
 * decides nothing, and is shown to the builder as that worker's word.
 */
export const declineReport = z.strictObject({
  job: bytes32,
  code: z
    .string()
    .max(60)
    .regex(/^[a-z][a-z.-]*$/),
  /** What it would take and cost there, where that is known. */
  seconds: z.int().min(0).max(1e9).optional(),
  price: uint(128).optional()
})
export type DeclineReport = z.infer<typeof declineReport>

/** Why a worker does not bid: its code, and the sentence for whoever posted the job. */
export const declineWords = {
  'work.parameters': 'the base model is larger than it takes',
  'work.rows': 'the Datanet has more rows than it takes',
  'work.seconds': 'it would take longer there than the machine is lent for',
  'work.trainer': "a command of its owner's trains there, and the Datanet asks for trainings that can be run again",
  'work.price': 'the budget is less than its time costs',
  'work.deadline': 'it would not be done before the deadline',
  'work.hours': 'it would not be done within the hours at which its owner lends it',
  'work.deposit': 'its account has too little for the deposit that goes with an award',
  'work.stake': 'the Datanet is private, and asks for more at stake than it has',
  'work.keys': 'the Datanet is private, and nobody who sits there has agreed to it or to whom its builder chooses',
  'work.states': 'the states that it keeps for open audits leave no room for more',
  'work.base': 'it cannot get the base model, or cannot open it',
  'work.version': "it cannot get the Datanet's rows",
  'work.away': 'its owner has paused it, or lends it at other hours',
  'work.failed': 'it could not look at the job'
} as const
export type DeclineCode = keyof typeof declineWords

/** The sentence for a worker's code; one of a later version is shown as it is. */
export const declineInWords = (code: string): string => ownOf<string>(declineWords, code) ?? code
