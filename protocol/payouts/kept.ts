import { z } from 'zod'
import { maxPlayers } from '../jobs/types.ts'
import { calibrationUnit, maxCandidates } from './bounds.ts'
import { address, amount, bytes32, uint } from '../primitives/hex.ts'

// What of data fees waits to be divided by what later versions show, as it stands in a bundle; what is done with it is
// in vesting.ts.

/** Lines of a pool's ledger, players of rows and pieces with what counts of weights. Beyond, all is paid at once. */
export const mostKeptLines = 40_000
/** Models that are remembered as evidence in one pool. */
export const mostEvidence = 8

/** What is measured of a model on its Datanet's held-out questions, as far as it says how others' money is divided. */
const standingFields = {
  model: bytes32,
  /** Of the Datanet. */
  version: z.int().min(1),
  /** What its rows add to true answers, and what it makes of them in all; means in 1e-6. */
  gain: amount,
  level: amount,
  players: z.array(address).min(1).max(maxPlayers),
  /** max(0, H), b and cal of each of them, in 1e-6 (see division.ts). */
  positive: z.array(amount).max(maxPlayers),
  most: z.array(amount).max(maxPlayers),
  calibration: z.array(amount.refine(part => part <= calibrationUnit)).max(maxPlayers)
}
/** [reject] Of each player something is said, once. */
type Lists = Record<'players' | 'positive' | 'most' | 'calibration', unknown[]>
const isWhole = ({ players, positive, most, calibration }: Lists) =>
  positive.length === players.length &&
  most.length === players.length &&
  calibration.length === players.length &&
  new Set(players).size === players.length
const wrongPlayers = 'each player has one held-out value, one bound and one calibration'
export const modelStanding = z.strictObject(standingFields).refine(isWhole, wrongPlayers)
export type ModelStanding = z.infer<typeof modelStanding>

/** Money of one model that was divided alike: an answer's, or all of it that went by held-out values. */
export const keptPiece = z.strictObject({
  /** What was paid of it at once. */
  paid: amount,
  kept: amount,
  /** What of the answer's weights counts, by players' places; none where it went by held-out values alone. */
  credits: z.array(z.tuple([z.int().min(0).max(maxPlayers), amount])).max(maxCandidates),
  /** That of all who are no candidates. */
  others: amount
})
export type KeptPiece = z.infer<typeof keptPiece>

const rowFields = z.strictObject({
  ...standingFields,
  /** When it was kept, and when it is divided: with that epoch, or the first one at that time (chain seconds). */
  epoch: z.int().min(1),
  until: z.int().min(1),
  by: uint(64),
  pieces: z.array(keptPiece).max(mostKeptLines),
  /** The model that says most about it so far. */
  evidence: bytes32.nullable()
})
export const keptRow = rowFields.refine(isWhole, wrongPlayers).refine(
  // [reject] What counted of weights is that of its players, in their order.
  ({ players, pieces }) =>
    pieces.every(({ credits }) =>
      credits.every(([player], i) => player < players.length && player > (credits[i - 1]?.[0] ?? -1))
    ),
  'a weight is of one of the players, in their order'
)
export type KeptRow = z.infer<typeof keptRow>

export const keptLedger = z.strictObject({
  /** In the order of their epochs, then of what they keep. */
  rows: z.array(keptRow).max(mostKeptLines),
  /** What rows name. */
  evidence: z.array(modelStanding).max(mostEvidence)
})
export type KeptLedger = z.infer<typeof keptLedger>
export const nothingKept: KeptLedger = { rows: [], evidence: [] }
