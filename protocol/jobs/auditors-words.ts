import type { AuditorWord } from '../contracts/audits.ts'
import type { Address, Hex } from '../primitives/hex.ts'

// What auditors have said on chain, and what of it counts at a moment: the chain alone decides, so that whoever looks
// at the same moment finds the same, however much has been said since.

export interface AuditorsWord {
  readonly auditor: Address
  readonly word: AuditorWord
  readonly subject: Hex
  /** Segments that it ran again, a bit for each in the order of the draw. */
  readonly runs: number
  /** Those that it was given nothing to run of. */
  readonly missing: number
}

/** As it stands on chain, with the chain's time. */
export interface SaidWord extends AuditorsWord {
  readonly at: bigint
}

/** The roster has found a word false: all of it, or what it says that it was not given. */
export interface Strike {
  readonly auditor: Address
  readonly whole: boolean
  readonly at: bigint
}

/** Whether it speaks of a segment, by its place in the draw. */
export const hasRun = ({ runs }: Pick<AuditorsWord, 'runs'>, at: number): boolean => ((runs >> at) & 1) === 1

/** Whether it says that it was not given a segment: who could not even see which are its own names none. */
export const lacks = ({ word, missing }: Pick<AuditorsWord, 'word' | 'missing'>, at: number): boolean =>
  ((missing >> at) & 1) === 1 || (word === 'not-served' && missing === 0)

/** Whether it speaks against a training. */
export const isAgainst = ({ word, missing }: Pick<AuditorsWord, 'word' | 'missing'>): boolean =>
  word === 'differs' || word === 'not-served' || missing !== 0

/**
 * Words as they count: without those that the roster has struck, and of who was given what it says it lacked the runs
 * alone. A strike may come before its word.
 * @param before the chain's time: what was said or struck then or later is left aside. A block of that very second may
 * not be known to everybody yet
 */
export function standing<W extends SaidWord>(
  { words, strikes }: { readonly words: readonly W[]; readonly strikes: readonly Strike[] },
  before?: bigint
): W[] {
  const isThere = ({ at }: { readonly at: bigint }): boolean => before === undefined || at < before
  return words.filter(isThere).flatMap(said => {
    const own = strikes.filter(strike => strike.auditor === said.auditor && isThere(strike))
    if (own.some(({ whole }) => whole)) return []
    if (own.length === 0 || !isAgainst(said)) return [said]
    return said.word === 'not-served' ? [] : [{ ...said, missing: 0 }]
  })
}
