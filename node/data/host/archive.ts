import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { DatanetDocument } from '../../../protocol/data/index.ts'
import type { FetchOptions } from '../../transport/types.ts'
import { within } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Rosters } from '../rosters.ts'
import type { Holdings } from '../storage/index.ts'
import type { DataService } from '../types.ts'
import { leftOf, refuseTakenDown } from './left.ts'
import { unknownVersion } from './unknown-version.ts'

const mostManifestBytes = 128 << 20
/** Of one version in all. */
const mostBytes = 2 ** 32
const fetchMs = 60_000
/** Versions among which the one of a CAR is looked for, of the newest. */
const mostVersions = 1_000

type Part = { readonly cid: string } & Pick<FetchOptions, 'maxBytes' | 'providers'>

/** Versions as CARs: manifest, held-out questions and shards in one file, for who is away from the network. */
export function createArchive(
  { chain, files, self }: Pick<DataDeps, 'chain' | 'files' | 'self'>,
  book: Pick<Book, 'at' | 'contribution' | 'removals'>,
  holdings: Pick<Holdings, 'fetch'>,
  rosters: Pick<Rosters, 'deciding' | 'sitting'>,
  { manifest, document }: Pick<DataService, 'manifest'> & { document: (datanet: Hex) => Promise<DatanetDocument> }
): Pick<DataService, 'versionCar' | 'takeVersionCar'> {
  const newest = async (datanet: Hex): Promise<number> => (await chain.ledger.datanet(datanet))?.version ?? 0

  /** Everything that a version consists of, its manifest first; checked by `manifest`. */
  async function partsOf(datanet: Hex, version: number): Promise<[Part, ...Part[]]> {
    const made = await manifest(datanet, version)
    const { entries, heldOut } = made
    refuseTakenDown(await leftOf(book, made), version)
    const net = await document(datanet)
    const { host } = await rosters.sitting(datanet, net)
    const anchored = await chain.datanets.version(datanet, version)
    if (anchored === undefined) throw unknownVersion(version)
    const part = (cid: string, maxBytes: number, from?: Address): Part => {
      const providers = [from, host].filter(one => one !== undefined && one !== self) as Address[]
      return { cid, maxBytes, providers }
    }
    const shards: Part[] = []
    for (const { contribution, cid } of entries) {
      const { rules } = await rosters.deciding(contribution, net)
      shards.push(part(cid, rules.maxBytes, (await book.contribution(contribution))?.provider))
    }
    return [part(anchored.cid, mostManifestBytes), part(heldOut, net.rules.maxBytes), ...shards]
  }
  return {
    async versionCar(datanet, version, signal) {
      const parts = await partsOf(datanet, version ?? (await newest(datanet)))
      for (const { cid, ...options } of parts)
        await files.fetchBytes(cid, { ...options, pin: false, signal: within(fetchMs, signal) })
      return files.car(parts.map(({ cid }) => cid))
    },
    async takeVersionCar(datanet, car) {
      const [root] = await files.takeCar(car, mostBytes)
      const latest = await newest(datanet)
      // [reject] The first root is the manifest of a version that the chain anchors.
      for (let version = latest; version > Math.max(0, latest - mostVersions); version--) {
        if ((await chain.datanets.version(datanet, version))?.cid !== root) continue
        const parts = await partsOf(datanet, version)
        let bytes = 0
        for (const { cid, ...options } of parts)
          bytes += await holdings.fetch(cid, `imported/${datanet}`, { ...options, signal: within(fetchMs) })
        return { version, files: parts.length, bytes }
      }
      throw new InvalidError('version.not-here', 'the CAR holds no anchored version of this Datanet', {
        help: 'Its first root is the CID of the manifest: see the versions of the Datanet.'
      })
    }
  }
}
