import { signStatement } from '../../../protocol/crypto/index.ts'
import {
  emptiedHelp,
  emptiedInWords,
  versionManifest,
  versionRoot,
  versionSteps
} from '../../../protocol/data/index.ts'
import type { AnchoredVersion, DatanetDocument, DatanetRules, VersionManifest } from '../../../protocol/data/index.ts'
import { InvalidError, TilthError, canonicalJson } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { decodeFrame } from '../../../protocol/wire/index.ts'
import { createCache } from '../../runtime/index.ts'
import { createBonded } from '../bonds.ts'
import type { Book } from '../book/index.ts'
import { bytesOf } from '../contributor/index.ts'
import type { DataDeps } from '../deps.ts'
import { createUnion } from '../mixes/index.ts'
import type { Parents } from '../mixes/index.ts'
import { hostOf } from '../rosters.ts'
import type { Rosters } from '../rosters.ts'
import type { Holdings } from '../storage/index.ts'
import { inSlices } from '../validator/slices.ts'
import type { Shards } from '../validator/index.ts'
import type { LeftView } from '../decided.ts'
import type { DataService, VersionRow } from '../types.ts'
import { heldBack, juriesIn } from '../jury/words.ts'
import { acceptedOf } from './entries.ts'
import type { LearnRows } from './entries.ts'
import { goneFrom, leftOf, refuseTakenDown } from './left.ts'
import { unknownVersion } from './unknown-version.ts'
import type { Seals } from './seals.ts'

/** A manifest of 10,000 contributions with their certificates. */
const mostManifestBytes = 128 << 20
/** How often a version is begun anew because more is known to be accepted by then. */
const mostTries = 3
/** Manifests in memory: the last few that were asked for, as long as they are small. */
const keptManifests = 4
/** Votes in all of them, some kilobyte each: of a large one, some hundred megabytes, the last alone is kept. */
const keptVotes = 16_384
/** Of how many more it is remembered that they were checked: their CIDs name the same bytes for ever. */
const keptChecks = 1_024

type Made = ReturnType<DataService['anchorVersion']>
interface Turn {
  readonly made: Made
  next: Made | undefined
}

/** The host's anchoring of what was accepted, and everybody's reading of what was anchored. */
export function createVersions(
  deps: Pick<DataDeps, 'chain' | 'files' | 'key' | 'log' | 'network' | 'self'>,
  book: Book,
  shards: Shards,
  rosters: Rosters,
  sealing: Pick<Seals, 'collect'>,
  must: (datanet: Hex) => Promise<DatanetDocument>,
  parents: Parents,
  holdings: Pick<Holdings, 'hold'>,
  follows: (datanet: Hex) => boolean,
  learn: LearnRows
): Pick<DataService, 'anchorVersion' | 'leftSince' | 'manifest' | 'versionRows'> {
  const { chain, files, key, log, network, self } = deps
  const bonded = createBonded(chain)
  const read = createCache<string, VersionManifest>({
    max: keptManifests,
    weight: {
      of: ({ entries }) => entries.reduce((sum, { certificate }) => sum + certificate.votes.length, 0),
      most: keptVotes
    }
  })
  const checked = createCache<string, true>({ max: keptChecks })
  /** Versions that are being made, and whoever waits for the next: no more than there are Datanets hosted here. */
  const underWay = new Map<Hex, Turn>()
  const union = createUnion(deps, book, shards, rosters, parents, must, (datanet, version) =>
    manifest(datanet, version)
  )

  /** The number of the next version. @throws InvalidError `version.unchanged` where the latest holds the same */
  async function nextVersion(datanet: Hex, root: Hex): Promise<number> {
    const latest = (await chain.datanets.datanet(datanet))?.version ?? 0
    if (latest > 0 && (await chain.datanets.version(datanet, latest))?.root === root)
      throw new InvalidError('version.unchanged', `version ${latest} holds everything accepted already`)
    return latest + 1
  }

  /** Why there is nothing to anchor. */
  async function nothingIn(datanet: Hex): Promise<InvalidError> {
    const latest = (await chain.datanets.datanet(datanet))?.version ?? 0
    if (await book.emptied(datanet))
      return new InvalidError(
        'version.empty',
        latest === 0 ? 'everything that was accepted has left again' : emptiedInWords(latest),
        { help: emptiedHelp }
      )
    return new InvalidError('version.empty', 'nothing that was accepted can be in a version yet', {
      help: 'tilth contributions lists what was brought with what became of it; what is challenged waits for its jury.'
    })
  }

  /** What the parents of a mix hold now, as its next version: they have sealed it. */
  async function mixedVersion(datanet: Hex, rules: DatanetRules): Promise<VersionManifest> {
    const content = await union.newest(datanet, rules)
    const left = await leftOf(book, { datanet, ...content })
    for (const parent of rules.parents ?? [])
      // [reject] What has left a parent, all of it, goes into no union: no version of the parent's can say so.
      if (content.entries.every(entry => entry.datanet !== parent || left.has(entry.contribution)))
        throw new InvalidError('version.empty', `everything that was accepted of ${parent} has left`, {
          help: 'Mix the others under another name, or wait until its host anchors something else.'
        })
    const root = versionRoot(content.entries)
    return { datanet, version: await nextVersion(datanet, root), root, heldOut: rules.heldOut, ...content, seals: [] }
  }

  /** Everything accepted, as the next version, sealed; begun anew when validators know of more. */
  async function sealedVersion(datanet: Hex, net: DatanetDocument): Promise<VersionManifest> {
    const rootNow = async (): Promise<Hex | undefined> => {
      const { entries } = await acceptedOf(book, datanet, await heldBack(chain.ledger))
      return entries.length === 0 ? undefined : versionRoot(entries)
    }
    for (let tries = 1; ; tries++) {
      const { entries, last } = await acceptedOf(book, datanet, await heldBack(chain.ledger), Infinity, learn)
      if (entries.length === 0) throw await nothingIn(datanet)
      const root = versionRoot(entries)
      const sealed = { datanet, version: await nextVersion(datanet, root), root, count: entries.length }
      const sitting = await rosters.sitting(datanet, net)
      const isOutdated = async (): Promise<boolean> => tries < mostTries && (await rootNow()) !== root
      const seals = await sealing.collect(sitting, sealed, last, isOutdated)
      if (seals === undefined) continue
      return { datanet, version: sealed.version, root, heldOut: net.rules.heldOut, entries: [...entries], seals }
    }
  }

  /** Place of each contribution in the order of authorship; of those not read yet, from the chain itself. */
  async function ordersOf(manifest: VersionManifest): Promise<Map<Hex, number>> {
    const orders = new Map<Hex, number>()
    for (const { contribution, contributor } of manifest.entries) {
      const there = (await book.contribution(contribution)) ?? (await chain.datanets.commitment(contribution))
      if (there !== undefined && there.datanet === manifest.datanet && there.contributor === contributor)
        orders.set(contribution, Number(there.index))
    }
    return orders
  }

  /** [reject] Entries are what this Datanet's validators accepted; those of a mix what its parents' have. */
  async function check(
    net: DatanetDocument,
    manifest: VersionManifest,
    anchored: AnchoredVersion,
    roster: number
  ): Promise<void> {
    const { rules } = net
    if (rules.parents !== undefined) return union.check(rules, manifest, anchored)
    const orders = await ordersOf(manifest)
    const decided = new Map<Hex, DatanetRules>()
    const blocks = new Map<Hex, bigint>()
    for (const { contribution } of manifest.entries) {
      const judged = (await rosters.deciding(contribution, net)).rules
      decided.set(contribution, judged)
      // [reject] Nothing is in it that came without the bond its rules ask for.
      if (!(await bonded(contribution, judged)))
        throw new InvalidError('version.bond', `${contribution} does not carry the bond of its rules`)
      const there = judged.uploads === undefined ? undefined : await chain.ledger.commitment(contribution)
      if (there !== undefined) blocks.set(contribution, there.block)
    }
    const block = (await chain.ledger.version(manifest.datanet, manifest.version))?.block ?? 0n
    const sitting = await rosters.sealing(
      { datanet: manifest.datanet, number: roster, block },
      manifest.seals.map(({ message }) => message.validator),
      net
    )
    await inSlices(
      versionSteps(
        network,
        rules,
        manifest,
        anchored,
        id => orders.get(id),
        id => decided.get(id) ?? rules,
        sitting.rules.validators,
        id => blocks.get(id),
        await juriesIn(chain.ledger, manifest)
      )
    )
  }

  async function manifest(
    datanet: Hex,
    version: number,
    { brief = false }: { readonly brief?: boolean } = {}
  ): Promise<VersionManifest> {
    const net = await must(datanet)
    const anchored = await chain.datanets.version(datanet, version)
    if (anchored === undefined) throw unknownVersion(version)
    const { root, count, cid, roster } = anchored
    const name = `${datanet}/${version}/${root}/${cid}`
    const known = read.get(name)
    if (known !== undefined) return known
    // Who follows the Datanet keeps its versions; what is only read may go.
    const keeps = follows(datanet)
    if (keeps) await holdings.hold(cid, `version/${datanet}`, 0)
    const bytes = await files.fetchBytes(cid, {
      maxBytes: mostManifestBytes,
      providers: [hostOf(await rosters.sitting(datanet, net))].filter(host => host !== self),
      pin: keeps,
      brief
    })
    const found = decodeFrame(bytes, versionManifest, mostManifestBytes)
    // A mix has as many parents as manifests are in memory, and more: each is checked once all the same.
    if (checked.get(name) !== true) await check(net, found, { datanet, version, root, count }, roster)
    checked.set(name, true)
    read.set(name, found)
    return found
  }

  async function anchor(datanet: Hex): Made {
    const net = await must(datanet)
    const { rules } = net
    const { host } = await rosters.sitting(datanet, net)
    if (host !== self)
      throw new InvalidError('version.not-host', 'only the host anchors versions of its Datanet', {
        help: `Ask ${host}.`
      })
    const made = await (rules.parents === undefined ? sealedVersion(datanet, net) : mixedVersion(datanet, rules))
    const { version, root, entries } = made
    const cid = await files.addBytes(bytesOf(canonicalJson(made)))
    const message = { datanet, version, root, count: entries.length, cid }
    const signed = signStatement(network, 'Version', message, key)
    const { transaction } = await chain.datanets.anchorVersion(message, signed.signature)
    checked.set(`${datanet}/${version}/${root}/${cid}`, true)
    read.set(`${datanet}/${version}/${root}/${cid}`, made)
    void files.provide(cid).catch((error: unknown) => {
      log.debug('a manifest was not announced in the DHT', { cid, error })
    })
    // What is acknowledged is in this node's own lists, also if it dies now. If the chain cannot be read back at the
    // moment, the version is anchored all the same.
    await chain.ledger.caughtUp({ consumers: true }).catch((error: unknown) => {
      log.warn('an anchored version was not read back from the chain yet', { datanet, version, error })
    })
    return { ...message, transaction }
  }

  /**
   * Its owner and this node's own automation may want a version at once: one is made after the other, and whoever asks
   * while one is being made shares the next, which holds what was accepted meanwhile.
   */
  function oneAfterAnother(datanet: Hex): Made {
    const before = underWay.get(datanet)
    if (before?.next !== undefined) return before.next
    const made = before === undefined ? anchor(datanet) : anchorAfter(datanet, before.made)
    if (before !== undefined) before.next = made
    else take(datanet, made)
    return made
  }
  async function anchorAfter(datanet: Hex, before: Made): Made {
    const last = await before.catch(() => undefined)
    const made = anchor(datanet).catch((error: unknown) => {
      if (last !== undefined && error instanceof TilthError && error.code === 'version.unchanged') return last
      throw error
    })
    take(datanet, made)
    return made
  }
  function take(datanet: Hex, made: Made): void {
    const turn: Turn = { made, next: undefined }
    underWay.set(datanet, turn)
    const end = (): void => {
      if (underWay.get(datanet) === turn && turn.next === undefined) underWay.delete(datanet)
    }
    made.then(end, end)
  }

  return {
    anchorVersion: oneAfterAnother,

    manifest,

    async leftSince(datanet, version) {
      const gone = await goneFrom(book, [datanet, ...((await must(datanet)).rules.parents ?? [])])
      if (gone.size === 0) return []
      return (await manifest(datanet, version)).entries.flatMap(({ contribution, contributor, own }): LeftView[] => {
        const removed = gone.get(contribution)
        return removed === undefined ? [] : [{ contribution, contributor, removed, rows: own.length }]
      })
    },

    async versionRows(manifest, { remaining = false } = {}) {
      const net = await must(manifest.datanet)
      const left = await leftOf(book, manifest)
      if (!remaining) refuseTakenDown(left, manifest.version)
      if (net.rules.parents !== undefined) await union.checkRows(net.rules, manifest)
      const rows: VersionRow[] = []
      for (const { contribution, contributor, cid, own, datanet } of manifest.entries) {
        if (remaining && left.has(contribution)) continue
        const from = await rosters.deciding(contribution, datanet === undefined ? net : await must(datanet))
        const provider = (await book.contribution(contribution))?.provider
        const of = datanet ?? manifest.datanet
        const lines = await shards.linesOf(from, { contribution, contributor, cid, provider, datanet: of })
        for (const at of own) {
          const line = lines[at]
          if (line === undefined || !('row' in line))
            throw new InvalidError('version.row', `row ${at} of ${contribution} is none`)
          rows.push({ contributor, contribution, index: at, row: line.row })
        }
      }
      return rows
    }
  }
}
