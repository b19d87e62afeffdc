import { InvalidError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import type { DatanetRules } from './types.ts'

// Who may be given a private Datanet's rows for an award that it has taken. An award and a deposit prove nothing about
// who asks: whoever posts a job of its own and works on it by another account has both. So somebody must have agreed
// before, where everybody sees it: those who read the rows anyway, or more than two thirds of their weight, who set the
// rules.

/** Because of what a worker may have the rows: it is trusted itself, whom its builder chose, or anybody's award is. */
export type TrainerGround = 'worker' | 'builder' | 'anybody'

type Rules = Pick<DatanetRules, 'trainers'>
interface Parties {
  readonly builder: Address
  readonly worker: Address
}

/**
 * Why an award's worker is given keys, by the rules in force; undefined where it is not.
 * @param sitting accounts that read the rows by sitting: the roster's and the host
 */
export function trainerGround(
  { trainers }: Rules,
  sitting: ReadonlySet<Address>,
  { builder, worker }: Parties
): TrainerGround | undefined {
  if (sitting.has(worker) || trainers?.workers?.includes(worker) === true) return 'worker'
  if (sitting.has(builder) || trainers?.builders?.includes(builder) === true) return 'builder'
  return trainers?.anybody === true ? 'anybody' : undefined
}

/**
 * [reject] Trainers are named where rows are private, and everybody's award counts from the beginning or never: what
 * was given for few goes to no stranger, whoever agrees to it later.
 * @param before the rules that these follow, if any
 * @throws InvalidError `rules.trainers`
 */
export function checkTrainers(
  { name, private: rule, trainers }: Pick<DatanetRules, 'name' | 'private' | 'trainers'>,
  before?: Rules
): void {
  if (trainers === undefined) return
  if (rule === undefined)
    throw new InvalidError('rules.trainers', `${name} is not private: everybody may train on its rows`, {
      help: 'Name trainers of a private Datanet only.'
    })
  if (before !== undefined && trainers.anybody === true && before.trainers?.anybody !== true)
    throw new InvalidError('rules.trainers', `the rows of ${name} were given for few: they go to nobody unnamed`, {
      help: 'Name workers, or builders whose choice of workers is trusted.'
    })
}
