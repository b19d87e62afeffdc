import { contentHash } from '../../primitives/canonical.ts'
import { InvalidError } from '../../primitives/errors.ts'
import type { Hex } from '../../primitives/hex.ts'
import { mostEntries } from '../types.ts'
import type { DatanetRules, VersionEntry, VersionManifest } from '../types.ts'
import { checkAnchored } from '../version.ts'
import type { AnchoredVersion } from '../version.ts'

/** A parent's version that a mix holds: checked by the parent's own rules, with where it stands on chain. */
export interface MixPart {
  readonly datanet: Hex
  readonly version: number
  readonly entries: readonly VersionEntry[]
  /** Block that anchored it, and the one that anchored the next one, where there is one by now. */
  readonly block: bigint
  readonly next: bigint | undefined
}

/** Where a contribution's commitment stands on chain: its block, and its index within its own Datanet. */
export interface CommitmentPlace {
  readonly block: bigint
  readonly index: bigint
}

/** An entry of a mix: it names the parent that has accepted it. */
export type MixEntry = VersionEntry & { readonly datanet: Hex }

/** Rows of all parents together: a mix is compared in memory. */
const mostMixRows = 300_000

/**
 * All that the parents' versions hold, in the order in which it was committed on chain. Within one block commitments to
 * different Datanets stand by the ids of these: nobody can have read another's file by then.
 * @throws InvalidError `mix.order` where the chain has no such commitment, `mix.too-large`
 */
export function mixEntries(
  parts: readonly Pick<MixPart, 'datanet' | 'entries'>[],
  placeOf: (contribution: Hex) => CommitmentPlace | undefined
): MixEntry[] {
  const placed = parts.flatMap(({ datanet, entries }) =>
    entries.map(entry => {
      const place = placeOf(entry.contribution)
      if (place === undefined) throw new InvalidError('mix.order', `the chain has no commitment ${entry.contribution}`)
      return { entry: { ...entry, datanet }, place }
    })
  )
  const rows = placed.reduce((sum, { entry }) => sum + entry.own.length, 0)
  if (placed.length > mostEntries || rows > mostMixRows)
    throw new InvalidError('mix.too-large', `${placed.length} contributions with ${rows} rows are too many for a mix`, {
      help: `At most ${mostEntries} with ${mostMixRows} rows. Mix fewer Datanets.`
    })
  const compare = (a: bigint | string, b: bigint | string): number => (a < b ? -1 : a > b ? 1 : 0)
  return placed
    .sort(
      (a, b) =>
        compare(a.place.block, b.place.block) ||
        compare(a.entry.datanet, b.entry.datanet) ||
        compare(a.place.index, b.place.index)
    )
    .map(({ entry }) => entry)
}

const isWithin = (own: readonly number[], all: readonly number[]): boolean => {
  const known = new Set(all)
  return own.every((row, i) => known.has(row) && (i === 0 || row > (own[i - 1] ?? row)))
}

/**
 * Whether a manifest is the version of a mix that the chain anchors. Which rows stay (`Sieve`) is told by the rows
 * alone: `checkMixRows`, once they were read.
 * @param block the one that anchored the mix's version
 * @param parts the versions that the manifest names, in its order
 * @throws InvalidError `version.mismatch`, `version.root`, `mix.parents`, `mix.old`, `mix.entries`, as mixEntries
 */
export function checkMixVersion(
  rules: DatanetRules,
  manifest: VersionManifest,
  anchored: AnchoredVersion,
  block: bigint,
  parts: readonly MixPart[],
  placeOf: (contribution: Hex) => CommitmentPlace | undefined
): void {
  checkAnchored(rules, manifest, anchored)
  // [reject] It names one version of each parent of the mix, and of nothing else.
  const named = manifest.parents ?? []
  if (contentHash(named.map(({ datanet }) => datanet)) !== contentHash(rules.parents ?? []))
    throw new InvalidError('mix.parents', 'the version does not name a version of each parent')
  for (const { datanet, block: at, next } of parts) {
    // [reject] Each is the parent's newest when the mix's was anchored, so that nothing accepted by then is left out,
    // and nobody chooses among unions for what chance draws from them.
    if (at > block || (next !== undefined && next < block))
      throw new InvalidError('mix.old', `the version of ${datanet} was not its newest when the mix was anchored`, {
        help: 'Its founder anchors it again.'
      })
  }
  const due = mixEntries(parts, placeOf)
  // [reject] Every contribution of each parent's version stands there, once, and nothing else.
  if (due.length !== manifest.entries.length)
    throw new InvalidError('mix.entries', 'the version does not hold what its parents hold')
  for (const [i, entry] of manifest.entries.entries()) {
    const parents = due[i]
    // [reject] In the chain's order, with the author, the shard and the certificate that it has in its parent.
    if (parents === undefined || contentHash({ ...entry, own: [] }) !== contentHash({ ...parents, own: [] }))
      throw new InvalidError('mix.entries', `${entry.contribution} does not stand in the mix as in its parent`)
    // [reject] No row is credited to it that its parent has not accepted.
    if (!isWithin(entry.own, parents.own))
      throw new InvalidError('mix.entries', `the mix holds rows of ${entry.contribution} that no parent accepted`)
  }
}

/**
 * [reject] Of each contribution the mix holds the rows that the sieve leaves, no fewer and no others.
 * @param left what the sieve leaves of each entry, in the order of the entries
 * @throws InvalidError `mix.rows`
 */
export function checkMixRows(
  { entries }: Pick<VersionManifest, 'entries'>,
  left: readonly (readonly number[])[]
): void {
  const wrong = entries.findIndex(({ own }, i) => contentHash(own) !== contentHash(left[i] ?? []))
  if (wrong !== -1 || entries.length !== left.length)
    throw new InvalidError('mix.rows', `the mix holds other rows than are left of contribution ${wrong + 1}`)
}
