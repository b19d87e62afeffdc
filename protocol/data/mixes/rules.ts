import { contentHash } from '../../primitives/canonical.ts'
import { InvalidError } from '../../primitives/errors.ts'
import { forbidsChange, licenceOfAll } from '../../primitives/licences.ts'
import type { Address, Hex } from '../../primitives/hex.ts'
import { leastDataShareOf, mostParents } from '../types.ts'
import type { DatanetRules, KeptBackRule } from '../types.ts'
import { requireOpen } from '../private.ts'
import { canOppose, totalWeight } from '../votes.ts'

// A mix is a Datanet made of others, its parents: it takes no contributions, and its versions are the union of theirs.
// What its rules say follows from its parents' but for what people read of it, so that whoever founds it decides
// nothing about what others have given.

type Roster = DatanetRules['validators']

/** A Datanet that a mix is made of. */
export interface Parent {
  readonly id: Hex
  readonly rules: DatanetRules
  /** Who validated it when the mix was founded. */
  readonly roster: Roster
}

/** What of a mix's rules its founder says. */
export type MixTexts = Pick<DatanetRules, 'name' | 'description' | 'heldOut' | 'tags' | 'leastDataShare'>

/** What each parent's validators weigh together in a mix, whoever they are and however they were weighed at home. */
const parentWeight = 100_000
const mostValidators = 100
const longestLicence = 80
const mostLanguages = 8

/**
 * The parents' validators together: each parent's weigh the same in all, so that a parent with large numbers, or with
 * many validators, outvotes nobody; who sits in several has the sum.
 */
export function mixRoster(rosters: readonly Roster[]): Roster {
  const weights = new Map<Address, number>()
  for (const roster of rosters) {
    const total = Math.max(1, totalWeight(roster))
    for (const { address, weight } of roster) {
      const part = Math.max(1, Math.floor((weight * parentWeight) / total))
      weights.set(address, (weights.get(address) ?? 0) + part)
    }
  }
  return [...weights]
    .map(([address, weight]) => ({ address, weight }))
    .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0))
}

/** @throws InvalidError `mix.parents`, `mix.licence`, `mix.roster` */
function checkParents(parents: readonly Parent[], roster: Roster): void {
  // [reject] A mix has several parents, each once, in the order of their ids.
  if (
    parents.length < 2 ||
    parents.length > mostParents ||
    parents.some(({ id }, i) => i > 0 && id <= (parents[i - 1]?.id ?? ''))
  )
    throw new InvalidError('mix.parents', `a mix is made of 2 to ${mostParents} different Datanets`)
  for (const { rules } of parents) {
    // [reject] A parent is no mix: what it holds was voted on there.
    if (rules.parents !== undefined)
      throw new InvalidError('mix.parents', `${rules.name} is a mix itself`, {
        help: 'Name the Datanets that it is made of instead.'
      })
    // [reject] No parent is private: whoever reads a mix computes which rows it holds.
    requireOpen(rules, 'it cannot be mixed with others, since everybody who reads a mix reads its parents')
    // [reject] No parent's licence forbids that something made from it is shared.
    if (forbidsChange(rules.licence))
      throw new InvalidError(
        'mix.licence',
        `${rules.name} stands under ${rules.licence}, which forbids sharing what is made from it`
      )
  }
  // [reject] A mix's validators fit into one roster.
  if (roster.length > mostValidators)
    throw new InvalidError('mix.roster', `its parents have ${roster.length} validators, more than ${mostValidators}`, {
      help: 'Mix fewer Datanets.'
    })
  for (const { roster: own, rules } of parents) {
    // [reject] Each parent's validators can oppose an epoch of the mix by themselves: they hold over a third of it.
    // Whoever founds Datanets of his own and mixes them with another's would leave that one's people without a voice.
    if (
      !canOppose(
        roster,
        own.map(({ address }) => address)
      )
    )
      throw new InvalidError('mix.roster', `the validators of ${rules.name} would have no third of the votes`, {
        help: 'Mix two Datanets at a time, or such as share validators.'
      })
  }
}

/** @throws InvalidError `mix.licence` where their names together are too long */
function licenceOf(parents: readonly Parent[]): string {
  const text = licenceOfAll(parents.map(({ rules }) => rules.licence))
  if (text.length > longestLicence)
    throw new InvalidError('mix.licence', 'the licences of these Datanets together are too long to be named')
  return text
}

/** The most that any of them keeps back, and the longest. */
function keptBackOf(all: readonly DatanetRules[]): Pick<DatanetRules, 'keptBack'> {
  const own = all.flatMap(({ keptBack }) => keptBack ?? [])
  const most = (of: keyof KeptBackRule): number => Math.max(...own.map(one => one[of]))
  return own.length === 0
    ? {}
    : { keptBack: { share: most('share'), epochs: most('epochs'), seconds: most('seconds') } }
}

/** As many segments as the parent asks for that asks for most; where none does the rules say nothing. */
function auditedOf(all: readonly DatanetRules[]): Pick<DatanetRules, 'auditedSegments'> {
  const most = Math.max(...all.map(({ auditedSegments = 0 }) => auditedSegments))
  return most === 0 ? {} : { auditedSegments: most }
}

/**
 * The rules of a mix: of each limit the stricter one for what a row is, the wider one for how much there may be.
 * @throws InvalidError `mix.parents`, `mix.licence`, `mix.roster`
 */
export function mixRules(parents: readonly Parent[], { leastDataShare = 0, tags, ...texts }: MixTexts): DatanetRules {
  const validators = mixRoster(parents.map(({ roster }) => roster))
  checkParents(parents, validators)
  const all = parents.map(({ rules }) => rules)
  const languages = [...new Set(all.flatMap(({ languages: own = [] }) => own))].sort()
  const most = (of: (rules: DatanetRules) => number): number => Math.max(...all.map(of))
  return {
    ...texts,
    ...(tags === undefined ? {} : { tags }),
    licence: licenceOf(parents),
    parents: parents.map(({ id }) => id),
    maxRows: most(({ maxRows }) => maxRows),
    maxBytes: most(({ maxBytes }) => maxBytes),
    ...(languages.length === 0 || languages.length > mostLanguages ? {} : { languages }),
    uploadsPerContributor: 1,
    nearDuplicate: Math.min(...all.map(({ nearDuplicate }) => nearDuplicate)),
    minOwnShare: most(({ minOwnShare }) => minOwnShare),
    leastDataShare: Math.max(leastDataShare, most(leastDataShareOf)),
    ...auditedOf(all),
    ...keptBackOf(all),
    validators,
    revealSeconds: most(({ revealSeconds }) => revealSeconds),
    voteSeconds: most(({ voteSeconds }) => voteSeconds)
  }
}

/**
 * Whether a mix's rules are what follows from its parents.
 * @throws InvalidError `mix.parents`, `mix.licence`, `mix.roster`, `mix.share`, `mix.rules`
 */
export function checkMixRules(rules: DatanetRules, parents: readonly Parent[]): void {
  // [reject] The parents are those that its rules name.
  if (contentHash(rules.parents ?? []) !== contentHash(parents.map(({ id }) => id)))
    throw new InvalidError('mix.parents', 'the parents are not those that the rules of the mix name')
  // [reject] No parent's data gets less of the fees than at home.
  if (parents.some(parent => leastDataShareOf(rules) < leastDataShareOf(parent.rules)))
    throw new InvalidError('mix.share', 'the mix gives the data less of the fees than one of its parents asks')
  const due = mixRules(parents, rules)
  // [reject] Its validators are its parents', as they sat when it was founded.
  if (contentHash(rules.validators) !== contentHash(due.validators))
    throw new InvalidError('mix.roster', "the mix's validators are not its parents'")
  // [reject] All else but name, description, tags and questions' file follows from its parents, too.
  if (contentHash(rules) !== contentHash(due))
    throw new InvalidError('mix.rules', "the mix's rules are not those that follow from its parents'")
}
