import { contentHash, InvalidError } from '../primitives/index.ts'
import type { Hex } from '../primitives/index.ts'
import { checkFits, pooledOver, weightMatrix, weightsOver } from './shapley.ts'
import type { WeightMatrix, Weights } from './shapley.ts'
import { spanUtilities } from './spans.ts'
import type { Attribution, Measured, MeasuredAnswer, ModelMeasure } from './types.ts'

/** A model's measure that was checked, with its W. */
export interface Measure extends ModelMeasure {
  readonly matrix: WeightMatrix
}

/** W is computed once for a model. @throws InvalidError `coalitions.*` */
export function measureOf({ model, players, coalitions, dataPoints }: ModelMeasure): Measure {
  // [reject] A player is named once.
  if (new Set(players).size !== players.length) throw new InvalidError('measure.players', 'a player is named twice')
  return { model, players, coalitions, dataPoints, matrix: weightMatrix(players.length, coalitions.map(BigInt)) }
}

/**
 * u_S of each coalition, in 1e-4, from the probabilities of an answer's tokens, [coalition][token].
 * @throws InvalidError as spanUtilities
 */
export function utilitiesOf({ players, matrix }: Measure, probabilities: readonly (readonly number[])[]): number[] {
  const places = probabilities.map((_, k) => k)
  // One contributor's rows alone made the model: what it says otherwise than the base, form and fact, is theirs.
  return spanUtilities(probabilities, players.length === 1 ? places : places.filter(k => k !== matrix.empty))
}

/** `Scoring.attribution`. */
export const attributionHash = (attribution: Attribution): Hex => contentHash(attribution)

/** Every player a candidate. */
export const everyPlayer = ({ players }: Pick<ModelMeasure, 'players'>): number[] => players.map((_, i) => i)

/**
 * What is measured of a text, as far as anybody can see it without the text.
 * @throws InvalidError `utilities.count`, `candidates.players`
 */
export const checkMeasured = (measured: Measured, { players, coalitions }: ModelMeasure): void =>
  checkFits({ players: players.length, coalitions: coalitions.length }, measured)

/**
 * φ of every player, and of all who are no candidates together, in 1e-6: their sum is (u_N − u_∅)·100, exactly.
 * @throws InvalidError as checkMeasured
 */
export const weightsOf = (measure: Measure, measured: Measured): Weights => weightsOver(measure.matrix, measured)

/**
 * The players who are candidates of every text of a model, by what the held-out questions measured: whose rows move all
 * answers alike, by style, form or labels. Every player where they are few.
 */
export const pooledCandidates = ({ matrix }: Measure, utilities: readonly (readonly number[])[]): number[] =>
  pooledOver(
    matrix,
    matrix.coalitions.map((_, k) => utilities.reduce((sum, own) => sum + (own[k] ?? 0), 0))
  )

/**
 * φ by what would have been answered without some players; undefined where that was not measured.
 * @throws InvalidError `counterfactual.coalitions` · as weightsOf
 */
export function counterfactualWeights(
  measure: Measure,
  { candidates, counterfactual }: MeasuredAnswer
): Weights | undefined {
  if (counterfactual === undefined) return undefined
  // [reject] It is said where every coalition has a sibling, so that there is one without just those players.
  if (measure.matrix.exact === undefined)
    throw new InvalidError('counterfactual.coalitions', 'not every coalition of the model has a sibling')
  return weightsOf(measure, { utilities: counterfactual, candidates })
}

/** What of an attribution was measured; the rest follows from it. */
export const measuredIn = ({
  utilities,
  candidates,
  counterfactual
}: Pick<Attribution, keyof MeasuredAnswer>): MeasuredAnswer => ({
  utilities,
  candidates,
  ...(counterfactual === undefined ? {} : { counterfactual })
})

/** @throws InvalidError as weightsOf, counterfactualWeights */
export function attributionOf(measure: Measure, measured: MeasuredAnswer): Attribution {
  const { players, others } = weightsOf(measure, measured)
  const { candidates, counterfactual } = measured
  counterfactualWeights(measure, measured)
  return {
    model: measure.model,
    players: candidates.flatMap(player => measure.players[player] ?? []),
    utilities: [...measured.utilities],
    candidates: [...candidates],
    ...(counterfactual === undefined ? {} : { counterfactual: [...counterfactual] }),
    weights: candidates.map(player => players[player] ?? 0n),
    others
  }
}
