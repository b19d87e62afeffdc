import { signerOf } from '../crypto/index.ts'
import type { Message, Network, Signed } from '../crypto/index.ts'
import { InvalidError } from '../primitives/errors.ts'
import type { Address } from '../primitives/hex.ts'
import type { DatanetRules } from './types.ts'
import { weightOf } from './votes.ts'

type Roster = DatanetRules['validators']
/** What a seal is on. */
export type Sealed = Omit<Message<'VersionSeal'>, 'validator'>

/** Whether a seal is a validator's of the roster, on this version. */
export function isSealOf(network: Network, roster: Roster, version: Sealed, seal: Signed<'VersionSeal'>): boolean {
  const { validator, ...on } = seal.message
  return (
    on.datanet === version.datanet &&
    on.version === version.version &&
    on.root === version.root &&
    on.count === version.count &&
    weightOf(roster, validator) > 0 &&
    signerOf(network, seal) === validator
  )
}

/** Whether so many sealed a version as accept a contribution: more than two thirds of the whole roster's weight. */
export function isSealed(roster: Roster, sealers: Iterable<Address>): boolean {
  const weight = [...new Set(sealers)].reduce((sum, validator) => sum + weightOf(roster, validator), 0)
  return weight * 3 > roster.reduce((sum, validator) => sum + validator.weight, 0) * 2
}

/**
 * That nothing was left out of a version: whom its host would have to win over for that is the quorum itself, which
 * could as well have refused what is missing. Nobody else can tell, for who knows what else was accepted knows it from
 * others.
 * @throws InvalidError `version.incomplete`
 */
export function checkSeals(
  network: Network,
  roster: Roster,
  version: Sealed,
  seals: readonly Signed<'VersionSeal'>[]
): void {
  // [reject] Every seal is a validator's of the roster that sat, on this very version.
  if (!seals.every(seal => isSealOf(network, roster, version, seal)))
    throw new InvalidError('version.incomplete', 'a seal of this version is on another, or of nobody who could')
  // [reject] Validators of more than two thirds of the weight say that it holds everything accepted.
  if (
    !isSealed(
      roster,
      seals.map(({ message }) => message.validator)
    )
  )
    throw new InvalidError('version.incomplete', 'too few validators say that this version holds all that was accepted')
}
