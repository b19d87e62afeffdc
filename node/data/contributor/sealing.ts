import { sealingKey } from '../../../protocol/crypto/index.ts'
import { mostReaders, parseShard, sealedShardOf } from '../../../protocol/data/index.ts'
import type { ContributionStatements, DatanetDocument, DatanetRules, SealedKeys } from '../../../protocol/data/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Privacy } from '../private/index.ts'
import type { PrepareRequest } from '../private/types.ts'

/** The shard that goes on IPFS. */
interface Shard {
  readonly bytes: Uint8Array
  readonly rows: number
  readonly sealed?: SealedKeys
}

/** What of a file everybody gets: its rows, or in a private Datanet what only its readers open. */
export interface Sealing {
  /**
   * @throws InvalidError `datanet.open`, `shard.plain` where it is encrypted and the Datanet is not, or the reverse ·
   * TilthError `keys.readers`
   */
  shardOf(
    request: PrepareRequest,
    net: DatanetDocument,
    rules: Pick<DatanetRules, 'name' | 'private' | 'maxRows'>
  ): Promise<Shard>
  /**
   * Keeps the key to a shard that was brought in here, where it is sealed to this node as well: it is asked for it as
   * the one that has shown the shard, also by those who were seated since.
   */
  keepKey(contribution: Hex, statements: ContributionStatements): Promise<void>
  /** @throws InvalidError `datanet.open`, `shard.plain` */
  requireSealed(rules: Pick<DatanetRules, 'name' | 'private'>, statements: ContributionStatements): void
}

const encoder = new TextEncoder()

export function createSealing(
  { files, key, log, self }: Pick<DataDeps, 'files' | 'key' | 'log' | 'self'>,
  privacy: Pick<Privacy, 'learn' | 'readersOf'>
): Sealing {
  return {
    async shardOf({ datanet, file, contributor, sealed }, net, rules) {
      const bytes = typeof file === 'string' ? encoder.encode(file) : file
      if (rules.private === undefined) {
        if (sealed !== undefined) throw isOpen(rules)
        return { bytes, rows: parseShard(bytes, rules.maxRows).length }
      }
      if (sealed !== undefined) return { bytes, rows: sealed.rows, sealed: sealed.keys }
      // Its author reads it as well, where the key is this node's own: others' keys are not known here.
      const readers = (await privacy.readersOf(datanet, net)).filter(({ account }) => account !== contributor)
      const author = contributor === self ? [{ account: self, key: sealingKey(key) }] : []
      const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count))
      const made = sealedShardOf(bytes, { datanet, contributor }, [...readers, ...author].slice(0, mostReaders), random)
      return { bytes: made.file, rows: parseShard(bytes, rules.maxRows).length, sealed: made.sealed }
    },
    async keepKey(contribution, { commitment: { message }, reveal, sealed }) {
      const { datanet, contributor } = message
      const { cid, bytes } = reveal.message
      if (sealed === undefined || !(await files.has(cid))) return
      try {
        const file = await files.fetchBytes(cid, { maxBytes: bytes, providers: [], pin: true })
        await privacy.learn({ contribution, datanet, contributor }, sealed, file)
      } catch (error) {
        log.info('the key to an own shard could not be kept; others ask whom it is sealed to', { contribution, error })
      }
    },
    requireSealed(rules, { sealed }) {
      if (rules.private === undefined && sealed !== undefined) throw isOpen(rules)
      // [reject] Nothing that everybody could read is brought into a private Datanet.
      if (rules.private !== undefined && sealed === undefined)
        throw new InvalidError(
          'shard.plain',
          `${rules.name} is private, and the keys to this shard are sealed to nobody`,
          {
            help: 'Its contributor encrypts it: tilth contribute does.'
          }
        )
    }
  }
}

const isOpen = ({ name }: Pick<DatanetRules, 'name'>): InvalidError =>
  new InvalidError('datanet.open', `${name} is not private: everybody reads its rows`, { help: 'Send the rows.' })
