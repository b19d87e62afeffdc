import type { Message } from '../crypto/statements.ts'
import { InvalidError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import { exactTokenText } from '../primitives/tokens.ts'
import type { DatanetRules } from './types.ts'

/** What is locked with a commitment, and for how long from its block on. */
export interface BondTerms {
  readonly bond: bigint
  readonly bondSeconds: bigint
}

/**
 * What a commitment under these rules has to carry. It stays locked for as long as the contribution can be decided, and
 * so much longer as the rules give its validators to call it spam; then it is given back, whatever was decided.
 */
export const bondTerms = ({
  bond,
  revealSeconds,
  voteSeconds
}: Pick<DatanetRules, 'bond' | 'revealSeconds' | 'voteSeconds'>): BondTerms =>
  bond === undefined
    ? { bond: 0n, bondSeconds: 0n }
    : { bond: BigInt(bond.amount), bondSeconds: BigInt(revealSeconds + voteSeconds + bond.seconds) }

/**
 * [reject] A commitment carries the bond of the rules that it was made under, for no shorter time: else it is none.
 * @param locked what the chain holds for it
 */
export function carriesBond(
  rules: Parameters<typeof bondTerms>[0],
  locked: { readonly amount: bigint; readonly lasts: bigint } | undefined
): boolean {
  const { bond, bondSeconds } = bondTerms(rules)
  return bond === 0n || (locked !== undefined && locked.amount >= bond && locked.lasts >= bondSeconds)
}

/** [reject] Nothing is locked that its owner has not said so much of. @throws InvalidError `contribution.bond` */
export function requireAgreedTo({ bond, bondSeconds }: BondTerms, most: bigint): void {
  if (bond <= most) return
  const [tokens, days] = [exactTokenText(bond), (Number(bondSeconds) / 86_400).toFixed(1)]
  throw new InvalidError('contribution.bond', `the rules lock ${tokens} tokens with a contribution, for ${days} days`, {
    help:
      'Nothing was sent. They come back whatever is decided, unless over two thirds of its validators call it spam. ' +
      `To agree: tilth contribute FILE --bond ${tokens}`
  })
}

/**
 * [reject] What a daemon asks to be signed is what the rules ask that its contributor was shown.
 * @throws InvalidError `contribution.bond`
 */
export function requireAsShown({ bond, bondSeconds }: BondTerms, shown: Parameters<typeof bondTerms>[0]): void {
  const expected = bondTerms(shown)
  if (bond === expected.bond && bondSeconds === expected.bondSeconds) return
  throw new InvalidError('contribution.bond', 'another bond is asked to be signed than the rules say that were shown', {
    help: 'Nothing was signed. Read the rules again: they may have changed. If not, use a daemon that you trust.'
  })
}

/** A statement under the token's address, by which a bond may be locked. */
export interface PermitWanted {
  readonly token: Address
  readonly message: Message<'Permit'>
}

/**
 * [reject] What a daemon asks to be signed for the token lets this bond be locked, by its contract, and nothing else.
 * @param contracts of the network, as its contributor knows them @throws InvalidError `contribution.bond`
 */
export function requirePermit(
  permit: PermitWanted | undefined,
  { bond }: BondTerms,
  contributor: Address,
  { token, bonds }: Readonly<Record<string, string>>
): void {
  if (permit === undefined) return
  const { owner, spender, value } = permit.message
  if (permit.token !== token || spender !== bonds || owner !== contributor || value !== bond)
    throw new InvalidError('contribution.bond', 'what is to be signed for the token is not for this bond', {
      help: 'Nothing was signed. Use a daemon that you trust.'
    })
}
