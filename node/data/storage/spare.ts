import { versionManifest } from '../../../protocol/data/index.ts'
import type { VersionEntry } from '../../../protocol/data/index.ts'
import { anySignal, keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { decodeFrame } from '../../../protocol/wire/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Holdings } from './holdings.ts'

/** Peers that should have a shard: any three of them may go for good, and it is still there to be copied again. */
export const replicas = 4
/** Manifests are read up to this; a Datanet with a larger one has many who follow it. */
const mostManifestBytes = 16 << 20
/** Values in it, of which most are numbers of rows: it is a stranger's, and read while everything else waits. */
const mostManifestValues = 1 << 20
/** Shards looked at of one Datanet at a time, and the largest that is taken. */
const shardsAtOnce = 4
const mostShardBytes = 64 << 20
/** Datanets passed over in search of one with a version. */
const listingsAtOnce = 64
const searchMs = 20_000
/** Providers looked at of one shard, and how long one is dialled. */
const mostProviders = 20
const dialMs = 3_000
/** Datanets of which is remembered where the next look goes on. */
const remembered = 1024

/**
 * Lends a hand: keeps shards of Datanets that this node has nothing to do with, as far as its owner gives room, where
 * too few others have them. Which ones is told by a hash of shard and node, so that not everybody takes the same.
 */
export interface Spare {
  /** Looks at the next Datanet: a few shards, one after another. @returns how many were taken */
  round(): Promise<number>
}

export function createSpare(
  { chain, files, log, peers, self }: Pick<DataDeps, 'chain' | 'files' | 'log' | 'peers' | 'self'>,
  quota: number,
  book: Book,
  holdings: Holdings,
  follows: (datanet: Hex) => boolean,
  stopping: AbortSignal
): Spare {
  let after = ''
  /** How many shards of a Datanet were looked at, in this node's order; then it begins again. */
  const reached = createCache<Hex, number>({ max: remembered })

  /** How near a shard is to this node: everybody has another order. */
  const nearness = (cid: string): string => keccak(`${self} ${cid}`)
  /** The nearest first; of each it is found once, since there may be ten thousand. */
  const byNearness = <T extends { readonly cid: string }>(all: readonly T[]): T[] =>
    all
      .map(one => ({ one, at: nearness(one.cid) }))
      .sort((a, b) => (a.at < b.at ? -1 : 1))
      .map(({ one }) => one)
  const timed = (): AbortSignal => anySignal([stopping, AbortSignal.timeout(searchMs)])

  async function next(): Promise<{ datanet: Hex; host: Hex; cid: string } | undefined> {
    const listings = await book.listings(after, listingsAtOnce)
    after = listings.length < listingsAtOnce ? '' : (listings.at(-1)?.[0] ?? '')
    for (const [datanet, { host, version }] of listings) {
      if (version === 0 || follows(datanet)) continue
      after = datanet
      const anchored = await chain.datanets.version(datanet, version)
      if (anchored !== undefined) return { datanet, host, cid: anchored.cid }
    }
    return undefined
  }

  /**
   * Whether fewer have it than should, of those who can be reached: the DHT names who is gone for a day or two more.
   */
  async function isRare(cid: string): Promise<boolean> {
    let others = 0
    const signal = timed()
    for await (const { address } of files.findProviders(cid, { signal, limit: mostProviders })) {
      if (address === self || !(await isThere(address, signal))) continue
      if (++others >= replicas) return false
    }
    return true
  }
  const isThere = async (address: Address, signal: AbortSignal): Promise<boolean> =>
    peers.connected().some(peer => peer.address === address) ||
    peers.dial(address, { signal: anySignal([signal, AbortSignal.timeout(dialMs)]) }).then(
      () => true,
      () => false
    )

  async function keep(
    { cid, contributor }: Pick<VersionEntry, 'cid' | 'contributor'>,
    host: Hex,
    room: number
  ): Promise<number> {
    if ((await holdings.held(cid)) || !(await isRare(cid))) return 0
    const bytes = await holdings.fetch(cid, 'spare', {
      maxBytes: Math.min(room, mostShardBytes),
      providers: [host, contributor],
      signal: timed()
    })
    await files.provide(cid)
    return bytes
  }

  /** What the owner gives no more room for goes, what is farthest first; before it, what never came whole. */
  async function shrink(): Promise<number> {
    const { files: kept, bytes } = await holdings.spare()
    for (const { cid } of kept.filter(one => one.bytes === 0)) await holdings.release(cid, 'spare')
    let over = bytes - quota
    if (over <= 0) return quota - bytes
    for (const { cid, bytes: size } of byNearness(kept).reverse()) {
      if (over <= 0) break
      await holdings.release(cid, 'spare')
      over -= size
    }
    return Math.max(0, -over)
  }

  return {
    async round() {
      let room = await shrink()
      if (room === 0 || peers.connected().length === 0) return 0
      const found = await next()
      if (found === undefined) return 0
      let taken = 0
      try {
        const maxBytes = Math.min(mostManifestBytes, room)
        const bytes = await files.fetchBytes(found.cid, {
          maxBytes,
          providers: [found.host],
          pin: false,
          signal: timed()
        })
        const { entries } = decodeFrame(bytes, versionManifest, maxBytes, { mostValues: mostManifestValues })
        const begin = reached.get(found.datanet) ?? 0
        const nearest = byNearness(entries).slice(begin, begin + shardsAtOnce)
        reached.set(found.datanet, begin + shardsAtOnce < entries.length ? begin + shardsAtOnce : 0)
        // The manifest with them: without it nobody can tell what belongs to the version.
        for (const entry of [{ cid: found.cid, contributor: found.host }, ...nearest]) {
          const size = await keep(entry, found.host, room)
          room -= size
          taken += size > 0 ? 1 : 0
        }
      } catch (error) {
        log.debug('no spare room was lent to a Datanet', { datanet: found.datanet, error })
      }
      return taken
    }
  }
}
