import type { Address } from '../primitives/index.ts'
import { calibrationUnit } from './bounds.ts'
import { divideAnswer, proven } from './division.ts'
import type { Standing } from './division.ts'
import type { KeptPiece } from './kept.ts'
import { divide, sumOf } from './shares.ts'

// How what was kept back of some money is divided in the end. A later version shows better how far players are
// believed (b, cal) and what their rows are worth (h); what the answer itself owed to whom (p) stays what it was:
//
//   target_c = s'_c · (paid + kept)        s' as in division.ts, by the answer's own p and the later cal and h
//   part_c   = kept · max(0, target_c − paid_c) / Σ_k max(0, target_k − paid_k)
//
// Nobody gives anything back, and nobody gets beyond the target: what is missing to all together is never less than
// what is kept. So it comes as near to the target as what is kept can bring it. Each answer's money is settled again by
// itself: if answers were taken together, whoever overpays a friend by an answer of its own would move what others' are
// missing.

/** Players as held-out questions bear them out. */
export interface KnownStanding extends Pick<Standing, 'calibration' | 'most' | 'positive'> {
  readonly players: readonly Address[]
}

/** By players of the first division, in their order. */
export interface Vested {
  readonly account: Address
  readonly share: bigint
  /** What it would have been by the first division. */
  readonly first: bigint
}

const standing = ({ calibration, most, positive }: Omit<KnownStanding, 'players'>): Standing => ({
  calibration,
  most,
  positive,
  total: sumOf(positive)
})

/** A piece's parts by the standing that it was first divided by; null where that divides nothing. */
function firstParts(money: bigint, { credits, others }: KeptPiece, known: KnownStanding): bigint[] | null {
  const players = known.players.map(() => 0n)
  for (const [player, credit] of credits) players[player] = credit
  return divideAnswer(money, { players, others }, standing(known))?.map(({ share }) => share) ?? null
}

/**
 * What of an answer was owed to players that the later version lacks, and not believed of them: it went by what
 * everybody's rows are worth, and goes so again. What was believed of them is paid by the first division.
 */
function leftBehind(
  { credits }: KeptPiece,
  { most, calibration, players }: KnownStanding,
  later: Map<Address, number>
) {
  return credits.reduce((left, [i, credit]) => {
    const player = players[i]
    if (player === undefined || later.has(player)) return left
    return left + credit - proven(credit, most[i] ?? 0n, calibration[i] ?? 0n) / calibrationUnit
  }, 0n)
}

/**
 * What is kept of a piece, to the last unit; null where the first division divides nothing. Who is no player of the
 * later version, and everybody where there is none, gets what the first division says: nothing is known of them since.
 */
export function resettle(piece: KeptPiece, known: KnownStanding, later: KnownStanding | undefined): Vested[] | null {
  const [first, paid] = [firstParts(piece.kept, piece, known), firstParts(piece.paid, piece, known)]
  if (first === null || paid === null) return null
  const shares = [...first]
  const places = new Map(later?.players.map((account, at) => [account, at]))
  const common = known.players.flatMap((account, i) => {
    const at = places.get(account)
    return at === undefined ? [] : [{ i, at }]
  })
  const kept = sumOf(common.map(({ i }) => first[i] ?? 0n))
  const credits = new Map(piece.credits)
  const targets = divideAnswer(
    kept + sumOf(common.map(({ i }) => paid[i] ?? 0n)),
    { players: common.map(({ i }) => credits.get(i) ?? 0n), others: piece.others + leftBehind(piece, known, places) },
    standing({
      calibration: common.map(({ at }) => later?.calibration[at] ?? 0n),
      most: common.map(({ at }) => later?.most[at] ?? 0n),
      positive: common.map(({ at }) => later?.positive[at] ?? 0n)
    })
  )
  if (kept > 0n && targets !== null) {
    const missing = common.map(({ i }, at) => {
      const more = (targets[at]?.share ?? 0n) - (paid[i] ?? 0n)
      return more > 0n ? more : 0n
    })
    divide(kept, missing).forEach((share, at) => {
      shares[common[at]?.i ?? -1] = share
    })
  }
  return known.players.map((account, i) => ({ account, share: shares[i] ?? 0n, first: first[i] ?? 0n }))
}
