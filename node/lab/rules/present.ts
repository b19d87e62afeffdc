import {
  everyPlayer,
  heldOutValues,
  measureOf,
  sharesOf as epochShares,
  utilitiesOf,
  weightsOf,
  type Measured
} from '../../../protocol/payouts/index.ts'
import { keccak, type Address } from '../../../protocol/primitives/index.ts'
import type { Evidence, Paid } from './types.ts'

/** What is divided, in the token's smallest unit: large enough that no share is lost to rounding. */
const money = 10n ** 18n
const feeUnits = 1_000_000

/** An account for each player: any will do. */
const accountOf = (player: number): Address => `0x${(player + 1).toString(16).padStart(40, '0')}`

/** The rule that pays, by the very functions that an epoch is made with. */
export function byPresentRule({ players, coalitions, own, heldOutTrue, heldOutOwn, fees }: Evidence): Paid {
  const measure = measureOf({
    model: keccak('the laboratory'),
    players: Array.from({ length: players }, (_, i) => accountOf(i)),
    coalitions: coalitions.map(String),
    dataPoints: 10_000
  })
  const measuredOf = (chances: readonly (readonly number[])[]): Measured => ({
    utilities: utilitiesOf(measure, chances),
    candidates: everyPlayer(measure)
  })
  const answers = own.map(chances => weightsOf(measure, measuredOf(chances)))
  const { truth } = heldOutValues(
    {
      model: measure.model,
      questions: heldOutTrue.map((chances, i) => ({
        truth: measuredOf(chances),
        own: measuredOf(heldOutOwn[i] ?? [])
      }))
    },
    measure
  )
  const units = fees.map(fee => BigInt(Math.round(fee * feeUnits)))
  const earned = measure.players.map((_, i) =>
    answers.reduce((sum, row, q) => sum + (units[q] ?? 0n) * (row[i] ?? 0n), 0n)
  )
  const { shares } = epochShares(money, earned, truth)
  return {
    shares: shares.map(share => Number(share) / Number(money)),
    answers: answers.map(row => row.map(Number))
  }
}
