import { Sieve, checkMixRows, checkMixVersion, mixEntries } from '../../../protocol/data/index.ts'
import type {
  AnchoredVersion,
  CommitmentPlace,
  DatanetDocument,
  DatanetRules,
  MixEntry,
  MixPart,
  NumberedRow,
  VersionManifest
} from '../../../protocol/data/index.ts'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Rosters } from '../rosters.ts'
import type { DataService } from '../types.ts'
import { inSlices } from '../validator/index.ts'
import type { Shards } from '../validator/index.ts'
import type { Parents } from './parents.ts'

/** Versions whose rows were compared already, in memory, by their roots. */
const kept = 64

/** Versions of mixes: how they are made of their parents', and that others' are. */
export interface Union {
  /** Of the parents' newest versions. @throws InvalidError `mix.*` · as manifest and files.fetchBytes */
  newest(mix: Hex, rules: DatanetRules): Promise<Pick<VersionManifest, 'entries' | 'parents'>>
  /** Of what is anchored: that it is the parents' versions together. @throws InvalidError `mix.*`, `version.*` */
  check(rules: DatanetRules, manifest: VersionManifest, anchored: AnchoredVersion): Promise<void>
  /** That it holds the rows that it has to hold, which only their shards tell. @throws InvalidError `mix.rows` */
  checkRows(rules: DatanetRules, manifest: VersionManifest): Promise<void>
}

export function createUnion(
  { chain: { ledger } }: Pick<DataDeps, 'chain'>,
  book: Pick<Book, 'contribution'>,
  shards: Pick<Shards, 'linesOf'>,
  rosters: Pick<Rosters, 'deciding'>,
  parents: Parents,
  document: (datanet: Hex) => Promise<DatanetDocument>,
  manifestOf: DataService['manifest']
): Union {
  const compared = createCache<string, true>({ max: kept })

  async function anchoredAt(datanet: Hex, version: number): Promise<bigint> {
    const known =
      (await ledger.version(datanet, version)) ?? (await ledger.caughtUp().then(() => ledger.version(datanet, version)))
    if (known === undefined)
      throw new TilthError('mix.early', `the chain has not told here yet of version ${version} of ${datanet}`, {
        help: 'Try again in a moment.'
      })
    return known.block
  }

  async function partOf({ datanet, version }: { datanet: Hex; version: number }): Promise<MixPart> {
    const { entries } = await manifestOf(datanet, version)
    const block = await anchoredAt(datanet, version)
    return { datanet, version, entries, block, next: (await ledger.version(datanet, version + 1))?.block }
  }
  async function partsOf(named: VersionManifest['parents']): Promise<MixPart[]> {
    const parts: MixPart[] = []
    for (const one of named ?? []) parts.push(await partOf(one))
    return parts
  }

  async function placesOf(parts: readonly MixPart[]): Promise<(contribution: Hex) => CommitmentPlace | undefined> {
    const places = new Map<Hex, CommitmentPlace>()
    for (const { datanet, entries } of parts)
      for (const { contribution } of entries) {
        const known = await ledger.commitment(contribution)
        if (known?.datanet === datanet) places.set(contribution, known)
      }
    return contribution => places.get(contribution)
  }

  async function rowsOf({ datanet, contribution, contributor, cid, own }: MixEntry): Promise<NumberedRow[]> {
    const net = await rosters.deciding(contribution, await document(datanet))
    const provider = (await book.contribution(contribution))?.provider
    const lines = await shards.linesOf(net, { contribution, contributor, cid, provider, datanet })
    return own.map(at => {
      const line = lines[at]
      if (line === undefined || !('row' in line))
        throw new InvalidError('version.row', `row ${at} of ${contribution} is none`)
      return [at, line.row]
    })
  }

  /** What the sieve leaves of each entry. */
  async function leftOf({ parents: ids = [], nearDuplicate }: DatanetRules, entries: readonly MixEntry[]) {
    const sieve = new Sieve(await parents.questions(ids), nearDuplicate)
    const left: number[][] = []
    for (const entry of entries)
      left.push(await inSlices(sieve.take(entry.datanet, entry.contribution, await rowsOf(entry))))
    return left
  }

  return {
    async newest(mix, rules) {
      await parents.check(mix)
      const ids = rules.parents ?? []
      await ledger.caughtUp()
      const named: { datanet: Hex; version: number }[] = []
      for (const datanet of ids) {
        const version = (await ledger.datanet(datanet))?.version ?? 0
        named.push({ datanet, version })
      }
      const parts = await partsOf(named)
      const entries = mixEntries(parts, await placesOf(parts))
      const left = await leftOf(rules, entries)
      return { parents: named, entries: entries.map((entry, i) => ({ ...entry, own: left[i] ?? [] })) }
    },
    async check(rules, manifest, anchored) {
      await parents.check(manifest.datanet)
      const block = await anchoredAt(anchored.datanet, anchored.version)
      const parts = await partsOf(manifest.parents)
      checkMixVersion(rules, manifest, anchored, block, parts, await placesOf(parts))
    },
    async checkRows(rules, manifest) {
      const name = `${manifest.datanet}/${manifest.root}`
      if (compared.get(name) === true) return
      const parts = await partsOf(manifest.parents)
      checkMixRows(manifest, await leftOf(rules, mixEntries(parts, await placesOf(parts))))
      compared.set(name, true)
    }
  }
}
