import { signerOf } from '../crypto/index.ts'
import type { Message, Network, Signed } from '../crypto/index.ts'
import { InvalidError } from '../primitives/errors.ts'
import type { DatanetRules } from './types.ts'
import { isQuorum, weightOf } from './votes.ts'

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
  // [reject] As many as accept a contribution say that it holds everything accepted.
  if (
    !isQuorum(
      roster,
      seals.map(({ message }) => message.validator)
    )
  )
    throw new InvalidError('version.incomplete', 'too few validators say that this version holds all that was accepted')
}
