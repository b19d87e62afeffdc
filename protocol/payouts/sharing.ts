import type { Address, Hex } from '../primitives/index.ts'
import { withCounterfactual } from './counterfactual.ts'
import { divideAnswer } from './division.ts'
import type { Standing } from './division.ts'
import type { MeasuredModel } from './held-out.ts'
import { payOfWord } from './scoring.ts'
import { divide } from './shares.ts'
import type { Weights } from './shapley.ts'
import type { LeadingModel } from './types.ts'
import { partKept } from './vesting.ts'
import type { Divided, Released } from './vesting.ts'

// What an epoch's money comes to for accounts: each piece of it by itself, so that pieces add up and none moves
// another.

/** Some money that one model brought: an answer's, or that of fees without one. */
export interface Due {
  readonly model: Hex
  readonly money: bigint
  /** φ of each player; undefined where held-out values take their place; null where nobody knows: it is held. */
  readonly weights: Weights | undefined | null
  /** φ of what would have been answered without those whom nobody believes. */
  readonly counterfactual?: Weights | undefined
  /** Whose words on the answer count, each once: they are paid out of its money first. */
  readonly words?: readonly Address[]
}

/** Money that no answer and no model of its own divides, and by whose worth it is divided now, if by anybody's. */
export interface Unowned {
  readonly money: bigint
  readonly by: LeadingModel['worth']
}

/**
 * What an account comes to; of `share`, what goes by held-out values, what is for words that counted, and what earlier
 * epochs had kept back: `resettled` is by how much that is more than their own division would have given.
 */
export interface Gain {
  readonly value: bigint
  readonly share: bigint
  readonly heldOut: bigint
  readonly scoring: bigint
  readonly vested: bigint
  readonly resettled: bigint
}
/** Of an account that is in an epoch and comes to nothing. */
export const noGain: Gain = { value: 0n, share: 0n, heldOut: 0n, scoring: 0n, vested: 0n, resettled: 0n }

/** What of dues waits: the share, in basis points, and of which models. */
export interface KeepingOf {
  readonly share: number
  readonly models: ReadonlySet<Hex>
}
const nothing: KeepingOf = { share: 0, models: new Set() }

/** What of a due is divided among its model's players, after those who have weighed it; null where nobody knows how. */
export function pieceOf(due: Due, known: MeasuredModel | null): Divided | null {
  const { money, weights, words = [] } = due
  if (known === null || known.values.total === 0n || weights === null) return null
  return { money: money - BigInt(words.length) * payOfWord(money), weights: dividedBy(due, known.values) }
}

/** The weights that money is divided by; undefined where it goes by held-out values. */
export const dividedBy = (
  { weights, counterfactual }: Pick<Due, 'weights' | 'counterfactual'>,
  standing: Standing
): Weights | undefined => {
  if (weights === null || weights === undefined) return undefined
  return counterfactual === undefined ? weights : withCounterfactual(weights, counterfactual, standing)
}

/**
 * What each account gets now, in the order of models and their players, then of scorers, and what is held for a later
 * epoch: the money of models that nothing is measured of, or nothing good. What is kept back is in neither.
 * @param models null for one that nothing is measured of
 * @param vested what earlier epochs had kept back
 */
export function shareOut(
  dues: readonly Due[],
  models: ReadonlyMap<Hex, MeasuredModel | null>,
  { money, by }: Unowned,
  keeping: KeepingOf = nothing,
  vested: readonly Released[] = []
): { gains: Map<Address, Gain>; held: bigint } {
  const gains = new Map<Address, Gain>()
  for (const model of models.values()) for (const player of model?.measure.players ?? []) gains.set(player, noGain)
  const gain = (account: Address, more: Partial<Gain>): void => {
    const known = gains.get(account) ?? noGain
    const { value, share, heldOut, scoring, vested, resettled } = { ...noGain, ...more }
    gains.set(account, {
      value: known.value + value,
      share: known.share + share,
      heldOut: known.heldOut + heldOut,
      scoring: known.scoring + scoring,
      vested: known.vested + vested,
      resettled: known.resettled + resettled
    })
  }
  let held = 0n
  for (const due of dues) {
    const { model, money: brought, weights, words = [] } = due
    const known = models.get(model) ?? null
    const word = payOfWord(brought)
    for (const scorer of words) gain(scorer, { share: word, scoring: word })
    const piece = pieceOf(due, known)
    if (piece === null || known === null) held += brought - BigInt(words.length) * word
    const kept = keeping.models.has(model) ? partKept(piece?.money ?? 0n, keeping.share) : 0n
    const parts = piece === null || known === null ? [] : divideAnswer(piece.money - kept, piece.weights, known.values)
    for (const [i, player] of (known?.measure.players ?? []).entries())
      gain(player, {
        value: brought * (weights?.players[i] ?? 0n),
        share: parts?.[i]?.share ?? 0n,
        heldOut: parts?.[i]?.heldOut ?? 0n
      })
  }
  for (const { account, share, first } of vested) gain(account, { share, vested: share, resettled: share - first })
  if (by.length === 0) held += money
  else
    divide(
      money,
      by.map(({ worth }) => worth)
    ).forEach((share, i) => {
      const account = by[i]?.account
      if (account !== undefined) gain(account, { share, heldOut: share })
    })
  return { gains, held }
}
