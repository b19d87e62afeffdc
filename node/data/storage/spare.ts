import { versionManifest } from '../../../protocol/data/index.ts'
import type { VersionEntry } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { decodeFrame } from '../../../protocol/wire/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Holdings } from './holdings.ts'

/** Peers that should have a shard, besides those whose Datanet it is. */
export const replicas = 3
/** Manifests are read up to this; a Datanet with a larger one has many who follow it. */
const mostManifestBytes = 16 << 20
/** Shards looked at of one Datanet at a time, and the largest that is taken. */
const shardsAtOnce = 4
const mostShardBytes = 64 << 20
/** Datanets passed over in search of one with a version. */
const listingsAtOnce = 64
const searchMs = 20_000

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

  /** How near a shard is to this node: everybody has another order. */
  const nearness = (cid: string): string => keccak(`${self} ${cid}`)
  const timed = (): AbortSignal => AbortSignal.any([stopping, AbortSignal.timeout(searchMs)])

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

  async function isRare(cid: string): Promise<boolean> {
    let others = 0
    for await (const { address } of files.findProviders(cid, { signal: timed(), limit: replicas + 1 }))
      if (address !== self && ++others >= replicas) return false
    return true
  }

  async function keep({ cid, contributor }: VersionEntry, host: Hex, room: number): Promise<number> {
    if ((await holdings.held(cid)) || !(await isRare(cid))) return 0
    const { length } = await files.fetchBytes(cid, {
      maxBytes: Math.min(room, mostShardBytes),
      providers: [host, contributor],
      signal: timed()
    })
    await holdings.hold(cid, 'spare', length)
    await files.provide(cid)
    return length
  }

  /** What the owner gives no more room for goes, what is farthest first. */
  async function shrink(): Promise<number> {
    const { files: kept, bytes } = await holdings.spare()
    let over = bytes - quota
    if (over <= 0) return quota - bytes
    for (const { cid, bytes: size } of kept.sort((a, b) => (nearness(a.cid) < nearness(b.cid) ? 1 : -1))) {
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
        const { entries } = decodeFrame(bytes, versionManifest, maxBytes)
        const nearest = [...entries].sort((a, b) => (nearness(a.cid) < nearness(b.cid) ? -1 : 1)).slice(0, shardsAtOnce)
        for (const entry of nearest) {
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
