import { keccak_256 } from '@noble/hashes/sha3.js'
import { contentHash } from '../primitives/canonical.ts'
import { InvalidError } from '../primitives/errors.ts'
import { fromHex, toHex } from '../primitives/hex.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import type { Network } from '../crypto/index.ts'
import { uploadEpoch } from './allowance.ts'
import { outcomeOf } from './checks.ts'
import type { Certificate, DatanetRules, VersionEntry, VersionManifest } from './types.ts'
import { checkSeals } from './seal.ts'
import { checkJuryCertificate } from './juries.ts'
import type { JuryWord } from './juries.ts'
import { checkCertificate } from './votes.ts'

// A Merkle tree over a version's entries in order of authorship. Leaves and nodes are hashed with tags of their own, so
// that a node cannot be shown as a leaf; an odd node goes up as it is, so that no entry can be counted twice.

const tagged = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0))
  out[0] = tag
  let at = 1
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return keccak_256(out)
}

/** A leaf is what was accepted; which of the votes were gathered for it differs from peer to peer and is left out. */
function leafOf({ contribution, contributor, cid, own }: VersionLeaf): Uint8Array {
  return tagged(0, fromHex(contentHash({ contribution, contributor, cid, own })))
}

function above(level: readonly Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = []
  for (let i = 0; i < level.length; i += 2) {
    const [left, right] = [level[i], level[i + 1]]
    if (left !== undefined) out.push(right === undefined ? left : tagged(1, left, right))
  }
  return out
}

/** @throws InvalidError `version.empty` */
export function versionRoot(entries: readonly VersionLeaf[]): Hex {
  let level = entries.map(leafOf)
  while (level.length > 1) level = above(level)
  const [root] = level
  if (root === undefined) throw new InvalidError('version.empty', 'a version has at least one contribution')
  return toHex(root)
}

/** What of an entry its leaf holds. */
export type VersionLeaf = Pick<VersionEntry, 'contribution' | 'contributor' | 'cid' | 'own'>
/** Siblings from the leaf up, each with the side it stands on; where the way goes up unpaired there is none. */
export interface VersionProof {
  readonly siblings: readonly { readonly hash: Hex; readonly side: 'left' | 'right' }[]
}

/** The way from an entry to the version's root. @throws InvalidError `version.entry` */
export function versionProof(entries: readonly VersionLeaf[], index: number): VersionProof {
  if (!Number.isInteger(index) || index < 0 || index >= entries.length)
    throw new InvalidError('version.entry', `the version has ${entries.length} entries, none at ${index}`)
  const siblings: { hash: Hex; side: 'left' | 'right' }[] = []
  let at = index
  for (let level = entries.map(leafOf); level.length > 1; level = above(level), at >>= 1) {
    const sibling = level[at ^ 1]
    if (sibling !== undefined) siblings.push({ hash: toHex(sibling), side: at % 2 === 1 ? 'left' : 'right' })
  }
  return { siblings }
}

/** The hashes on the way up from a leaf, the leaf's first: the last one is the root of whatever it stands in. */
export function versionPath(leaf: VersionLeaf, { siblings }: VersionProof): Hex[] {
  let node = leafOf(leaf)
  const path = [toHex(node)]
  for (const { hash, side } of siblings) {
    node = side === 'left' ? tagged(1, fromHex(hash), node) : tagged(1, node, fromHex(hash))
    path.push(toHex(node))
  }
  return path
}

/**
 * Whether a certificate takes the place of another on the same contribution. Two of one kind can only be when a third
 * of the weight voted twice.
 */
export function supersedes(next: Certificate, known: Certificate): boolean {
  if (next.accept !== known.accept) return next.accept
  return next.accept && next.outcome < known.outcome
}

/**
 * As much of the allowances as stays so whatever leaves the Datanet: what was withdrawn or taken down is in no later
 * version, and has spoken for its author's others all the same. How much those may be is for who decides, and sees all.
 * @throws InvalidError `version.allowance`
 */
function checkUploads(
  rulesOf: (contribution: Hex) => DatanetRules,
  entries: readonly VersionEntry[],
  blockOf: (contribution: Hex) => bigint | undefined
): void {
  const beyond = (contributor: Address): InvalidError =>
    new InvalidError('version.allowance', `${contributor} has more in this version than the rules allow`)
  /** Of each account, in the order of authorship. */
  const brought = new Map<Address, { block: bigint | undefined; rows: number }[]>()
  for (const { contribution, contributor, own } of entries) {
    const { uploads, uploadsPerContributor } = rulesOf(contribution)
    const files = brought.get(contributor) ?? []
    const block = blockOf(contribution)
    files.push({ block, rows: own.length })
    brought.set(contributor, files)
    // [reject] Nobody has more contributions in it than an account may make, by the rules of the last one of them.
    if (files.length > uploadsPerContributor) throw beyond(contributor)
    if (uploads === undefined || block === undefined) continue
    const epoch = uploadEpoch(uploads, block)
    let inEpoch = 0
    for (let i = files.length - 1; i >= 0; i--) {
      const file = files[i]
      if (file?.block === undefined || uploadEpoch(uploads, file.block) !== epoch) break
      inEpoch += file.rows
    }
    // [reject] Nobody has more rows of one epoch in it than an account may ever bring in one.
    if (inEpoch > uploads.mostRows) throw beyond(contributor)
  }
}

/** What the chain holds of a version. */
export interface AnchoredVersion {
  readonly datanet: Hex
  readonly version: number
  readonly root: Hex
  readonly count: number
}

/** Whether a manifest is the one that was anchored. @throws InvalidError `version.mismatch`, `version.root` */
export function checkAnchored(rules: DatanetRules, manifest: VersionManifest, anchored: AnchoredVersion): void {
  // [reject] The manifest is of the version that was anchored.
  if (
    manifest.datanet !== anchored.datanet ||
    manifest.version !== anchored.version ||
    manifest.entries.length !== anchored.count ||
    manifest.heldOut !== rules.heldOut
  ) {
    throw new InvalidError('version.mismatch', 'the manifest is of another version than the one anchored')
  }
  // [reject] Its root is the anchored one.
  if (manifest.root !== anchored.root || versionRoot(manifest.entries) !== anchored.root)
    throw new InvalidError('version.root', 'the entries do not have the root that was anchored')
}

/** What juries have decided of a version's contributions, and where the version stands. */
export interface Juries {
  readonly block: bigint
  of(contribution: Hex): JuryWord | undefined
}

/** Blocks for which a version may stand as it was sealed before a jury's word was heard. */
export const juryGrace = 64n

/**
 * Whether an entry was accepted: by its roster, or by the jury that was drawn since.
 * @throws InvalidError `version.outcome`, and as checkCertificate and checkJuryCertificate
 */
function checkDecision(
  network: Network,
  roster: DatanetRules['validators'],
  certificate: Certificate,
  juries: Juries
): void {
  const word = juries.of(certificate.contribution)
  const isWord = word?.accept === true && word.outcome === certificate.outcome
  // [reject] What a jury has decided otherwise is in no version from some blocks after its word on; what was cut before
  // stays what it is.
  if (word !== undefined && !isWord && juries.block > word.block + juryGrace)
    throw new InvalidError('version.outcome', 'a jury has decided otherwise on an entry of the version')
  if (isWord && certificate.votes.every(({ message }) => word.jury.includes(message.validator)))
    checkJuryCertificate(network, word.jury, certificate)
  else checkCertificate(network, roster, certificate)
}

/**
 * Whether a manifest is the version that the chain anchors.
 * @param orderOf place of a contribution in the Datanet's order of authorship, from the chain
 * @param rulesOf by which a contribution was judged, with who decided on it, from the chain
 * @param sitting who sat when it was anchored, from the chain
 * @param blockOf the block of a contribution's commitment, where the rules set limits by epoch
 * @param juries what juries have decided, from the chain, and the block that the version stands in
 * @throws InvalidError `version.mismatch` (another Datanet, number or count), `version.root`, `version.order`,
 * `version.outcome`, `version.incomplete`, `version.allowance`, and as checkCertificate
 */
export function checkVersion(...all: Parameters<typeof versionSteps>): void {
  for (const _ of versionSteps(...all)) continue
}

/** The same, pausing after each entry: a version may have hundreds of thousands of signatures. */
export function* versionSteps(
  network: Network,
  rules: DatanetRules,
  manifest: VersionManifest,
  anchored: AnchoredVersion,
  orderOf: (contribution: Hex) => number | undefined,
  rulesOf: (contribution: Hex) => DatanetRules = () => rules,
  sitting: DatanetRules['validators'] = rules.validators,
  blockOf: (contribution: Hex) => bigint | undefined = () => undefined,
  juries: Juries = { block: 0n, of: () => undefined }
): Generator<void, void> {
  checkAnchored(rules, manifest, anchored)
  // [reject] What takes contributions of its own holds nobody else's.
  if (manifest.parents !== undefined || manifest.entries.some(({ datanet }) => datanet !== undefined))
    throw new InvalidError('version.mismatch', 'the manifest is that of a mix, and the Datanet is none')
  const { datanet, version, root, count } = anchored
  checkSeals(network, sitting, { datanet, version, root, count }, manifest.seals)
  let last = 0
  for (const entry of manifest.entries) {
    // [reject] Entries stand in the order of authorship, each once.
    const order = orderOf(entry.contribution) ?? 0
    if (order <= last) throw new InvalidError('version.order', 'the entries do not stand in the order of authorship')
    last = order
    // [reject] Every entry was accepted by a quorum, with exactly these rows.
    if (
      !entry.certificate.accept ||
      entry.certificate.contribution !== entry.contribution ||
      entry.certificate.outcome !== outcomeOf(entry, true)
    ) {
      throw new InvalidError('version.outcome', 'an entry is not what its certificate accepted')
    }
    checkDecision(network, rulesOf(entry.contribution).validators, entry.certificate, juries)
    yield
  }
  checkUploads(rulesOf, manifest.entries, blockOf)
}
