import { contentHash, InvalidError } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import { coalitionsOf } from '../jobs/index.ts'
import type { JobResult } from '../jobs/index.ts'
import { utilityUnit, weightMatrix, weightsOf } from './shapley.ts'
import type { WeightMatrix } from './shapley.ts'
import type { Attribution, GateDocument, ModelMeasure } from './types.ts'

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
 * A mean probability as an integer of 1e-4. Machines differ in the last bits of a float, so this rounding comes before
 * anything else. @throws InvalidError `utility.range` for what is no probability
 */
export function utilityOf(probability: number): number {
  if (!(probability >= -1e-6 && probability <= 1 + 1e-6))
    throw new InvalidError('utility.range', `${probability} is no probability`)
  return Math.min(utilityUnit, Math.max(0, Math.round(probability * utilityUnit)))
}

/** `Scoring.attribution`. */
export const attributionHash = (attribution: Attribution): Hex => contentHash(attribution)

/** @throws InvalidError `utilities.count` */
export function attributionOf(measure: Measure, utilities: readonly number[]): Attribution {
  return {
    model: measure.model,
    players: [...measure.players],
    utilities: [...utilities],
    weights: weightsOf(measure.matrix, utilities)
  }
}

/** The held-out value of each player from the utilities of each question (rows) under each coalition. */
export function gateOf(measure: Measure, utilities: readonly (readonly number[])[]): GateDocument {
  const sums = measure.coalitions.map((_, k) => utilities.reduce((sum, row) => sum + (row[k] ?? 0), 0))
  return { model: measure.model, questions: utilities.length, utilities: sums, values: weightsOf(measure.matrix, sums) }
}

/** @throws InvalidError `gate.*` */
export function checkGate(gate: GateDocument, measure: Measure): void {
  if (gate.model !== measure.model) throw new InvalidError('gate.model', 'the gate is of another model')
  // [reject] A sum over so many questions is no larger than so many certainties.
  if (gate.utilities.some(sum => sum > gate.questions * utilityUnit))
    throw new InvalidError('gate.utilities', 'utilities sum to more than the questions allow')
  // [reject] Held-out values are W times the sums.
  if (weightsOf(measure.matrix, gate.utilities).join() !== gate.values.join())
    throw new InvalidError('gate.values', 'the held-out values are not W times the utilities')
}
