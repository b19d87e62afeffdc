import type { Address, Hex } from '../primitives/index.ts'
import type { Measure } from './attribution.ts'
import { divideAnswer } from './division.ts'
import type { HeldOutValues } from './held-out.ts'
import { payOfWord } from './scoring.ts'
import { divide } from './shares.ts'
import type { Weights } from './shapley.ts'
import type { LeadingModel } from './types.ts'

// What an epoch's money comes to for accounts: each piece of it by itself, so that pieces add up and none moves
// another.

/** A model that something is measured of. */
export interface MeasuredModel {
  readonly measure: Measure
  readonly values: HeldOutValues
}

/** Some money that one model brought: an answer's, or that of fees without one. */
export interface Due {
  readonly model: Hex
  readonly money: bigint
  /** φ of each player; undefined where held-out values take their place; null where nobody knows: it is held. */
  readonly weights: Weights | undefined | null
  /** Whose words on the answer count, each once: they are paid out of its money first. */
  readonly words?: readonly Address[]
}

/** Money that no answer and no model of its own divides, and by whose worth it is divided now, if by anybody's. */
export interface Released {
  readonly money: bigint
  readonly by: LeadingModel['worth']
}

/** What an account comes to; of `share`, what goes by held-out values, and what is for words that counted. */
export interface Gain {
  readonly value: bigint
  readonly share: bigint
  readonly heldOut: bigint
  readonly scoring: bigint
}
/** Of an account that is in an epoch and comes to nothing. */
export const noGain: Gain = { value: 0n, share: 0n, heldOut: 0n, scoring: 0n }

/**
 * What each account gets, in the order of models and their players, then of scorers, and what is held for a later
 * epoch: the money of models that nothing is measured of, or nothing good.
 * @param models null for one that nothing is measured of
 */
export function shareOut(
  dues: readonly Due[],
  models: ReadonlyMap<Hex, MeasuredModel | null>,
  { money, by }: Released
): { gains: Map<Address, Gain>; held: bigint } {
  const gains = new Map<Address, Gain>()
  for (const model of models.values()) for (const player of model?.measure.players ?? []) gains.set(player, noGain)
  const gain = (account: Address, more: Partial<Gain>): void => {
    const { value, share, heldOut, scoring } = { ...noGain, ...more }
    const known = gains.get(account) ?? noGain
    gains.set(account, {
      value: known.value + value,
      share: known.share + share,
      heldOut: known.heldOut + heldOut,
      scoring: known.scoring + scoring
    })
  }
  let held = 0n
  for (const { model, money: due, weights, words = [] } of dues) {
    const known = models.get(model) ?? null
    const word = payOfWord(due)
    for (const scorer of words) gain(scorer, { share: word, scoring: word })
    const rest = due - BigInt(words.length) * word
    const parts = known === null || weights === null ? null : divideAnswer(rest, weights, known.values)
    if (parts === null) held += rest
    for (const [i, player] of (known?.measure.players ?? []).entries())
      gain(player, {
        value: due * (weights?.players[i] ?? 0n),
        share: parts?.[i]?.share ?? 0n,
        heldOut: parts?.[i]?.heldOut ?? 0n
      })
  }
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
