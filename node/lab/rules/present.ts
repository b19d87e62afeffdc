import {
  CandidateIndex,
  counterfactualPlace,
  divide,
  divideAnswer,
  everyPlayer,
  heldOutValues,
  maxCandidates,
  measureOf,
  pooledCandidates,
  utilitiesOf,
  weightsOf,
  withCounterfactual,
  type HeldOutValues,
  type Measure,
  type Measured,
  type Weights
} from '../../../protocol/payouts/index.ts'
import { keccak, type Address } from '../../../protocol/primitives/index.ts'
import type { Pair } from '../types.ts'
import type { Evidence, Paid } from './types.ts'

/** What is divided, in the token's smallest unit: large enough that no share is lost to rounding. */
export const money = 10n ** 18n
const feeUnits = 1_000_000

/** An account for each player: any will do. */
const accountOf = (player: number): Address => `0x${(player + 1).toString(16).padStart(40, '0')}`

/** What is looked at first: what would have been answered without some follows from it. */
export type Seen = Omit<Evidence, 'counterfactual'>

/** What is measured of an answer: its utilities, and the players whom it may owe to. */
type Measuring = (chances: readonly (readonly number[])[], question: Pair, answer: string) => Measured

function measuringOf(measure: Measure, { rows, owners, heldOutTrue, players }: Seen): Measuring {
  if (measure.matrix.exact !== undefined)
    return chances => ({ utilities: utilitiesOf(measure, chances), candidates: everyPlayer(measure) })
  const index = new CandidateIndex()
  for (let player = 0; player < players; player++)
    for (const [i, { prompt, response }] of rows.entries())
      if (owners[i] === player)
        index.add(player, {
          messages: [
            { role: 'user', content: prompt },
            { role: 'assistant', content: response }
          ]
        })
  const pooled = pooledCandidates(
    measure,
    heldOutTrue.map(chances => utilitiesOf(measure, chances))
  )
  return (chances, { prompt }, answer) => ({
    utilities: utilitiesOf(measure, chances),
    candidates: index.find([{ role: 'user', content: prompt }], answer, maxCandidates, pooled)
  })
}

/** Weights of the answers, and what the held-out questions say of players. */
function weigh(evidence: Seen): { measure: Measure; answers: Weights[]; values: HeldOutValues } {
  const { players, coalitions, own, heldOutTrue, heldOutOwn } = evidence
  const measure = measureOf({
    model: keccak('the laboratory'),
    players: Array.from({ length: players }, (_, i) => accountOf(i)),
    coalitions: coalitions.map(String),
    dataPoints: 10_000
  })
  const measured = measuringOf(measure, evidence)
  const { questions, answers: said, heldOut, heldOutAnswers } = evidence
  const answers = questions.map((question, i) => weightsOf(measure, measured(own[i] ?? [], question, said[i] ?? '')))
  const values = heldOutValues(
    {
      model: measure.model,
      questions: heldOut.map((question, i) => ({
        truth: measured(heldOutTrue[i] ?? [], question, question.response),
        own: measured(heldOutOwn[i] ?? [], question, heldOutAnswers[i] ?? '')
      }))
    },
    measure
  )
  return { measure, answers, values }
}

/** Place of the coalition whose sibling says what would have been answered, for each answer that it is asked of. */
export function askedWithout(evidence: Seen): (number | undefined)[] {
  const { measure, answers, values } = weigh(evidence)
  return answers.map(weights => counterfactualPlace(measure, weights, values))
}

/** The same, with the weights that answers' money is divided by. */
export function weighedBy(evidence: Evidence): ReturnType<typeof weigh> {
  const { measure, answers, values } = weigh(evidence)
  const divided = answers.map((weights, q) => {
    const chances = evidence.counterfactual[q] ?? null
    if (chances === null) return weights
    const other = { utilities: utilitiesOf(measure, chances), candidates: everyPlayer(measure) }
    return withCounterfactual(weights, weightsOf(measure, other), values)
  })
  return { measure, answers: divided, values }
}

/** What each answer brings. */
export const feesOf = ({ fees }: Pick<Evidence, 'fees'>): bigint[] =>
  divide(
    money,
    fees.map(fee => BigInt(Math.round(fee * feeUnits)))
  )

/** The rule that pays, by the very functions that an epoch is made with. */
export function byPresentRule(evidence: Evidence): Paid {
  const { measure, answers, values } = weighedBy(evidence)
  const parts = feesOf(evidence)
  const shares = measure.players.map(() => 0n)
  for (const [q, weights] of answers.entries())
    for (const [i, part] of (divideAnswer(parts[q] ?? 0n, weights, values) ?? []).entries())
      shares[i] = (shares[i] ?? 0n) + part.share
  return {
    shares: shares.map(share => Number(share) / Number(money)),
    answers: answers.map(weights => (divideAnswer(money, weights, values) ?? []).map(({ share }) => Number(share)))
  }
}
