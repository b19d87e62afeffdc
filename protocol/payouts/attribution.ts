import { contentHash, InvalidError } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import { coalitionsOf } from '../jobs/index.ts'
import type { JobResult } from '../jobs/index.ts'
import { weightMatrix, weightsOver } from './shapley.ts'
import type { WeightMatrix } from './shapley.ts'
import { spanUtilities } from './spans.ts'
import type { Attribution, Measured, ModelMeasure } from './types.ts'

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
 * A tune job's result, as what attribution may be computed from.
 * @param players the version's contributors, in the order of authorship (`playersOf`)
 */
export function checkResult(result: JobResult, players: readonly Address[]): void {
  // [reject] The players are the version's contributors: nobody is left out, nobody is added.
  if (result.players.join() !== players.join())
    throw new InvalidError('result.players', 'the result names other players than the version has contributors')
  // [reject] The coalitions are those that the job's hash draws: nobody has picked them.
  const drawn = coalitionsOf(result.job, players.length, result.spec.coalitions).map(String)
  if (drawn.join() !== result.coalitions.join())
    throw new InvalidError('result.coalitions', "the result has other coalitions than the job's hash draws")
  // [reject] Every coalition has its adapter; only the empty one has none.
  if (
    result.adapters.length !== result.coalitions.length ||
    result.adapters.some((adapter, i) => (adapter === null) !== (result.coalitions[i] === '0'))
  ) {
    throw new InvalidError('result.adapters', 'a coalition has no adapter, or the empty one has')
  }
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
 * Up to so many players each is a candidate of every text: no rule has to pick any.
 */
export const mostUnscreened = 6

/**
 * What is measured of a text, as far as anybody can see it without the text.
 * @throws InvalidError `utilities.count`, `candidates.players`
 */
export function checkMeasured({ utilities, candidates }: Measured, { players, coalitions }: ModelMeasure): void {
  // [reject] There is one utility for each coalition.
  if (utilities.length !== coalitions.length)
    throw new InvalidError(
      'utilities.count',
      `there are ${utilities.length} utilities for ${coalitions.length} coalitions`
    )
  // [reject] Candidates are players, in order, each once.
  if (candidates.some((player, i) => player >= players.length || player <= (candidates[i - 1] ?? -1)))
    throw new InvalidError('candidates.players', 'the candidates are not players in their order, each once')
  // [reject] Where players are few, each of them is one.
  if (players.length <= mostUnscreened && candidates.length !== players.length)
    throw new InvalidError('candidates.players', 'of so few players each is a candidate')
}

/**
 * φ of every player in 1e-6; together (u_N − u_∅)·100, exactly.
 * @throws InvalidError as checkMeasured
 */
export function weightsOf(measure: Measure, measured: Measured): bigint[] {
  checkMeasured(measured, measure)
  return weightsOver(measure.matrix, measured.utilities)
}

/** @throws InvalidError as weightsOf */
export function attributionOf(measure: Measure, measured: Measured): Attribution {
  return {
    model: measure.model,
    players: [...measure.players],
    utilities: [...measured.utilities],
    candidates: [...measured.candidates],
    weights: weightsOf(measure, measured)
  }
}
