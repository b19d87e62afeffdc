import { sealingKeyOf, signStatement } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import {
  checkKeyRequest,
  isDecided,
  isKeyOf,
  keysAtOnce,
  keysReply,
  keysRequest,
  sealKeyTo,
  weightOf
} from '../../../protocol/data/index.ts'
import type { DatanetDocument, GivenKey } from '../../../protocol/data/index.ts'
import { InvalidError, TilthError, anySignal, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import { hostOf } from '../rosters.ts'
import type { Rosters } from '../rosters.ts'
import type { Given } from './given.ts'
import type { ContentKeys, Locked } from './keys.ts'

// /tilth/data/keys/1: who sits in a private Datanet, or has written a shard, asks others who sit there for keys that it
// lacks: it was seated later, or was sealed another key than the shard names.

const protocol = '/tilth/data/keys/1'
/** Of one Datanet, and of one shard, between two rounds of asking. */
const againMs = 1_000
const remembered = 4_096
/** Contributions after the one that is asked for, among which others are looked for that lack a key. */
const mostLookedAt = 2_048
/** Who is asked in one round. */
const mostAsked = 8

/** How this node comes by keys that it has a right to. */
export interface KeyExchange {
  /** Whether an account reads a Datanet's rows by sitting there: on its roster, or as its host. */
  sits(datanet: Hex, account: Address): Promise<boolean>
  serve(stream: MessageStream): Promise<void>
  /** Asks who should have it, and more of the same Datanet's while it is at it. @returns whether one fits the shard */
  ask(record: ContributionRecord, shard: Uint8Array): Promise<boolean>
  /** Keys that are here, sealed to who signed; noted before. */
  seal(
    request: Signed<'KeyRequest'>,
    why: Parameters<Given['note']>[1],
    datanet: Hex,
    of: readonly Pick<ContributionRecord, 'contributor' | 'id'>[]
  ): Promise<GivenKey[]>
}

export function createKeyExchange(
  deps: Pick<DataDeps, 'clock' | 'key' | 'log' | 'network' | 'self' | 'streams'>,
  book: Book,
  keys: ContentKeys,
  given: Given,
  rosters: Pick<Rosters, 'deciding' | 'sitting'>,
  stopping: AbortSignal
): KeyExchange {
  const { clock, key, log, network, self, streams } = deps
  const asked = createCache<Hex, true>({ max: remembered, forMs: againMs, clock })
  const now = (): bigint => BigInt(Math.floor(clock.now() / 1000))
  const lockedOf = ({
    id,
    datanet,
    contributor
  }: Pick<ContributionRecord, 'contributor' | 'datanet' | 'id'>): Locked => ({
    contribution: id,
    datanet,
    contributor
  })
  const documentOf = async (datanet: Hex): Promise<DatanetDocument | undefined> =>
    (await book.datanet(datanet))?.document

  async function sits(datanet: Hex, account: Address): Promise<boolean> {
    const net = await documentOf(datanet)
    if (net === undefined) return false
    const sitting = await rosters.sitting(datanet, net)
    return weightOf(sitting.rules.validators, account) > 0 || hostOf(sitting) === account
  }

  /** Of one contribution: who sits, whoever is still to decide on it, and its author. */
  async function mayHave(record: ContributionRecord, asker: Address, isSeated: boolean): Promise<boolean> {
    if (isSeated || record.contributor === asker) return true
    const net = isDecided(record.state) ? undefined : await documentOf(record.datanet)
    return net !== undefined && weightOf((await rosters.deciding(record.id, net)).rules.validators, asker) > 0
  }

  async function seal(
    request: Signed<'KeyRequest'>,
    why: Parameters<Given['note']>[1],
    datanet: Hex,
    of: readonly Pick<ContributionRecord, 'contributor' | 'id'>[]
  ): Promise<GivenKey[]> {
    const reader = sealingKeyOf(network, request)
    if (reader === undefined) throw new InvalidError('keys.asker', 'the request is signed by nobody')
    const found: GivenKey[] = []
    for (const { id, contributor } of of) {
      const locked = { contribution: id, datanet, contributor }
      // What has left is given to nobody.
      if ((await book.removed(id)) === 'taken-down') continue
      const content = await keys.proven(locked)
      const once = crypto.getRandomValues(new Uint8Array(32))
      if (content !== undefined) found.push({ contribution: id, sealed: sealKeyTo(reader, once, content, locked) })
    }
    if (found.length > 0) await given.note(request, why, found.length)
    return found
  }

  /** More that this node lacks of the same Datanet, from the same place on. */
  async function lackingWith(record: ContributionRecord): Promise<ContributionRecord[]> {
    const lacking = [record]
    let looked = 0
    for await (const other of book.contributions(record.datanet, record.index + 1)) {
      if (lacking.length >= keysAtOnce || ++looked > mostLookedAt) break
      if (other.state.name !== 'accepted' && other.state.name !== 'voting') continue
      if (!(await keys.has(lockedOf(other)))) lacking.push(other)
    }
    return lacking
  }

  async function askOne(holder: Address, wanted: readonly ContributionRecord[], shard: Uint8Array): Promise<boolean> {
    const signal = anySignal([stopping, AbortSignal.timeout(20_000)])
    const stream = await streams.open(holder, protocol, { signal })
    try {
      const message = {
        datanet: wanted[0]?.datanet ?? zeroHash,
        ground: zeroHash,
        asker: self,
        holder,
        issuedAt: now()
      }
      const statement = signStatement(network, 'KeyRequest', message, key)
      await stream.send({ statement, contributions: wanted.map(({ id }) => id) })
      const reply = await stream.next(keysReply, { signal })
      await stream.end()
      let fits = false
      for (const { contribution, sealed } of reply?.keys ?? []) {
        const record = wanted.find(({ id }) => id === contribution)
        const content = record === undefined ? undefined : keys.offer(lockedOf(record), sealed)
        // [reject] What is given was asked for, and is sealed to who asked.
        if (record === undefined || content === undefined) throw wrongKey()
        if (record === wanted[0]) {
          // [reject] A key is the one that the shard names.
          if (!isKeyOf(content, shard)) throw wrongKey()
          fits = true
        }
      }
      return fits
    } catch (error) {
      if (error instanceof InvalidError && error.code === 'keys.wrong') await stream.blame(error)
      else await stream.fail(error)
      throw error
    }
  }

  return {
    sits,
    seal,
    async serve(stream) {
      const frame = await stream.next(keysRequest)
      if (frame === undefined) return
      const { statement, contributions } = frame
      const { datanet, asker, ground } = checkKeyRequest(statement, {
        network,
        now: now(),
        asker: stream.address,
        self
      })
      // [reject] Here one asks by who one is.
      if (ground !== zeroHash) throw new InvalidError('keys.ground', 'an award is not shown to the data phase')
      const isSeated = await sits(datanet, asker)
      const granted: ContributionRecord[] = []
      for (const id of new Set(contributions)) {
        const record = await book.contribution(id)
        if (record?.datanet === datanet && (await mayHave(record, asker, isSeated))) granted.push(record)
      }
      // [ignore] Who sits nowhere and wrote nothing of it is given nothing; the chain may be further there.
      if (granted.length === 0)
        throw new InvalidError('keys.refused', 'who asks is neither validator nor host of that Datanet', {
          consequence: 'ignore'
        })
      await stream.send({
        keys: await seal(
          statement,
          { by: granted.every(({ contributor }) => contributor === asker) ? 'author' : 'seat', version: null },
          datanet,
          granted
        )
      })
    },
    async ask(record, shard) {
      if (asked.get(record.id) === true) return false
      asked.set(record.id, true)
      const net = await documentOf(record.datanet)
      if (net === undefined) return false
      const [deciding, sitting] = [await rosters.deciding(record.id, net), await rosters.sitting(record.datanet, net)]
      const holders = new Set([
        ...(record.provider === undefined ? [] : [record.provider]),
        ...deciding.rules.validators.map(({ address }) => address),
        ...sitting.rules.validators.map(({ address }) => address),
        hostOf(sitting)
      ])
      holders.delete(self)
      const wanted = await lackingWith(record)
      for (const holder of [...holders].slice(0, mostAsked)) {
        try {
          if (await askOne(holder, wanted, shard)) return true
        } catch (error) {
          if (!(error instanceof TilthError)) throw error
          log.debug('a key was not to be had', { holder, contribution: record.id, code: error.code })
        }
      }
      return false
    }
  }
}

const wrongKey = (): InvalidError => new InvalidError('keys.wrong', 'a peer gives keys that open nothing')
