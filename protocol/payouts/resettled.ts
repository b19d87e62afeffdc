import type { Address } from '../primitives/index.ts'
import { calibrationUnit } from './bounds.ts'
import { divideAnswer } from './division.ts'
import type { Standing } from './division.ts'
import type { KeptPiece } from './kept.ts'
import { divide, sumOf } from './shares.ts'

// How what was kept back of some money is divided in the end. A later version may know more of a player than was known
// when the money came, and what the answer itself owed to whom (p) stays what it was. So each player counts by the best
// that is known of it since:
//
//   H'_c = max(H_c, later H_c)      b'_c = max(b_c, later b_c)
//   cal'_c = min(1, cal_c · H'_c / H_c)    later cal_c where H_c was nothing
//   target_c = s'_c · (paid + kept)        s' as in division.ts, by p, H', b' and cal'
//   part_c   = kept · max(0, target_c − paid_c) / Σ_k max(0, target_k − paid_k)
//
// What a later version knows less of somebody is no reason to take it from them. Held-out questions are the same for
// all versions, and whoever comes later shares in what others' rows add to them, with those most whom it completes. And
// how far a model's own answers are borne out is about those answers: one that answers right says nothing of mistakes
// that another one made, so cal goes on with what that one said, O_c = H_c / cal_c. Where nothing more is known of
// anybody all is divided as it was at first.
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

/** A piece's parts by a standing of its players; null where that divides nothing. */
function partsOf(money: bigint, { credits, others }: KeptPiece, known: KnownStanding): bigint[] | null {
  const players = known.players.map(() => 0n)
  for (const [player, credit] of credits) players[player] = credit
  return divideAnswer(money, { players, others }, standing(known))?.map(({ share }) => share) ?? null
}

const larger = (one: bigint, other: bigint): bigint => (one > other ? one : other)

/** The best that is known of each player. @param places of players in the later version */
function raised(known: KnownStanding, later: KnownStanding, places: ReadonlyMap<Address, number>): KnownStanding {
  const { players } = known
  const at = (of: 'calibration' | 'most' | 'positive', i: number): bigint => {
    const place = places.get(players[i] ?? '0x')
    return place === undefined ? 0n : (later[of][place] ?? 0n)
  }
  const positive = known.positive.map((worth, i) => larger(worth, at('positive', i)))
  return {
    players,
    positive,
    most: known.most.map((most, i) => larger(most, at('most', i))),
    calibration: known.calibration.map((part, i) => {
      const worth = known.positive[i] ?? 0n
      if (worth === 0n) return at('calibration', i)
      const borne = (part * (positive[i] ?? 0n)) / worth
      return borne < calibrationUnit ? borne : calibrationUnit
    })
  }
}

/**
 * What is kept of a piece, to the last unit; null where the first division divides nothing. Who is no player of the
 * later version, and everybody where there is none, gets what the first division says: nothing is known of them since.
 */
export function resettle(piece: KeptPiece, known: KnownStanding, later: KnownStanding | undefined): Vested[] | null {
  const [first, paid] = [partsOf(piece.kept, piece, known), partsOf(piece.paid, piece, known)]
  if (first === null || paid === null) return null
  const shares = [...first]
  if (later !== undefined) {
    const places = new Map(later.players.map((account, at) => [account, at]))
    const common = known.players.flatMap((account, i) => (places.has(account) ? [i] : []))
    const targets = partsOf(piece.paid + piece.kept, piece, raised(known, later, places))
    const kept = sumOf(common.map(i => first[i] ?? 0n))
    const missing = common.map(i => larger(0n, (targets?.[i] ?? 0n) - (paid[i] ?? 0n)))
    if (missing.some(share => share > 0n))
      divide(kept, missing).forEach((share, at) => {
        shares[common[at] ?? -1] = share
      })
  }
  return known.players.map((account, i) => ({ account, share: shares[i] ?? 0n, first: first[i] ?? 0n }))
}
